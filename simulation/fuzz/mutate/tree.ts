/**
 * Data items as a fuzzer needs them: the items of the protocol, and in any place a piece of bytes that no encoder of
 * the protocol makes. The writer here is independent of that of core, so it serves as an oracle as well.
 */
import { concatBytes } from '@dsm/core';

/** Bytes in the place of an item. */
export interface Raw {
  readonly raw: Uint8Array;
}

export type Tree = number | bigint | string | Uint8Array | null | Raw | readonly Tree[];

export const isRaw = (tree: Tree): tree is Raw =>
  typeof tree === 'object' && tree !== null && 'raw' in tree && !(tree instanceof Uint8Array);

export const isList = (tree: Tree): tree is readonly Tree[] => Array.isArray(tree);

/** The head of an item: major type 0 to 7 and its number, in the shortest form. */
export function writeHead(major: number, value: number | bigint): Uint8Array {
  const first = major << 5;
  if (typeof value === 'number') {
    if (value < 24) return Uint8Array.of(first | value);
    if (value < 0x100) return Uint8Array.of(first | 24, value);
    if (value < 0x1_0000) return Uint8Array.of(first | 25, value >> 8, value & 255);
  }
  const number = BigInt(value);
  const size = number < 24n ? 0 : number < 0x100n ? 1 : number < 0x1_0000n ? 2 : number < 0x1_0000_0000n ? 4 : 8;
  return writeHeadOf(major, number, size);
}

/** The same in a form of 0, 1, 2, 4 or 8 bytes behind the first, shortest or not. */
export function writeHeadOf(major: number, value: bigint, size: number): Uint8Array {
  if (size === 0) return Uint8Array.of((major << 5) | Number(value & 31n));
  const head = new Uint8Array(1 + size);
  head[0] = (major << 5) | (24 + Math.log2(size));
  for (let i = 0; i < size; i++) head[size - i] = Number((value >> BigInt(8 * i)) & 255n);
  return head;
}

function bignumBytes(value: bigint): Uint8Array {
  const digits = value.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return Uint8Array.from(even.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

const encoder = new TextEncoder();

function write(tree: Tree, parts: Uint8Array[]): void {
  if (tree === null) parts.push(Uint8Array.of(0xf6));
  else if (typeof tree === 'number') parts.push(writeHead(0, tree));
  else if (typeof tree === 'bigint') {
    if (tree < 1n << 64n) parts.push(writeHead(0, tree));
    else {
      const digits = bignumBytes(tree);
      parts.push(Uint8Array.of(0xc2), writeHead(2, digits.length), digits);
    }
  } else if (typeof tree === 'string') {
    const text = encoder.encode(tree);
    parts.push(writeHead(3, text.length), text);
  } else if (tree instanceof Uint8Array) parts.push(writeHead(2, tree.length), tree);
  else if (isList(tree)) {
    parts.push(writeHead(4, tree.length));
    for (const entry of tree) write(entry, parts);
  } else parts.push(tree.raw);
}

/** The bytes of a tree. Without raw pieces they are the deterministic encoding. */
export function writeTree(tree: Tree): Uint8Array {
  const parts: Uint8Array[] = [];
  write(tree, parts);
  return concatBytes(parts);
}

/** Where a subtree is: positions from the root down. */
export type Path = readonly number[];

export interface Spot {
  readonly path: Path;
  readonly tree: Tree;
}

/** Every subtree in preorder, at most `limit`. */
export function listSpots(root: Tree, limit = 20_000): readonly Spot[] {
  const spots: Spot[] = [];
  const visit = (tree: Tree, path: Path): void => {
    if (spots.length >= limit) return;
    spots.push({ path, tree });
    if (isList(tree)) tree.forEach((entry, i) => visit(entry, [...path, i]));
  };
  visit(root, []);
  return spots;
}

export function treeAt(root: Tree, path: Path): Tree | undefined {
  let tree: Tree | undefined = root;
  for (const step of path) tree = tree !== undefined && isList(tree) ? tree[step] : undefined;
  return tree;
}

/** The tree with another subtree at a place. */
export function replaceAt(root: Tree, path: Path, change: (old: Tree) => Tree): Tree {
  const [step, ...rest] = path;
  if (step === undefined) return change(root);
  return isList(root) ? root.map((entry, i) => (i === step ? replaceAt(entry, rest, change) : entry)) : root;
}

/** What may stand for each other without breaking a shape: type, and length where a codec asks for one. */
export function shapeOf(tree: Tree): string {
  if (tree === null) return 'null';
  if (tree instanceof Uint8Array) return `bytes ${tree.length}`;
  if (isList(tree)) {
    const [first] = tree;
    // Variants begin with their number.
    return typeof first === 'number' && tree.length > 1 ? `list ${tree.length} of ${first}` : `list ${tree.length}`;
  }
  if (isRaw(tree)) return 'raw';
  return typeof tree === 'string' ? 'text' : 'number';
}
