import { decodeItem, encodeItem, toHex } from '@dsm/core';
import { cdeEncodeOptions, decode, encode } from 'cbor2';
import { describe, expect, test } from 'vitest';
import {
  bytesOf,
  readVectors,
  requireCases,
  vectorsMissing,
  whyIfSkipped,
} from '../../../platform/test/support/vectors.ts';
import { isInSubset, plainItem } from '../support/cbor.ts';
import { codeOf, expectOk } from '../support/results.ts';

interface Case {
  readonly hex: string;
}

/** Another implementation reads the value and writes it deterministically: ours accepts nothing else. */
function isOurs(bytes: Uint8Array): boolean {
  try {
    const value: unknown = decode(bytes);
    return isInSubset(value) && toHex(encode(value, cdeEncodeOptions)) === toHex(bytes);
  } catch {
    return false;
  }
}

describe.each([
  // Plain integers, two bignums, bytes, texts, arrays and null; no map, float, boolean, tag or negative number.
  ['cbor/appendix_a.json', [26, 56]],
  // Ten integers, some of them written as floats in the diagnostic, and floats and negative numbers to refuse.
  ['cbor/dcbor-valid.json', [16, 24]],
])('ENC-1: the public vectors of %s', (file, expected) => {
  test.skipIf(vectorsMissing)(`those of the subset round-trip, all others are refused${whyIfSkipped}`, () => {
    const cases = requireCases(readVectors<Case[]>(file), file);
    const ours = cases.filter(({ hex }) => isOurs(bytesOf(hex)));
    for (const { hex } of ours) {
      const item = expectOk(decodeItem(bytesOf(hex)));
      expect(toHex(encodeItem(item))).toBe(hex);
      expect(item).toEqual(plainItem(decode(bytesOf(hex))));
    }
    const others = cases.filter((one) => !ours.includes(one));
    for (const { hex } of others) expect(codeOf(decodeItem(bytesOf(hex))), hex).toBe('E_ENCODING ENC-1');
    expect([ours.length, others.length]).toEqual(expected);
  });
});
