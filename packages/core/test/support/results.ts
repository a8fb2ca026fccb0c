/** Results as tests read them: `ok`, or the code and the rule of the refusal. */
import type { Failure, Result } from '@dsm/core';
import { expect } from 'vitest';

/** `ok`, or `E_CODE RULE-1`. */
export const codeOf = (result: Result<unknown>): string =>
  result.ok ? 'ok' : `${result.error.code} ${result.error.rule}`;

/** The value of a result that must be one. */
export function expectOk<T>(result: Result<T>): T {
  if (!result.ok) expect.fail(`${codeOf(result)}: ${result.error.message}`);
  return result.value;
}

/** The failure of a result that must be one. */
export function expectFailure(result: Result<unknown>): Failure {
  if (result.ok) expect.fail('a failure is expected');
  return result.error;
}

/** A copy with `change` (default: one bit) XORed into the byte at `at`. */
export const flipByte = (bytes: Uint8Array, at: number, change = 1): Uint8Array =>
  bytes.with(at, (bytes.at(at) ?? 0) ^ change);

/** At most `count` positions of a byte string, spread evenly, the first and the last among them. */
export const spread = (length: number, count: number): readonly number[] =>
  length <= count
    ? Array.from({ length }, (_, i) => i)
    : Array.from({ length: count }, (_, i) => Math.floor((i * (length - 1)) / (count - 1)));

/** The element that is known to be there. */
export function nth<T>(list: readonly T[], index: number): T {
  const found = list.at(index);
  if (found === undefined) throw new Error(`there is no element ${index} of ${list.length}`);
  return found;
}
