/**
 * After a mutation of something that is named by its hash, nothing finds it any more. Mending gives bodies, operations,
 * policies and witnesses their new names wherever the old ones stand, and signs anew, so that a hostile value reaches
 * the rule that must refuse it: what an adversary does who signs with a key of its own.
 */
import {
  bundleItemCodec,
  chainIdOf,
  encodeItem,
  firstEntropy,
  hashOperation,
  nextEntropy,
  precommitment,
  stateHash,
  toHex,
  tokenId,
  treeRoot,
  type Body,
  type BundleItem,
  type Item,
} from '@dsm/core';
import type { FuzzSuite } from '../suite.ts';
import { isList, listSpots, type Tree } from './tree.ts';

/** Old name in hexadecimal to the new one. */
type Names = ReadonlyMap<string, Uint8Array>;

const PASSES = 6;

const isBundleItem = (tree: Tree): boolean =>
  isList(tree) && typeof tree[0] === 'number' && tree[0] >= 1 && tree[0] <= 7 && tree.length >= 2;

function readItem(suite: FuzzSuite, tree: Tree): BundleItem | undefined {
  if (!isBundleItem(tree)) return undefined;
  const item = bundleItemCodec(suite).fromItem(tree as Item, 'item');
  return item.ok ? item.value : undefined;
}

/** Bundle items of both trees, by place. */
function pairsOf(suite: FuzzSuite, old: Tree, changed: Tree): readonly (readonly [BundleItem, BundleItem])[] {
  const before = new Map(listSpots(old).map(({ path, tree }) => [path.join(), tree]));
  return listSpots(changed).flatMap(({ path, tree }) => {
    const was = before.get(path.join());
    const [a, b] = [was && readItem(suite, was), readItem(suite, tree)];
    return a && b && a.type === b.type ? [[a, b] as const] : [];
  });
}

function renamed(suite: FuzzSuite, a: BundleItem, b: BundleItem): readonly (readonly [Uint8Array, Uint8Array])[] {
  if (a.type === 'body' && b.type === 'body') return renamedBody(suite, a.body, b.body);
  if (a.type === 'operation' && b.type === 'operation') {
    return [[hashOperation(suite, a.operation), hashOperation(suite, b.operation)]];
  }
  if (a.type === 'policy' && b.type === 'policy') return [[tokenId(suite, a.policy), tokenId(suite, b.policy)]];
  if (a.type === 'witness' && b.type === 'witness') return [[treeRoot(a.tree), treeRoot(b.tree)]];
  return [];
}

function renamedBody(suite: FuzzSuite, a: Body, b: Body): readonly (readonly [Uint8Array, Uint8Array])[] {
  const names: (readonly [Uint8Array, Uint8Array])[] = [[stateHash(suite, a), stateHash(suite, b)]];
  if (a.index === 0 && b.index === 0) {
    const chain = chainIdOf(suite, b);
    names.push([a.chain, chain], [a.entropy, firstEntropy(suite, chain)]);
  }
  return names;
}

/** Fields of a state that follow from its predecessor and its operation. */
function renamedLinks(suite: FuzzSuite, bodies: readonly Body[]): readonly (readonly [Uint8Array, Uint8Array])[] {
  const byHash = new Map(bodies.map((body) => [toHex(stateHash(suite, body)), body]));
  return bodies.flatMap((body) => {
    const parent = byHash.get(toHex(body.prev));
    if (!parent) return [];
    const entropy = nextEntropy(suite, parent.entropy, body.op, body.index);
    const precommit = precommitment(suite, body.prev, body.op, entropy);
    return [
      [body.entropy, entropy],
      [body.precommit, precommit],
    ] as const;
  });
}

function replaceNames(tree: Tree, names: Names): Tree {
  if (tree instanceof Uint8Array) return tree.length === 32 ? (names.get(toHex(tree)) ?? tree) : tree;
  return isList(tree) ? tree.map((entry) => replaceNames(entry, names)) : tree;
}

const differing = (names: readonly (readonly [Uint8Array, Uint8Array])[]): Names =>
  new Map(names.map(([from, to]) => [toHex(from), to] as const).filter(([from, to]) => from !== toHex(to)));

/** Every signature in the tree over what it now signs. */
function signAnew(suite: FuzzSuite, root: Tree, bodies: ReadonlyMap<string, Body>): Tree {
  const visit = (tree: Tree): Tree => {
    if (!isList(tree)) return tree;
    const item = readItem(suite, tree);
    if (item?.type === 'signature') {
      const body = bodies.get(toHex(item.subject));
      if (!body || item.purpose === 'claim') return tree;
      const { network, chain, index } = body;
      const message = encodeItem([network, chain, index, index, item.subject]);
      return [...tree.slice(0, 5), suite.signForAll(item.purpose, message, item.signature.length)];
    }
    return tree.map(visit);
  };
  return visit(root);
}

/** Follows the changes of names up to `PASSES` links, then signs. */
export function mend(suite: FuzzSuite, old: Tree, changed: Tree): Tree {
  const pairs = pairsOf(suite, old, changed);
  let names = differing(pairs.flatMap(([a, b]) => renamed(suite, a, b)));
  if (names.size === 0) return changed;
  let tree = changed;
  for (let pass = 0; pass < PASSES && names.size > 0; pass++) {
    const next = replaceNames(tree, names);
    const again = pairsOf(suite, tree, next);
    const bodies = again.flatMap(([, item]) => (item.type === 'body' ? [item.body] : []));
    names = differing([...again.flatMap(([a, b]) => renamed(suite, a, b)), ...renamedLinks(suite, bodies)]);
    tree = next;
  }
  const bodies = listSpots(tree).flatMap(({ tree: part }) => {
    const item = readItem(suite, part);
    return item?.type === 'body' ? [[toHex(stateHash(suite, item.body)), item.body] as const] : [];
  });
  return signAnew(suite, tree, new Map(bodies));
}
