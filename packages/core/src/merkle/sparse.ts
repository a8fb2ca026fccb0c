/**
 * Sparse Merkle tree of depth 256, compacted and persistent (spec CHN-9).
 *
 * - The path of a leaf is `H("leaf-path", name)`, read from its most significant bit.
 * - A subtree without leaves has the root of 32 zero bytes; one with a single leaf has that leaf's hash
 *   `H("smt-leaf", [path, value])`, whatever its height; any other `H("smt-node", [left, right])`.
 *
 * The same functions run on a whole tree and on a *witness*, a tree in which untouched subtrees are stubs that carry
 * only their hash. Reaching into a stub answers `E_WITNESS`.
 */
import { equalBytes, ZERO_HASH } from '../bytes.ts';
import { hashItem } from '../crypto/hash.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Item } from '../encoding/cbor.ts';
import { fail, ok, type Result } from '../result.ts';

export interface Leaf {
  readonly kind: 'leaf';
  readonly path: Uint8Array;
  /** Encoded value, at most `LIMITS.leafBytes`. */
  readonly value: Uint8Array;
  readonly hash: Uint8Array;
}

export interface Branch {
  readonly kind: 'branch';
  readonly left: Tree;
  readonly right: Tree;
  readonly hash: Uint8Array;
}

/** A subtree of which only the hash is known; holds at least one leaf. */
export interface Stub {
  readonly kind: 'stub';
  readonly hash: Uint8Array;
}

export type Tree = Leaf | Branch | Stub | null;

export const EMPTY_TREE: Tree = null;

export const treeRoot = (tree: Tree): Uint8Array => (tree === null ? ZERO_HASH : tree.hash);

export const leafPath = (suite: CryptoSuite, name: Item): Uint8Array => hashItem(suite, 'leaf-path', name);

export const bitAt = (path: Uint8Array, depth: number): 0 | 1 =>
  (((path[depth >> 3] as number) >> (7 - (depth & 7))) & 1) as 0 | 1;

export const makeLeaf = (suite: CryptoSuite, path: Uint8Array, value: Uint8Array): Leaf => ({
  kind: 'leaf',
  path,
  value,
  hash: hashItem(suite, 'smt-leaf', [path, value]),
});

/** The compacted join of two subtrees: a lone leaf moves up. A stub's shape is unknown, so it never moves up. */
export function joinTrees(suite: CryptoSuite, left: Tree, right: Tree): Tree {
  if (left === null && (right === null || right.kind === 'leaf')) return right;
  if (right === null && left !== null && left.kind === 'leaf') return left;
  return {
    kind: 'branch',
    left,
    right,
    hash: hashItem(suite, 'smt-node', [treeRoot(left), treeRoot(right)]),
  };
}

const unknown = () => fail('E_WITNESS', 'CHN-10', 'the proof does not cover a leaf that the operation touches');

/** Value of the leaf, undefined when the tree shows that there is none. */
export function getLeaf(tree: Tree, path: Uint8Array): Result<Uint8Array | undefined> {
  let node = tree;
  for (let depth = 0; node !== null; depth++) {
    if (node.kind === 'stub') return unknown();
    if (node.kind === 'leaf') return ok(equalBytes(node.path, path) ? node.value : undefined);
    node = bitAt(path, depth) === 0 ? node.left : node.right;
  }
  return ok(undefined);
}

/** The tree with the leaf set. Leaves are never removed: a chain does not forget (a zero balance stays as zero). */
export function setLeaf(suite: CryptoSuite, tree: Tree, path: Uint8Array, value: Uint8Array, depth = 0): Result<Tree> {
  if (tree === null) return ok(makeLeaf(suite, path, value));
  if (tree.kind === 'stub') return unknown();
  if (tree.kind === 'leaf') {
    const leaf = makeLeaf(suite, path, value);
    return ok(equalBytes(tree.path, path) ? leaf : splitLeaves(suite, tree, leaf, depth));
  }
  const goesLeft = bitAt(path, depth) === 0;
  const changed = setLeaf(suite, goesLeft ? tree.left : tree.right, path, value, depth + 1);
  if (!changed.ok) return changed;
  return ok(goesLeft ? joinTrees(suite, changed.value, tree.right) : joinTrees(suite, tree.left, changed.value));
}

/** The smallest tree below `depth` that holds two leaves of different paths. */
function splitLeaves(suite: CryptoSuite, a: Leaf, b: Leaf, depth: number): Tree {
  const bit = bitAt(a.path, depth);
  if (bit !== bitAt(b.path, depth)) return bit === 0 ? joinTrees(suite, a, b) : joinTrees(suite, b, a);
  const below = splitLeaves(suite, a, b, depth + 1);
  return bit === 0 ? joinTrees(suite, below, null) : joinTrees(suite, null, below);
}

/** All leaves of a whole tree in path order; stubs are passed over. */
export function listLeaves(tree: Tree): readonly Leaf[] {
  const leaves: Leaf[] = [];
  const visit = (node: Tree): void => {
    if (node === null || node.kind === 'stub') return;
    if (node.kind === 'leaf') leaves.push(node);
    else {
      visit(node.left);
      visit(node.right);
    }
  };
  visit(tree);
  return leaves;
}
