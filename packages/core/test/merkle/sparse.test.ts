import {
  amount,
  editLeaves,
  EMPTY_TREE,
  encodeItem,
  equalBytes,
  getLeaf,
  hashItem,
  label,
  leafPath,
  LIMITS,
  listLeaves,
  setLeaf,
  treeRoot,
  uint,
  ZERO_HASH,
  type Tree,
} from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { suite } from '../../../../tests/kit/index.ts';
import { naiveRoot, pathsWithCollisions, treeOf, type Entry } from '../support/trees.ts';
import { codeOf, expectOk, nth } from '../support/results.ts';

const entries: fc.Arbitrary<readonly Entry[]> = fc.uniqueArray(
  fc.record({ path: pathsWithCollisions, value: fc.uint8Array({ maxLength: 8 }) }),
  { maxLength: 24, selector: ({ path }) => path.join() },
);

describe('CHN-9: the sparse Merkle tree', () => {
  property.prop([entries])('has the root of the definition, recomputed over all leaves', (all) => {
    expect(treeRoot(treeOf(all))).toEqual(naiveRoot(all));
  });

  property.prop([
    entries.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all], { minLength: all.length }))),
  ])('does not depend on the order of writing', ([all, shuffled]) => {
    expect(treeRoot(treeOf(shuffled))).toEqual(treeRoot(treeOf(all)));
  });

  property.prop([entries, fc.uint8Array({ maxLength: 4 })])('a leaf written twice has the last value', (all, value) => {
    const twice = treeOf([...all, ...all.map(({ path }) => ({ path, value })), ...all]);
    expect(treeRoot(twice)).toEqual(naiveRoot(all));
  });

  property.prop([entries, pathsWithCollisions])(
    'answers every value written, and that no other is there',
    (all, other) => {
      const tree = treeOf(all);
      for (const { path, value } of all) expect(expectOk(getLeaf(tree, path))).toEqual(value);
      const written = all.find(({ path }) => equalBytes(path, other));
      expect(expectOk(getLeaf(tree, other))).toEqual(written?.value);
      expect(listLeaves(tree)).toHaveLength(all.length);
    },
  );

  property.prop([entries, fc.nat(), fc.uint8Array({ maxLength: 8 })])(
    'any other value has another root',
    (all, which, value) => {
      fc.pre(all.length > 0);
      const changed = nth(all, which % all.length);
      fc.pre(!equalBytes(changed.value, value));
      expect(treeRoot(treeOf([...all, { path: changed.path, value }]))).not.toEqual(naiveRoot(all));
    },
  );

  property.prop([entries, pathsWithCollisions, fc.uint8Array({ maxLength: 8 })])(
    'writing leaves the old tree as it was',
    (all, path, value) => {
      const before = treeOf(all);
      setLeaf(suite, before, path, value);
      expect(treeRoot(before)).toEqual(naiveRoot(all));
    },
  );

  test('subtrees: without leaves zero, with one its leaf at any height, else a node', () => {
    const left = new Uint8Array(32);
    const right = new Uint8Array(32).fill(0x80, 0, 1);
    const leafHash = (path: Uint8Array) => hashItem(suite, 'smt-leaf', [path, Uint8Array.of(1)]);
    const one = treeOf([{ path: left, value: Uint8Array.of(1) }]);
    expect(treeRoot(EMPTY_TREE)).toEqual(ZERO_HASH);
    expect(treeRoot(one)).toEqual(leafHash(left));
    const two = treeOf([left, right].map((path) => ({ path, value: Uint8Array.of(1) })));
    expect(treeRoot(two)).toEqual(hashItem(suite, 'smt-node', [leafHash(left), leafHash(right)]));
  });

  test('two paths that part at the last bit make a tree 256 deep', () => {
    const a = new Uint8Array(32);
    const b = new Uint8Array(32).fill(1, 31);
    const tree = treeOf([a, b].map((path) => ({ path, value: path.slice(31) })));
    expect(expectOk(getLeaf(tree, a))).toEqual(Uint8Array.of(0));
    expect(expectOk(getLeaf(tree, b))).toEqual(Uint8Array.of(1));
    expect(treeRoot(tree)).toEqual(naiveRoot([a, b].map((path) => ({ path, value: path.slice(31) }))));
  });

  test('the path of a leaf is the hash of its name', () => {
    const name = ['balance', new Uint8Array(32)];
    expect(leafPath(suite, name)).toEqual(suite.hash('leaf-path', encodeItem(name)));
  });
});

describe('CHN-9: reading and writing named leaves', () => {
  const start: Tree = treeOf([{ path: leafPath(suite, ['n']), value: encodeItem(7) }]);

  test('remembers each leaf that was read or written, once', () => {
    const leaves = editLeaves(suite, start);
    expect(expectOk(leaves.read(['n'], uint()))).toBe(7);
    expect(expectOk(leaves.read(['absent'], uint()))).toBeUndefined();
    expectOk(leaves.write(['n'], uint(), 8));
    expectOk(leaves.write(['new'], amount, 2n ** 100n));
    expect(expectOk(leaves.read(['n'], uint()))).toBe(8);
    const touched = leaves.touched().map((path) => path.join());
    expect(touched.toSorted()).toEqual(
      [['n'], ['absent'], ['new']].map((name) => leafPath(suite, name).join()).toSorted(),
    );
    expect(listLeaves(leaves.tree())).toHaveLength(2);
    expect(listLeaves(start)).toHaveLength(1);
  });

  test('a value of another shape is refused, never thrown', () => {
    const broken = treeOf([{ path: leafPath(suite, ['n']), value: Uint8Array.of(0x18, 0x01) }]);
    expect(codeOf(editLeaves(suite, start).read(['n'], label(9)))).toBe('E_FORMAT ENC-3');
    expect(codeOf(editLeaves(suite, broken).read(['n'], uint()))).toBe('E_ENCODING ENC-1');
  });

  test('a value above leafBytes is E_LIMIT and not written', () => {
    const leaves = editLeaves(suite, start);
    const text = label(2 * LIMITS.leafBytes);
    expect(codeOf(leaves.write(['n'], text, 'x'.repeat(LIMITS.leafBytes - 3)))).toBe('ok');
    const root = treeRoot(leaves.tree());
    expect(codeOf(leaves.write(['n'], text, 'x'.repeat(LIMITS.leafBytes - 2)))).toBe('E_LIMIT CHN-9');
    expect(treeRoot(leaves.tree())).toEqual(root);
  });
});
