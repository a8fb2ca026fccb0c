/** The subset of deterministic CBOR that the protocol uses, told apart without the code under test. */
import type { Item } from '@dsm/core';

/** Unsigned integers, bignums of at most 32 bytes, bytes, text, null and arrays of them. */
export const isInSubset = (value: unknown): boolean =>
  value === null ||
  typeof value === 'string' ||
  value instanceof Uint8Array ||
  (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) ||
  (typeof value === 'bigint' && value >= 0n && value < 2n ** 256n) ||
  (Array.isArray(value) && value.every(isInSubset));

/** Other implementations answer Buffers. */
export const plainItem = (value: unknown): Item => {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  return Array.isArray(value) ? value.map(plainItem) : (value as Item);
};
