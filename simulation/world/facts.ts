/** What happened in a run, as the checks see it: they know everything and change nothing. */
import type { Failure, Store, Write } from '@dsm/core';
import type { Participant } from './participant.ts';

export type Fact =
  /** Records as the process now sees them; they will be there after a crash, too. */
  | { readonly type: 'commit'; readonly by: Participant; readonly writes: readonly Write[] }
  /** A process has opened its disk. */
  | { readonly type: 'opened'; readonly by: Participant; readonly store: Pick<Store, 'get' | 'scan'> }
  /** A home is gone; what comes next is restored from a backup. */
  | { readonly type: 'lost'; readonly by: Participant }
  | {
      readonly type: 'signature';
      readonly by: Participant;
      readonly purpose: string;
      readonly message: Uint8Array;
    }
  /** What a node answered, as it left the node, and to what. */
  | {
      readonly type: 'answer';
      readonly by: Participant;
      readonly path: string;
      readonly request: Uint8Array | null;
      readonly status: number;
      readonly body: Uint8Array;
    }
  /** A command of a device begins, with the letter that it takes, if it takes one. */
  | {
      readonly type: 'asked';
      readonly by: Participant;
      readonly command: string;
      readonly input: Uint8Array | undefined;
    }
  /** A command of a device came to an end and the person was told. */
  | {
      readonly type: 'told';
      readonly by: Participant;
      readonly command: string;
      readonly failure: Failure | undefined;
      readonly value: unknown;
    };
