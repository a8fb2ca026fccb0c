/**
 * Floors: the primitive operations that a piece of work cannot avoid. They are found by doing the work once over a
 * recording suite, and timed by repeating just them. A hash that the work computes twice counts once: the second one
 * could be avoided.
 */
import { toHex, type CryptoSuite } from '@dsm/core';

interface HashCall {
  readonly tag: string;
  readonly message: Uint8Array;
}

/** The different hashes that the work computes. */
export function recordHashes(suite: CryptoSuite, work: (suite: CryptoSuite) => unknown): readonly HashCall[] {
  const calls = new Map<string, HashCall>();
  work({
    ...suite,
    hash(tag, message) {
      calls.set(`${tag} ${toHex(message)}`, { tag, message });
      return suite.hash(tag, message);
    },
  });
  return [...calls.values()];
}

/** Computes them again, and nothing else. */
export const repeatHashes =
  (suite: CryptoSuite, calls: readonly HashCall[]): (() => unknown) =>
  () => {
    let last: Uint8Array | undefined;
    for (const { tag, message } of calls) last = suite.hash(tag, message);
    return last;
  };

/** Says so when a name promises another number of calls than the work makes. */
export function requireCalls(calls: readonly HashCall[], expected: number): readonly HashCall[] {
  if (calls.length !== expected) throw new Error(`${calls.length} different hashes, the name says ${expected}`);
  return calls;
}
