/** Adversarial inputs of a wanted size, for measuring how time grows with it. */
import { decodeItem } from '@dsm/core';
import { nested } from './mutate/hostile.ts';
import {
  isList,
  listSpots,
  replaceAt,
  shapeOf,
  writeHead,
  writeTree,
  type Raw,
  type Spot,
  type Tree,
} from './mutate/tree.ts';
import type { Shape, Target } from './targets/target.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const encoder = new TextEncoder();

/** A list of about this size in bytes that has one entry many times. */
function listOf(size: number, entry: Tree): Uint8Array {
  const unit = writeTree(entry);
  const count = Math.floor(size / unit.length);
  const head = writeHead(4, count);
  const list = new Uint8Array(head.length + count * unit.length);
  list.set(head);
  for (let i = 0; i < count; i++) list.set(unit, head.length + i * unit.length);
  return list;
}

/** A map, which no decoder here accepts and the codec reads all the same. */
function mapOf(count: number, key: (i: number) => string): Uint8Array {
  const parts = [writeHead(5, count)];
  for (let i = 0; i < count; i++) parts.push(writeTree(key(i)), Uint8Array.of(0));
  return Uint8Array.from(Buffer.concat(parts));
}

/** What `decodeItem` may be given. Everything else that reads items begins with it, so these are measured once. */
export const ITEM_SHAPES: readonly Shape[] = [
  { name: 'nested lists', make: (size) => nested(hex('81'), size, hex('00')).raw },
  { name: 'nested lists of unknown length', make: (size) => nested(hex('9f'), size, hex('ff')).raw },
  { name: 'nested maps', make: (size) => nested(hex('a16161'), Math.floor(size / 3), hex('00')).raw },
  { name: 'nested bignums', make: (size) => nested(hex('c2'), size, hex('40')).raw },
  { name: 'a list of zeros', make: (size) => listOf(size, 0) },
  { name: 'a list of empty lists', make: (size) => listOf(size, []) },
  { name: 'a list of short texts', make: (size) => listOf(size, 'abc') },
  { name: 'a list of bignums', make: (size) => listOf(size, (1n << 128n) - 1n) },
  { name: 'lists of 30 levels', make: (size) => listOf(size, lists(30)) },
  { name: 'a long text', make: (size) => writeTree('x'.repeat(size)) },
  { name: 'a long text of three bytes each', make: (size) => writeTree('\u20AC'.repeat(Math.floor(size / 3))) },
  { name: 'long bytes', make: (size) => writeTree(new Uint8Array(size)) },
  { name: 'a long bignum', make: (size) => Uint8Array.from([0xc2, ...writeTree(new Uint8Array(size).fill(255))]) },
  { name: 'a map of many keys', make: (size) => mapOf(Math.floor(size / 9), (i) => `key${i}`) },
  { name: 'a map of many numbers as keys', make: (size) => mapOf(Math.floor(size / 9), (i) => String(i * 65_537)) },
  { name: 'a map of one key many times', make: (size) => mapOf(Math.floor(size / 3), () => 'k') },
  {
    name: 'a list that ends too early',
    make: (size) => Uint8Array.from([0x9a, 255, 255, 255, 255, ...new Uint8Array(size)]),
  },
];

const lists = (depth: number): Tree => (depth === 0 ? 0 : [lists(depth - 1)]);

/** Of the same shape and with another content, so that it is no duplicate. */
function variantOf(tree: Tree, i: number): Tree {
  if (isList(tree)) {
    // The number of a variant stays, or the entry would be another kind of thing.
    return tree.map((entry, at) => (at === 0 && typeof entry === 'number' ? entry : variantOf(entry, i)));
  }
  if (!(tree instanceof Uint8Array) || tree.length < 16) return tree;
  const changed = tree.slice();
  new DataView(changed.buffer).setUint32(4, i);
  return changed;
}

/** Many entries like this one, each of another content: written once, then copied and counted through. */
function manyLike(entry: Tree, count: number): Uint8Array {
  const unit = writeTree(variantOf(entry, 0));
  const other = writeTree(variantOf(entry, 0xffff_ffff));
  const places: number[] = [];
  for (let at = 0; at < unit.length; at++) {
    if (unit[at] !== other[at]) places.push(at);
  }
  const all = new Uint8Array(unit.length * count);
  for (let i = 0; i < count; i++) {
    const start = i * unit.length;
    all.set(unit, start);
    // Four bytes of a counter in each place, the greatest first.
    places.forEach((at, digit) => (all[start + at] = (i >>> (8 * (3 - (digit % 4)))) & 255));
  }
  return all;
}

const longer = (tree: readonly Tree[], more: number): Raw => {
  const parts = [writeHead(4, tree.length + more), ...tree.map(writeTree), manyLike(tree.at(-1) ?? 0, more)];
  return { raw: new Uint8Array(Buffer.concat(parts)) };
};

function growSpot(root: Tree, { path, tree }: Spot): Shape | undefined {
  const name = `${shapeOf(tree)} at /${path.join('/')}`;
  const graft = (part: Tree): Uint8Array => writeTree(replaceAt(root, path, () => part));
  if (isList(tree)) {
    const first = tree.at(-1);
    if (first === undefined) return undefined;
    const unit = writeTree(first).length;
    return {
      name: `more entries in ${name}`,
      make: (size) => graft(longer(tree, Math.floor(size / unit))),
    };
  }
  if (typeof tree === 'string') return { name: `a longer ${name}`, make: (size) => graft('x'.repeat(size)) };
  if (tree instanceof Uint8Array) return { name: `longer ${name}`, make: (size) => graft(new Uint8Array(size)) };
  return undefined;
}

const MAX_SPOTS = 5;

/** Genuine inputs of which one part is blown up: different parts of different shapes. */
function graftShapes({ seeds }: Target): readonly Shape[] {
  const shapes: Shape[] = [];
  const known = new Set<string>();
  for (const seed of seeds.slice(0, 3)) {
    const item = decodeItem(seed);
    if (!item.ok) continue;
    const root = item.value;
    for (const spot of listSpots(root).toSorted((a, b) => a.path.length - b.path.length)) {
      const kind = isList(spot.tree) ? `${spot.path.length} ${shapeOf(spot.tree.at(-1) ?? null)}` : shapeOf(spot.tree);
      const shape = known.has(kind) ? undefined : growSpot(root, spot);
      if (!shape || shapes.length >= MAX_SPOTS) continue;
      known.add(kind);
      shapes.push(shape);
    }
  }
  return shapes;
}

const times = (text: string) => (size: number) => encoder.encode(text.repeat(Math.ceil(size / text.length)));

const TEXT_SHAPES: readonly Shape[] = [
  ...['9', ' ', '0', 'x', '1d', '1.', '-', '[', '{"a":', '\u00E9', 'e\u0301', '\u{1F600}', '\u0000', '9d '].map(
    (text) => ({
      name: `many ${JSON.stringify(text)}`,
      make: times(text),
    }),
  ),
  { name: 'an object of many keys', make: (size) => encoder.encode(manyKeys(size)) },
];

const manyKeys = (size: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: Math.floor(size / 12) }, (_, i) => [`k${i}`, i])));

function longText({ seeds }: Target): readonly Shape[] {
  const [seed] = seeds;
  if (!seed) return [];
  const text = new TextDecoder().decode(seed);
  const half = text.length >> 1;
  return [
    { name: 'the genuine text many times', make: times(text === '' ? 'x' : text) },
    {
      name: 'the genuine text with much in the middle',
      make: (size) => encoder.encode(`${text.slice(0, half)}${'a'.repeat(size)}${text.slice(half)}`),
    },
  ];
}

export function shapesOf(target: Target): readonly Shape[] {
  const own = target.shapes ?? [];
  if (target.input === 'text') return [...own, ...TEXT_SHAPES, ...longText(target)];
  return [...own, ...(target.name === 'decodeItem' ? ITEM_SHAPES : graftShapes(target))];
}
