/**
 * The append-only log: a binary Merkle tree of the shape of RFC 6962 section 2.1 with BLAKE3 under tags (spec NET-9).
 * Leaf `H("log-leaf", leaf)`, node `H("log-node", [left, right])`, the empty log `H("log-empty", [])`.
 *
 * The tree is generic over its hash functions, so that the public RFC 6962 vectors run against this very code.
 */
import { equalBytes } from '../bytes.ts';

export interface LogHasher {
  node(left: Uint8Array, right: Uint8Array): Uint8Array;
  empty(): Uint8Array;
}

/** Largest power of two smaller than n (n ≥ 2). Sizes go up to 2^53, so no bit operations. */
function splitSize(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Reads the hash of the perfect subtree of `2^level` leaves that begins at leaf `index · 2^level`. */
export type SubtreeReader = (level: number, index: number) => Uint8Array;

const isPowerOfTwo = (n: number): boolean => n > 0 && Number.isInteger(Math.log2(n));

/** Hash of the subtree over leaves [start, start + size), from stored perfect subtrees: O(log n) reads. */
export function subtreeHash(hasher: LogHasher, read: SubtreeReader, start: number, size: number): Uint8Array {
  if (size === 0) return hasher.empty();
  if (isPowerOfTwo(size)) return read(Math.log2(size), start / size);
  const left = splitSize(size);
  return hasher.node(subtreeHash(hasher, read, start, left), subtreeHash(hasher, read, start + left, size - left));
}

/** Sibling hashes from the leaf up to the root of a log of `size` leaves (RFC 6962 section 2.1.1). */
export function inclusionProof(hasher: LogHasher, read: SubtreeReader, index: number, size: number): Uint8Array[] {
  const path: Uint8Array[] = [];
  const walk = (start: number, count: number): void => {
    if (count === 1) return;
    const left = splitSize(count);
    if (index < start + left) {
      walk(start, left);
      path.push(subtreeHash(hasher, read, start + left, count - left));
    } else {
      walk(start + left, count - left);
      path.push(subtreeHash(hasher, read, start, left));
    }
  };
  walk(0, size);
  return path;
}

/** The root that this proof leads to, or undefined when the proof has the wrong length for index and size. */
export function rootFromInclusion(
  hasher: LogHasher,
  leafHash: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return undefined;
  let used = 0;
  const walk = (at: number, count: number): Uint8Array | undefined => {
    if (count === 1) return leafHash;
    const left = splitSize(count);
    const below = at < left ? walk(at, left) : walk(at - left, count - left);
    const sibling = proof[used++];
    if (below === undefined || sibling === undefined) return undefined;
    return at < left ? hasher.node(below, sibling) : hasher.node(sibling, below);
  };
  const root = walk(index, size);
  return used === proof.length ? root : undefined;
}

/** Proof that the log of `first` leaves is a prefix of that of `second` (RFC 6962 section 2.1.2). */
export function consistencyProof(hasher: LogHasher, read: SubtreeReader, first: number, second: number): Uint8Array[] {
  const path: Uint8Array[] = [];
  const walk = (start: number, count: number, old: number, whole: boolean): void => {
    if (old === count) {
      if (!whole) path.push(subtreeHash(hasher, read, start, count));
      return;
    }
    const left = splitSize(count);
    if (old <= left) {
      walk(start, left, old, whole);
      path.push(subtreeHash(hasher, read, start + left, count - left));
    } else {
      walk(start + left, count - left, old - left, false);
      path.push(subtreeHash(hasher, read, start, left));
    }
  };
  if (first > 0 && first < second) walk(0, second, first, true);
  return path;
}

/** True when the proof shows that `secondRoot` extends `firstRoot`. */
export function verifyConsistency(
  hasher: LogHasher,
  first: number,
  firstRoot: Uint8Array,
  second: number,
  secondRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(second) || first < 0 || first > second) return false;
  if (first === 0 && !equalBytes(firstRoot, hasher.empty())) return false;
  if (first === second) return proof.length === 0 && equalBytes(firstRoot, secondRoot);
  if (first === 0) return proof.length === 0;
  let used = 0;
  const walk = (count: number, old: number, whole: boolean): readonly [Uint8Array, Uint8Array] | undefined => {
    if (old === count) {
      const root = whole ? firstRoot : proof[used++];
      return root && [root, root];
    }
    const left = splitSize(count);
    const below = old <= left ? walk(left, old, whole) : walk(count - left, old - left, false);
    const sibling = proof[used++];
    if (!below || !sibling) return undefined;
    if (old <= left) return [below[0], hasher.node(below[1], sibling)];
    return [hasher.node(sibling, below[0]), hasher.node(sibling, below[1])];
  };
  const roots = walk(second, first, true);
  return (
    roots !== undefined && used === proof.length && equalBytes(roots[0], firstRoot) && equalBytes(roots[1], secondRoot)
  );
}
