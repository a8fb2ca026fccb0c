/** Store failures as results, at the face of the wallet. */
import { fail, StoreError, type Result } from '@dsm/core';

/**
 * Runs a step of the wallet. Reads of the store fail by a `StoreError` (the one failure that travels as an
 * exception); here it becomes the result that callers expect.
 */
export async function guardStore<T>(run: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await run();
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown;
    const { code, rule, message } = thrown.failure;
    return fail(code, rule, message);
  }
}

/** Rejects a read as the store itself would: what was read is not what was written. */
export const damaged = (message: string): StoreError => new StoreError({ code: 'E_DAMAGED', rule: 'WAL-1', message });
