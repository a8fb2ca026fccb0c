/** What the rules of every kind of chain have in common. */
import type { StateHash } from '../bytes.ts';
import type { Context } from '../context.ts';
import type { PublicKey } from '../crypto/keys.ts';
import type { Purpose, SignedMessage } from '../crypto/signature.ts';
import type { Item } from '../encoding/cbor.ts';
import type { Codec } from '../encoding/schema.ts';
import { check, fail, ok, type Result } from '../result.ts';
import type { Body, Window } from './body.ts';
import type { Leaves } from './leaves.ts';

/** One application of an operation: the parent state, its leaves, and the evidence for what comes from outside. */
export interface Step<Op> {
  readonly context: Context;
  readonly parent: Body;
  readonly leaves: Leaves;
  readonly operation: Op;
}

/** Who must sign the new state, and what. */
export interface Authority {
  readonly key: PublicKey;
  readonly purpose: Purpose;
  /** The message under the signature, given the hash of the new state. */
  message(hash: StateHash): SignedMessage;
}

export interface Applied {
  /** Checkpoint interval of the chain. */
  readonly k: number;
  /** Nobody signs a void: it stands by its Final (spec CHN-14). */
  readonly authority: Authority | null;
}

/** The owner signs the state itself. */
export const ownerSigns = (step: Step<unknown>, key: PublicKey): Authority => ({
  key,
  purpose: 'state',
  message: (hash) => stateMessage(step.context, step.parent.chain, step.parent.index + 1, hash),
});

/** Message under the signature of a single state. */
export const stateMessage = (
  context: Pick<Context, 'network'>,
  chain: Body['chain'],
  index: number,
  hash: StateHash,
): SignedMessage => ({ network: context.network.id, chain, from: index, to: index, hash });

/** A leaf that every chain of the kind has. */
export function readRequired<T>(leaves: Leaves, name: Item, codec: Codec<T>): Result<T> {
  const value = leaves.read(name, codec);
  if (!value.ok) return value;
  return value.value === undefined ? fail('E_WITNESS', 'CHN-10', 'a required leaf is not there') : ok(value.value);
}

/** A void copies the window of its parent, so that a place has exactly one (spec CHN-14). */
export const requireCopiedWindow = ({ parent, operation }: Step<{ readonly window: Window }>): Result<undefined> =>
  check(
    operation.window.from === parent.window.from && operation.window.until === parent.window.until,
    'E_WINDOW',
    'CHN-14',
    'a void has the window of its parent',
  );
