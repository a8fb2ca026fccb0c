import {
  consistencyProof,
  inclusionProof,
  logHasher,
  logLeafHash,
  rootFromInclusion,
  subtreeHash,
  verifyConsistency,
  type SubtreeReader,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { suite } from '../../../tests/kit/index.ts';
import { growLog, withSubtrees } from '../src/store/log.ts';

const hasher = logHasher(suite);
const leafOf = (i: number): Uint8Array => logLeafHash(suite, i);

/** All subtrees from the leaves, by definition. */
const byDefinition =
  (count: number): SubtreeReader =>
  (level, index) => {
    if ((index + 1) * 2 ** level > count) throw new Error('this subtree is not complete yet');
    return level === 0
      ? leafOf(index)
      : hasher.node(byDefinition(count)(level - 1, 2 * index), byDefinition(count)(level - 1, 2 * index + 1));
  };

describe('NET-9, NET-18: the log grows', () => {
  test('batches of any sizes lead to the subtrees and roots of the definition', () => {
    for (const sizes of [[1], [2], [3], [7, 1], [1, 1, 1, 1, 1], [4, 4, 5], [13, 20, 1, 30], [64, 1]]) {
      const stored = new Map<string, Uint8Array>();
      let size = 0;
      for (const count of sizes) {
        const leaves = Array.from({ length: count }, (_, i) => leafOf(size + i));
        const read: SubtreeReader = (level, index) => {
          const found = stored.get(`${level} ${index}`);
          if (found === undefined) throw new Error(`subtree ${level} ${index} is not there`);
          return found;
        };
        const grown = growLog(hasher, size, leaves, read);
        for (const { level, index, hash } of grown.nodes) {
          expect(stored.has(`${level} ${index}`)).toBe(false);
          stored.set(`${level} ${index}`, hash);
          expect(hash).toEqual(byDefinition(size + count)(level, index));
        }
        size += count;
        expect(grown.root).toEqual(subtreeHash(hasher, byDefinition(size), 0, size));
        for (let leaf = 0; leaf < size; leaf++) {
          const proof = inclusionProof(hasher, read, leaf, size);
          expect(rootFromInclusion(hasher, leafOf(leaf), leaf, size, proof)).toEqual(grown.root);
        }
      }
    }
  });

  test('every earlier log is a prefix of every later one', () => {
    const last = 20;
    const roots = Array.from({ length: last + 1 }, (_, size) => subtreeHash(hasher, byDefinition(size), 0, size));
    for (let first = 1; first <= last; first++) {
      for (let second = first; second <= last; second++) {
        const proof = consistencyProof(hasher, byDefinition(second), first, second);
        const [a, b] = [roots[first], roots[second]];
        expect(a && b && verifyConsistency(hasher, first, a, second, b, proof)).toBe(true);
      }
    }
  });

  test('a proof loads only what it needs', async () => {
    const asked: string[] = [];
    const size = 1_000;
    const load = async (level: number, index: number) => {
      asked.push(`${level} ${index}`);
      return byDefinition(size)(level, index);
    };
    await withSubtrees(load, (read) => inclusionProof(hasher, read, 617, size));
    expect(new Set(asked).size).toBe(asked.length);
    expect(asked.length).toBeLessThan(20);
  });

  test('a subtree that is not in the store is a damaged store', async () => {
    const lost = withSubtrees(
      async () => undefined,
      (read) => inclusionProof(hasher, read, 3, 5),
    );
    await expect(lost).rejects.toThrow('E_DAMAGED');
  });
});
