/** A model of the sparse Merkle tree: the definition of CHN-9, over all leaves at once. */
import { EMPTY_TREE, hashItem, must, setLeaf, ZERO_HASH, type Tree } from '@dsm/core';
import { fc } from '@fast-check/vitest';
import { suite } from '../../../../tests/kit/index.ts';

export interface Entry {
  readonly path: Uint8Array;
  readonly value: Uint8Array;
}

const isRight = (path: Uint8Array, depth: number): boolean => ((path[depth >> 3] ?? 0) & (0x80 >> (depth & 7))) !== 0;

export function naiveRoot(entries: readonly Entry[], depth = 0): Uint8Array {
  const [first, second] = entries;
  if (first === undefined) return ZERO_HASH;
  if (second === undefined) return hashItem(suite, 'smt-leaf', [first.path, first.value]);
  return hashItem(suite, 'smt-node', [
    naiveRoot(
      entries.filter(({ path }) => !isRight(path, depth)),
      depth + 1,
    ),
    naiveRoot(
      entries.filter(({ path }) => isRight(path, depth)),
      depth + 1,
    ),
  ]);
}

export const treeOf = (entries: readonly Entry[], start: Tree = EMPTY_TREE): Tree =>
  entries.reduce<Tree>((tree, { path, value }) => must(setLeaf(suite, tree, path, value)), start);

/** Paths of which many share a long beginning; real ones, being hashes, part after a few bits. */
export const pathsWithCollisions: fc.Arbitrary<Uint8Array> = fc
  .record({ head: fc.constantFrom(0, 0x80, 0x81, 0xff), at: fc.nat(31), byte: fc.nat(255), last: fc.nat(3) })
  .map(({ head, at, byte, last }) => new Uint8Array(32).with(0, head).with(31, last).with(at, byte));
