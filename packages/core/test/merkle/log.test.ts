import { createHash } from 'node:crypto';
import {
  concatBytes,
  consistencyProof,
  equalBytes,
  hash,
  inclusionProof,
  logHasher,
  logLeafHash,
  rootFromInclusion,
  subtreeHash,
  verifyConsistency,
  type LogHasher,
  type SubtreeReader,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { suite } from '../../../../tests/kit/index.ts';
import { readVectors, requireCases, vectorsMissing, whyIfSkipped } from '../../../platform/test/support/vectors.ts';
import { flipByte, nth } from '../support/results.ts';

/** RFC 6962 section 2.1, as its vectors use it. */
const sha256 = (...parts: Uint8Array[]): Uint8Array =>
  Uint8Array.from(createHash('sha256').update(concatBytes(parts)).digest());
const rfc6962: LogHasher = {
  node: (left, right) => sha256(Uint8Array.of(1), left, right),
  empty: () => sha256(),
};

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const proofOf = (texts: readonly string[] | null): Uint8Array[] => (texts ?? []).map(fromBase64);

describe('NET-9: the public RFC 6962 vectors', () => {
  interface Inclusion {
    readonly name: string;
    readonly leafIdx: number;
    readonly treeSize: number;
    readonly root: string;
    readonly leafHash: string;
    readonly proof: readonly string[] | null;
    readonly wantErr: boolean;
  }

  test.skipIf(vectorsMissing)(`inclusion${whyIfSkipped}`, () => {
    const cases = requireCases(readVectors<Inclusion[]>('rfc6962/inclusion.json'), 'inclusion');
    for (const one of cases) {
      // Hashes of another length do not get past their shape (ENC-3).
      const leaf = hash().fromItem(fromBase64(one.leafHash), 'leaf');
      const root = leaf.ok
        ? rootFromInclusion(rfc6962, leaf.value, one.leafIdx, one.treeSize, proofOf(one.proof))
        : undefined;
      expect(root !== undefined && equalBytes(root, fromBase64(one.root)), one.name).toBe(!one.wantErr);
    }
    expect(cases.filter(({ wantErr }) => wantErr).length).toBeGreaterThan(50);
    expect(cases.filter(({ wantErr }) => !wantErr).length).toBeGreaterThan(4);
  });

  interface Consistency {
    readonly name: string;
    readonly size1: number;
    readonly size2: number;
    readonly root1: string;
    readonly root2: string;
    readonly proof: readonly string[] | null;
    readonly wantErr: boolean;
  }

  test.skipIf(vectorsMissing)(`consistency${whyIfSkipped}`, () => {
    const all = requireCases(readVectors<Consistency[]>('rfc6962/consistency.json'), 'consistency');
    // There the check of an empty log is refused as useless; here every log extends the empty one.
    const cases = all.filter(({ name }) => name !== 'consistency/additional/size1-is-zero-and-size2-is-not-zero.json');
    expect(cases).toHaveLength(all.length - 1);
    for (const { name, size1, size2, root1, root2, proof, wantErr } of cases) {
      const valid = verifyConsistency(rfc6962, size1, fromBase64(root1), size2, fromBase64(root2), proofOf(proof));
      expect(valid, name).toBe(!wantErr);
    }
    expect(cases.filter(({ wantErr }) => wantErr).length).toBeGreaterThan(50);
    expect(cases.filter(({ wantErr }) => !wantErr).length).toBeGreaterThan(4);
  });
});

const hasher = logHasher(suite);
const leaves = Array.from({ length: 40 }, (_, i) => logLeafHash(suite, i));
const leafAt = (index: number): Uint8Array => nth(leaves, index);

/** RFC 6962 section 2.1, word for word. */
function treeHash(from: readonly Uint8Array[]): Uint8Array {
  const [only] = from;
  if (only === undefined) return suite.hash('log-empty', Uint8Array.of(0x80));
  if (from.length === 1) return only;
  const k = 2 ** (Math.ceil(Math.log2(from.length)) - 1);
  return hasher.node(treeHash(from.slice(0, k)), treeHash(from.slice(k)));
}

const readSubtree: SubtreeReader = (level, index) =>
  treeHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
const rootOf = (size: number): Uint8Array => subtreeHash(hasher, readSubtree, 0, size);

describe('NET-9: the log', () => {
  test('has the tree hash of RFC 6962 at every size, from stored perfect subtrees', () => {
    for (let size = 0; size <= leaves.length; size++) expect(rootOf(size)).toEqual(treeHash(leaves.slice(0, size)));
  });

  test('every leaf of every size is proved, with at most log2 hashes', () => {
    for (let size = 1; size <= leaves.length; size++) {
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(hasher, readSubtree, index, size);
        expect(proof.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
        expect(rootFromInclusion(hasher, leafAt(index), index, size, proof)).toEqual(rootOf(size));
      }
    }
  });

  test('a proof leads to the root for its own leaf, place and size only', () => {
    for (let index = 0; index < 13; index++) {
      const proof = inclusionProof(hasher, readSubtree, index, 13);
      const root = (at: number, size: number, leaf = leafAt(index), path: readonly Uint8Array[] = proof) =>
        rootFromInclusion(hasher, leaf, at, size, path);
      expect(root(index, 13)).toEqual(rootOf(13));
      for (let other = 0; other < 13; other++) {
        expect(root(other, 13)?.join() === rootOf(13).join()).toBe(other === index);
        expect(root(index, 13, leafAt(other))?.join() === rootOf(13).join()).toBe(other === index);
      }
      expect(root(index, 13, leafAt(index), proof.slice(1))).not.toEqual(rootOf(13));
      expect(root(index, 13, leafAt(index), [...proof, leafAt(0)])).toBeUndefined();
      for (let at = 0; at < proof.length; at++) {
        expect(root(index, 13, leafAt(index), proof.with(at, flipByte(nth(proof, at), 7)))).not.toEqual(rootOf(13));
      }
    }
  });

  test.each([
    [-1, 4],
    [4, 4],
    [0, 0],
    [0.5, 4],
    [Number.NaN, 4],
    [0, Number.NaN],
    [2 ** 53, 2 ** 54],
    [Infinity, Infinity],
  ])('there is no leaf %s in a log of %s', (index, size) => {
    expect(rootFromInclusion(hasher, leafAt(0), index, size, [leafAt(1), leafAt(2)])).toBeUndefined();
  });

  test('a log of 2^53 - 1 leaves is walked in its depth', () => {
    const size = Number.MAX_SAFE_INTEGER;
    const proof = Array.from({ length: 53 }, () => leafAt(1));
    expect(rootFromInclusion(hasher, leafAt(0), 0, size, proof)).toBeDefined();
    expect(rootFromInclusion(hasher, leafAt(0), size - 1, size, proof)).toBeUndefined();
    expect(rootFromInclusion(hasher, leafAt(0), size - 1, size, proof.slice(1))).toBeDefined();
  });

  test('every size is shown to extend every smaller one', () => {
    for (let second = 0; second <= 24; second++) {
      for (let first = 0; first <= second; first++) {
        const proof = consistencyProof(hasher, readSubtree, first, second);
        expect(verifyConsistency(hasher, first, rootOf(first), second, rootOf(second), proof)).toBe(true);
      }
    }
  });

  test('a log that was rewritten, or other sizes, extend nothing', () => {
    for (let second = 2; second <= 16; second++) {
      for (let first = 1; first < second; first++) {
        const proof = consistencyProof(hasher, readSubtree, first, second);
        const verify = (a: number, rootA: Uint8Array, b: number, rootB: Uint8Array, path = proof) =>
          verifyConsistency(hasher, a, rootA, b, rootB, path);
        const rewritten = treeHash([leafAt(30), ...leaves.slice(1, first)]);
        expect(verify(first, rewritten, second, rootOf(second))).toBe(false);
        expect(verify(first, rootOf(first), second, rootOf(second + 1))).toBe(false);
        expect(verify(second, rootOf(second), first, rootOf(first))).toBe(false);
        expect(verify(first, rootOf(first), second, rootOf(second), [...proof, leafAt(0)])).toBe(false);
        expect(verify(first, rootOf(first), second, rootOf(second), proof.slice(0, -1))).toBe(false);
        for (let at = 0; at < proof.length; at++) {
          const changed = proof.with(at, flipByte(nth(proof, at), 31));
          expect(verify(first, rootOf(first), second, rootOf(second), changed)).toBe(false);
        }
      }
    }
  });

  test('the empty log is a prefix of every log and has one root', () => {
    expect(verifyConsistency(hasher, 0, rootOf(0), 5, rootOf(5), [])).toBe(true);
    expect(verifyConsistency(hasher, 0, rootOf(1), 5, rootOf(5), [])).toBe(false);
    expect(verifyConsistency(hasher, 0, rootOf(0), 5, rootOf(5), [leafAt(0)])).toBe(false);
    expect(verifyConsistency(hasher, 0, rootOf(1), 0, rootOf(1), [])).toBe(false);
    for (const size of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(verifyConsistency(hasher, size, rootOf(0), 5, rootOf(5), [])).toBe(false);
      expect(verifyConsistency(hasher, 0, rootOf(0), size, rootOf(5), [])).toBe(false);
    }
  });
});
