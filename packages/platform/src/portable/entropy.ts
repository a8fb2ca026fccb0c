/** Entropy of the Web Crypto API. */
import type { Entropy } from '@dsm/core';

/** The most that one call of `getRandomValues` gives. */
const QUOTA_BYTES = 65_536;

export const webEntropy: Entropy = (length) => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += QUOTA_BYTES) crypto.getRandomValues(bytes.subarray(at, at + QUOTA_BYTES));
  return bytes;
};
