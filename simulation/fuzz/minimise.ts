/** Makes an input smaller while it does what it did: item by item first, byte by byte where it is no item. */
import { concatBytes, decodeItem } from '@dsm/core';
import { isList, listSpots, replaceAt, writeTree, type Path, type Spot, type Tree } from './mutate/tree.ts';

export type StillDoes = (input: Uint8Array) => boolean | Promise<boolean>;

const depthFirst = (a: Spot, b: Spot): number => a.path.length - b.path.length;

const withoutEntry = (root: Tree, path: Path): Tree =>
  replaceAt(root, path.slice(0, -1), (parent) =>
    isList(parent) ? parent.filter((_, i) => i !== path.at(-1)) : parent,
  );

/** Simpler trees in the place of this one, simplest first. */
function simpler(tree: Tree): readonly Tree[] {
  if (isList(tree)) {
    const shorter = tree.length > 4 ? [tree.slice(0, 2), tree.slice(0, tree.length >> 1)] : [];
    return [[], ...tree.slice(0, 4), ...shorter];
  }
  if (tree instanceof Uint8Array) {
    const zero = new Uint8Array(tree.length);
    return tree.every((byte) => byte === 0)
      ? [tree.slice(0, tree.length >> 1)]
      : [zero, tree.slice(0, tree.length >> 1)];
  }
  if (typeof tree === 'string') return tree === '' ? [] : ['', tree.slice(0, tree.length >> 1)];
  return typeof tree === 'number' && tree > 0 ? [0, 1].filter((one) => one < tree) : [];
}

interface Budget {
  left: number;
  readonly isOver: () => boolean;
}

async function tryInput(input: Uint8Array, best: Uint8Array, still: StillDoes, budget: Budget): Promise<boolean> {
  if (budget.left <= 0 || input.length > best.length) return false;
  if (budget.isOver()) {
    budget.left = 0;
    return false;
  }
  budget.left -= 1;
  return still(input);
}

async function shrinkTree(root: Tree, start: Uint8Array, still: StillDoes, budget: Budget): Promise<Uint8Array> {
  let tree = root;
  let best = start;
  const adopt = async (candidate: Tree): Promise<boolean> => {
    const bytes = writeTree(candidate);
    if (!(await tryInput(bytes, best, still, budget))) return false;
    tree = candidate;
    best = bytes;
    return true;
  };
  for (let progress = true; progress && budget.left > 0;) {
    progress = false;
    for (const { path } of listSpots(tree, 2_000).toSorted(depthFirst).toReversed()) {
      if (path.length > 0 && (await adopt(withoutEntry(tree, path)))) progress = true;
    }
    for (const { path, tree: part } of listSpots(tree, 2_000)) {
      for (const other of simpler(part)) {
        if (await adopt(replaceAt(tree, path, () => other))) {
          progress = true;
          break;
        }
      }
    }
  }
  return best;
}

async function shrinkBytes(start: Uint8Array, still: StillDoes, budget: Budget): Promise<Uint8Array> {
  let best = start;
  for (let size = best.length >> 1; size >= 1 && budget.left > 0; size >>= 1) {
    for (let at = 0; at < best.length && budget.left > 0;) {
      const candidate = concatBytes([best.subarray(0, at), best.subarray(at + size)]);
      if (await tryInput(candidate, best, still, budget)) best = candidate;
      else at += size;
    }
  }
  return best;
}

/** At most `calls` further calls, and none once `isOver`. */
export async function minimise(
  input: Uint8Array,
  still: StillDoes,
  calls: number,
  isOver: () => boolean = () => false,
): Promise<Uint8Array> {
  const budget = { left: calls, isOver };
  const item = decodeItem(input);
  return item.ok ? shrinkTree(item.value, input, still, budget) : shrinkBytes(input, still, budget);
}
