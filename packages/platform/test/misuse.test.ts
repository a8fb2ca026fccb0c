/** Our own arguments, not bytes of peers: a wrong one is a programmer's error and throws at once. */
import { describe, expect, test } from 'vitest';
import { SUITES } from './support/suites.ts';

const bytes = (length: number): Uint8Array => new Uint8Array(length);

describe.each(Object.entries(SUITES))('%s crypto suite refuses', (_, suite) => {
  test.each([0, 31, 33, 64])('a seed of %s bytes', (length) => {
    expect(() => suite.signatureKeyPair('ml-dsa-44', bytes(length))).toThrow(RangeError);
    expect(() => suite.kemKeyPair(bytes(length))).toThrow(RangeError);
  });

  test('a secret key of a wrong length', () => {
    for (const algorithm of ['slh-dsa-sha2-128f', 'slh-dsa-sha2-128s', 'ml-dsa-44'] as const) {
      expect(() => suite.sign({ algorithm, bytes: bytes(48) }, 'state', bytes(1))).toThrow(RangeError);
    }
  });

  test('a key or nonce of a wrong length to seal with, or too little entropy to encapsulate with', () => {
    expect(() => suite.seal(bytes(31), bytes(24), bytes(1), bytes(0))).toThrow(RangeError);
    expect(() => suite.seal(bytes(32), bytes(12), bytes(1), bytes(0))).toThrow(RangeError);
    expect(() => suite.encapsulate(bytes(1_216), bytes(32))).toThrow(RangeError);
  });

  test.each([
    { memoryKib: 7, passes: 1, lanes: 1 },
    { memoryKib: 31, passes: 1, lanes: 4 },
    { memoryKib: 2 ** 20 + 1, passes: 1, lanes: 1 },
    { memoryKib: Number.NaN, passes: 1, lanes: 1 },
    { memoryKib: 64, passes: 0, lanes: 1 },
    { memoryKib: 64, passes: 65, lanes: 1 },
    { memoryKib: 64, passes: 1.5, lanes: 1 },
    { memoryKib: 64, passes: 1, lanes: 0 },
    { memoryKib: 1_024, passes: 1, lanes: 65 },
  ])('to stretch at %o', (cost) => {
    expect(() => suite.stretch('x', bytes(16), cost)).toThrow(RangeError);
  });

  test('to stretch with a salt under 8 bytes', () => {
    expect(() => suite.stretch('x', bytes(7), { memoryKib: 64, passes: 1, lanes: 1 })).toThrow(RangeError);
  });
});
