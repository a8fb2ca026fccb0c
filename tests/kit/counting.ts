/** Counting what goes through the crypto port, so that the cost of a verifier is a number in a test. */
import type { CryptoSuite } from '@dsm/core';
import { suite } from './network.ts';

export interface Counts {
  hash: number;
  sign: number;
  verify: number;
}

export interface CountingSuite extends CryptoSuite {
  /** Calls since the last `reset`. */
  readonly counts: Counts;
  reset(): void;
}

export function countingSuite(inner: CryptoSuite = suite): CountingSuite {
  const counts: Counts = { hash: 0, sign: 0, verify: 0 };
  return {
    ...inner,
    counts,
    reset: () => void Object.assign(counts, { hash: 0, sign: 0, verify: 0 }),
    hash: (tag, message) => {
      counts.hash++;
      return inner.hash(tag, message);
    },
    sign: (secretKey, purpose, message) => {
      counts.sign++;
      return inner.sign(secretKey, purpose, message);
    },
    verify: (publicKey, purpose, message, signature) => {
      counts.verify++;
      return inner.verify(publicKey, purpose, message, signature);
    },
  };
}
