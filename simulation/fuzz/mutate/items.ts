/** Mutations of data items: they know the structure, so most of what they make gets past the first check. */
import { MAX_AMOUNT } from '@dsm/core';
import type { Random } from '../../world/random.ts';
import { hostilePiece } from './hostile.ts';
import { isList, listSpots, replaceAt, shapeOf, type Path, type Spot, type Tree } from './tree.ts';

/** Subtrees of genuine artefacts by shape: what is spliced in. */
export type Pool = ReadonlyMap<string, readonly Tree[]>;

const POOL_ENTRIES = 400;

export function makePool(trees: readonly Tree[]): Pool {
  const pool = new Map<string, Tree[]>();
  for (const root of trees) {
    for (const { tree } of listSpots(root)) {
      const shape = shapeOf(tree);
      const known = pool.get(shape) ?? [];
      if (known.length < POOL_ENTRIES) known.push(tree);
      pool.set(shape, known);
    }
  }
  return pool;
}

const EDGES: readonly bigint[] = [1n, 24n, 32n, 53n, 63n, 64n, 128n].flatMap((bits) => [
  (1n << bits) - 1n,
  1n << bits,
  (1n << bits) + 1n,
]);

const NUMBERS: readonly (number | bigint)[] = [
  0,
  1,
  2,
  3,
  16,
  23,
  24,
  63,
  64,
  65,
  255,
  256,
  1_024,
  4_096,
  65_535,
  65_536,
  ...EDGES,
  MAX_AMOUNT,
];

const TEXTS: readonly string[] = [
  '',
  ' ',
  'a',
  'dsm',
  'MEAL',
  'payments',
  '__proto__',
  'constructor',
  'toString',
  'e\u0301',
  '\u00E9',
  '\u0000',
  '\u200B',
  '\u2028',
  '\uFEFFa',
  '\u{1F600}',
  'x'.repeat(64),
  '\u00E9'.repeat(33),
  'E_FORK',
  'offer',
  'backup',
];

function tweakNumber(random: Random, value: number | bigint): Tree {
  if (random.below(3) === 0) return random.pick(NUMBERS);
  const next = BigInt(value) + BigInt(random.pick([-1, 1, -2, 2, -60_000, 60_000, -86_400_000, 86_400_000]));
  if (next < 0n) return 0;
  return next <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(next) : next;
}

function tweakBytes(random: Random, value: Uint8Array, pool: Pool): Tree {
  const { length } = value;
  switch (random.below(8)) {
    case 0:
      return new Uint8Array(length);
    case 1:
      return new Uint8Array(length).fill(255);
    case 2:
      return value.slice(0, random.below(length + 1));
    case 3:
      return Uint8Array.of(...value.slice(0, 20_000), random.below(256));
    case 4:
    case 5: {
      const changed = value.slice();
      if (length > 0) changed[random.below(Math.min(length, 64))] = random.below(256);
      return changed;
    }
    default:
      return random.pick(pool.get(shapeOf(value)) ?? [value]);
  }
}

function tweakText(random: Random, value: string, pool: Pool): Tree {
  if (random.below(3) === 0) return random.pick(pool.get('text') ?? TEXTS);
  const other = random.pick(TEXTS);
  return random.below(2) === 0 ? other : `${value.slice(0, random.below(value.length + 1))}${other}`.slice(0, 400);
}

/** Another value of the same type. */
function tweak(random: Random, tree: Tree, pool: Pool): Tree {
  if (typeof tree === 'number' || typeof tree === 'bigint') return tweakNumber(random, tree);
  if (typeof tree === 'string') return tweakText(random, tree, pool);
  if (tree instanceof Uint8Array) return tweakBytes(random, tree, pool);
  if (tree === null) return random.below(2) === 0 ? random.bytes(32) : random.pick(NUMBERS);
  if (isList(tree)) return tweakList(random, tree, pool);
  return hostilePiece(random);
}

function tweakList(random: Random, tree: readonly Tree[], pool: Pool): Tree {
  const entries = [...tree];
  const at = random.below(entries.length + 1);
  const other = random.below(Math.max(entries.length, 1));
  const one = entries[at];
  const two = entries[other];
  switch (random.below(7)) {
    case 0:
      return entries.toSpliced(at, 1);
    case 1:
      return two === undefined ? entries : entries.toSpliced(at, 0, two);
    case 2:
      if (one !== undefined && two !== undefined) {
        entries[at] = two;
        entries[other] = one;
      }
      return entries;
    case 3:
      return entries.toReversed();
    case 4:
      return entries.slice(0, at);
    case 5:
      return two === undefined ? [] : [...entries, ...Array.from({ length: random.pick([2, 17, 65, 257]) }, () => two)];
    default:
      return random.pick(pool.get(shapeOf(tree)) ?? [tree]);
  }
}

const strange = (random: Random): Tree =>
  random.pick<Tree>([null, 0, 1, '', 'a', new Uint8Array(0), new Uint8Array(32), [], [0], [[]], 1n << 64n]);

/** Deep spots are many; half of the time one near the root is taken, so that whole parts are changed as well. */
function pickSpot(random: Random, spots: readonly Spot[]): Spot {
  const spot = random.pick(spots);
  if (random.below(2) === 0 || spot.path.length < 2) return spot;
  const near = spots.filter(({ path }) => path.length <= 3);
  return random.pick(near.length > 0 ? near : spots);
}

function mutateOnce(random: Random, root: Tree, pool: Pool): Tree {
  const spots = listSpots(root);
  const { path, tree } = pickSpot(random, spots);
  const put = (change: Tree): Tree => replaceAt(root, path, () => change);
  switch (random.below(10)) {
    case 0:
      return put(strange(random));
    case 1:
      return random.below(3) === 0 ? put(hostilePiece(random)) : put(tweak(random, tree, pool));
    case 2:
    case 3:
      return put(random.pick(pool.get(shapeOf(tree)) ?? [tree]));
    case 4:
      return swap(root, { path, tree }, sameShape(random, spots, tree));
    case 5:
      return replaceEverywhere(root, tree, tweak(random, tree, pool));
    default:
      return put(tweak(random, tree, pool));
  }
}

const sameShape = (random: Random, spots: readonly Spot[], tree: Tree): Spot =>
  random.pick(spots.filter((spot) => shapeOf(spot.tree) === shapeOf(tree)));

const isBelow = (path: Path, above: Path): boolean => above.every((step, i) => path[i] === step);

function swap(root: Tree, a: Spot, b: Spot): Tree {
  if (isBelow(a.path, b.path) || isBelow(b.path, a.path)) return replaceAt(root, a.path, () => b.tree);
  return replaceAt(
    replaceAt(root, a.path, () => b.tree),
    b.path,
    () => a.tree,
  );
}

/** A hash or a key that stands in several places changes in all of them. */
function replaceEverywhere(root: Tree, from: Tree, to: Tree): Tree {
  if (!(from instanceof Uint8Array)) return root;
  const key = from.join();
  const visit = (tree: Tree): Tree => {
    if (tree instanceof Uint8Array) return tree.length === from.length && tree.join() === key ? to : tree;
    return isList(tree) ? tree.map(visit) : tree;
  };
  return visit(root);
}

/** One to four mutations of an item. */
export function mutateItem(random: Random, item: Tree, pool: Pool): Tree {
  let tree = item;
  const count = 1 + (random.below(2) === 0 ? 0 : random.below(4));
  for (let i = 0; i < count; i++) tree = mutateOnce(random, tree, pool);
  return tree;
}
