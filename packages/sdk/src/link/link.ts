/** The link port: whole messages between two devices, in whatever way (rule SDK-4). */
import { fail, LIMITS, type Err, type Result } from '@dsm/core';
import type { Stoppable } from '../abort.ts';

export interface Link {
  /**
   * Hands over one whole message. `ok` says no more than that: it may be lost on the way, come twice or out of order,
   * and a payment still happens once. `E_UNREACHABLE`: the link is closed. `E_LIMIT`: the message is too long.
   */
  send(message: Uint8Array, options?: Stoppable): Promise<Result<undefined>>;
  /** The next message. One that was stopped has taken none. `E_UNREACHABLE`: the link is closed and empty. */
  receive(options?: Stoppable): Promise<Result<Uint8Array>>;
  close(): Promise<void>;
  /** Nothing is lost while it is open, so nothing needs to be said twice. */
  readonly isReliable?: boolean;
}

export const closed = (): Err => fail('E_UNREACHABLE', 'SDK-4', 'the link is closed');

export const fits = (message: Uint8Array): boolean => message.length <= LIMITS.fileBytes;

export const tooLong = (): Err => fail('E_LIMIT', 'SDK-4', 'the message is too long for a link');
