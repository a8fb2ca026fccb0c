/** Whole trees at the tips of the chains that this device keeps: `chain ‖ path` → value. */
import {
  bitAt,
  bytes,
  concatBytes,
  joinTrees,
  LIMITS,
  listLeaves,
  makeLeaf,
  type ChainId,
  type CryptoSuite,
  type Leaf,
  type Tree,
  type Write,
} from '@dsm/core';
import type { Storage } from '../device.ts';
import { defineCollection, type Collection } from './collection.ts';

export const leafRecords: Collection<Uint8Array> = defineCollection('leaf', () => bytes(0, LIMITS.leafBytes));

const leafKey = (chain: ChainId, path: Uint8Array): Uint8Array => concatBytes([chain, path]);

/** The tree over leaves in path order; hashes each node once. */
export function buildTree(suite: CryptoSuite, leaves: readonly Leaf[], depth = 0): Tree {
  const [first] = leaves;
  if (first === undefined) return null;
  if (leaves.length === 1) return first;
  const right = leaves.findIndex((leaf) => bitAt(leaf.path, depth) === 1);
  const split = right < 0 ? leaves.length : right;
  return joinTrees(
    suite,
    buildTree(suite, leaves.slice(0, split), depth + 1),
    buildTree(suite, leaves.slice(split), depth + 1),
  );
}

/** The whole tree at the tip of a chain. */
export async function readTree(storage: Storage, chain: ChainId): Promise<Tree> {
  const entries = await leafRecords.list(storage, { prefix: chain });
  const leaves = entries.map(({ key, value }) => makeLeaf(storage.suite, key.slice(chain.length), value));
  return buildTree(storage.suite, leaves);
}

/** The leaves at these paths as they stand in the tree; leaves are never removed. */
export function putLeaves(storage: Storage, chain: ChainId, tree: Tree, paths?: readonly Uint8Array[]): Write[] {
  const wanted = paths && new Set(paths.map((path) => path.join()));
  return listLeaves(tree)
    .filter(({ path }) => wanted === undefined || wanted.has(path.join()))
    .map(({ path, value }) => leafRecords.put(storage, leafKey(chain, path), value));
}

/** Leaves that a chain taken back to an older state does not have (spec WAL-14). */
export const removeLeaves = (chain: ChainId, paths: readonly Uint8Array[]): Write[] =>
  paths.map((path) => leafRecords.remove(leafKey(chain, path)));
