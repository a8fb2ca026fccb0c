/** What a store rejects with when a read fails: the one place where a failure travels as an exception. */
import type { Failure } from '../result.ts';

/**
 * Rejection of `get` and `scan`. `failure.code` is `E_DAMAGED` (the stored data cannot be read; rule STO-5),
 * `E_BUSY` (another process holds the store; STO-3) or `E_STORE` (the medium failed or the store is closed; STO-4).
 */
export class StoreError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`${failure.code} (${failure.rule}): ${failure.message}`);
    this.name = 'StoreError';
    this.failure = failure;
  }
}
