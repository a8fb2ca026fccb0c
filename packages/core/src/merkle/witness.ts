/**
 * Witnesses: what a verifier needs of a tree to check and repeat an operation, and nothing more (spec CHN-10).
 * Encoded as a flat list in preorder: `0` an empty subtree, `1` a branch (its two subtrees follow), 32 bytes a stub,
 * `[path, value]` a leaf.
 */
import { compareBytes, HASH_BYTES } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { encodeItem, type Item } from '../encoding/cbor.ts';
import { LIMITS } from '../limits.ts';
import { fail, ok, type Err, type Result } from '../result.ts';
import { bitAt, joinTrees, makeLeaf, type Tree } from './sparse.ts';

/** The tree with every subtree that no path enters replaced by a stub. */
export function pruneTree(tree: Tree, paths: readonly Uint8Array[]): Tree {
  return pruneAt(tree, [...paths].toSorted(compareBytes), 0);
}

function pruneAt(tree: Tree, paths: readonly Uint8Array[], depth: number): Tree {
  if (tree === null || tree.kind === 'stub') return tree;
  if (paths.length === 0) return { kind: 'stub', hash: tree.hash };
  if (tree.kind === 'leaf') return tree;
  const leftPaths = paths.filter((path) => bitAt(path, depth) === 0);
  const rightPaths = paths.filter((path) => bitAt(path, depth) === 1);
  return {
    kind: 'branch',
    left: pruneAt(tree.left, leftPaths, depth + 1),
    right: pruneAt(tree.right, rightPaths, depth + 1),
    hash: tree.hash,
  };
}

export function witnessToItem(tree: Tree): Item {
  const nodes: Item[] = [];
  const visit = (node: Tree): void => {
    if (node === null) nodes.push(0);
    else if (node.kind === 'stub') nodes.push(node.hash);
    else if (node.kind === 'leaf') nodes.push([node.path, node.value]);
    else {
      nodes.push(1);
      visit(node.left);
      visit(node.right);
    }
  };
  visit(tree);
  return nodes;
}

const bad = (why: string): Err => fail('E_WITNESS', 'CHN-10', why);

/** Reads a witness and recomputes every hash; refuses shapes that compaction forbids. */
export function witnessFromItem(suite: CryptoSuite, item: Item): Result<Tree> {
  if (!Array.isArray(item)) return fail('E_FORMAT', 'CHN-10', 'witness: list expected');
  if (item.length > LIMITS.witnessNodes) return fail('E_LIMIT', 'CHN-10', 'witness: too many nodes');
  const nodes = item as readonly Item[];
  let next = 0;

  const read = (prefix: readonly (0 | 1)[]): Result<Tree> => {
    if (next >= nodes.length) return bad('witness: ends too early');
    const node = nodes[next++] as Item;
    if (node === 0) return ok(null);
    if (node instanceof Uint8Array) {
      return node.length === HASH_BYTES && node.some((byte) => byte !== 0)
        ? ok({ kind: 'stub', hash: node })
        : bad('witness: wrong stub');
    }
    if (Array.isArray(node)) return readLeaf(suite, node as readonly Item[], prefix);
    if (node !== 1 || prefix.length >= 256) return bad('witness: unknown node');
    const left = read([...prefix, 0]);
    if (!left.ok) return left;
    const right = read([...prefix, 1]);
    if (!right.ok) return right;
    const joined = joinTrees(suite, left.value, right.value);
    return joined?.kind === 'branch' ? ok(joined) : bad('witness: not compacted');
  };

  const tree = read([]);
  if (!tree.ok) return tree;
  return next === nodes.length ? tree : bad('witness: surplus nodes');
}

function readLeaf(suite: CryptoSuite, node: readonly Item[], prefix: readonly (0 | 1)[]): Result<Tree> {
  const [path, value] = node;
  if (node.length !== 2 || !(path instanceof Uint8Array) || !(value instanceof Uint8Array)) {
    return bad('witness: wrong leaf');
  }
  if (path.length !== HASH_BYTES || value.length > LIMITS.leafBytes) return bad('witness: wrong leaf size');
  if (prefix.some((bit, depth) => bitAt(path, depth) !== bit)) return bad('witness: leaf in the wrong place');
  return ok(makeLeaf(suite, path, value));
}

/** True when the witness carries exactly what the touched paths need, so that nothing in it is unchecked. */
export function isMinimalWitness(tree: Tree, touched: readonly Uint8Array[]): boolean {
  const given = encodeItem(witnessToItem(tree));
  const minimal = encodeItem(witnessToItem(pruneTree(tree, touched)));
  return given.length === minimal.length && given.every((byte, i) => byte === minimal[i]);
}
