import {
  decodeItem,
  encodeItem,
  equalBytes,
  getLeaf,
  isMinimalWitness,
  LIMITS,
  pruneTree,
  setLeaf,
  treeRoot,
  witnessFromItem,
  witnessToItem,
  type Item,
  type Tree,
} from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { seed, suite } from '../../../../tests/kit/index.ts';
import { naiveRoot, pathsWithCollisions, treeOf, type Entry } from '../support/trees.ts';
import { codeOf, expectOk, flipByte } from '../support/results.ts';

interface World {
  readonly entries: readonly Entry[];
  /** Paths that an operation touches: some of them hold a leaf, others do not. */
  readonly touched: readonly Uint8Array[];
}

const paths = fc.oneof(
  pathsWithCollisions,
  fc.nat(99).map((i) => seed('path', i)),
);

const worlds: fc.Arbitrary<World> = fc
  .record({
    entries: fc.uniqueArray(fc.record({ path: paths, value: fc.uint8Array({ maxLength: 8 }) }), {
      maxLength: 30,
      selector: ({ path }) => path.join(),
    }),
    inside: fc.array(fc.nat(), { maxLength: 4 }),
    anywhere: fc.array(paths, { maxLength: 3 }),
  })
  .map(({ entries, inside, anywhere }) => ({
    entries,
    touched: [...inside.flatMap((i) => entries.at(i % Math.max(entries.length, 1))?.path ?? []), ...anywhere],
  }));

/** As a verifier gets it: through the wire. */
const sent = (tree: Tree): Tree =>
  expectOk(witnessFromItem(suite, expectOk(decodeItem(encodeItem(witnessToItem(tree))))));

describe('CHN-10: a witness stands for the tree where it is touched', () => {
  property.prop([worlds])('it has the root of the tree', ({ entries, touched }) => {
    expect(treeRoot(sent(pruneTree(treeOf(entries), touched)))).toEqual(naiveRoot(entries));
  });

  property.prop([worlds])('it proves each touched leaf, or that there is none', ({ entries, touched }) => {
    const witness = sent(pruneTree(treeOf(entries), touched));
    for (const path of touched) {
      const held = entries.find((entry) => equalBytes(entry.path, path));
      expect(expectOk(getLeaf(witness, path))).toEqual(held?.value);
    }
  });

  property.prop([worlds, fc.uint8Array({ maxLength: 8 })])(
    'writing touched leaves gives the root of writing the tree',
    ({ entries, touched }, value) => {
      const written = touched.map((path) => ({ path, value }));
      const witness = sent(pruneTree(treeOf(entries), touched));
      expect(treeRoot(treeOf(written, witness))).toEqual(treeRoot(treeOf(written, treeOf(entries))));
    },
  );

  property.prop([worlds])('what lies behind a stub is neither read nor written: E_WITNESS', ({ entries, touched }) => {
    const witness = pruneTree(treeOf(entries), touched);
    const shown = JSON.stringify(witness);
    for (const { path, value } of entries) {
      if (shown.includes(JSON.stringify(path))) continue;
      expect(codeOf(getLeaf(witness, path))).toBe('E_WITNESS CHN-10');
      expect(codeOf(setLeaf(suite, witness, path, value))).toBe('E_WITNESS CHN-10');
    }
  });

  property.prop([worlds])('it is minimal for what is touched, and for no more', ({ entries, touched }) => {
    const tree = treeOf(entries);
    const witness = pruneTree(tree, touched);
    expect(isMinimalWitness(witness, touched)).toBe(true);
    for (const { path } of entries) {
      const more = pruneTree(tree, [...touched, path]);
      const same = equalBytes(encodeItem(witnessToItem(more)), encodeItem(witnessToItem(witness)));
      expect(isMinimalWitness(more, touched)).toBe(same);
    }
  });

  property.prop([worlds, fc.nat(), fc.integer({ min: 1, max: 255 })], { numRuns: 500 })(
    'one changed byte: refused, or another root',
    ({ entries, touched }, place, change) => {
      const bytes = encodeItem(witnessToItem(pruneTree(treeOf(entries), touched)));
      const item = decodeItem(flipByte(bytes, place % bytes.length, change));
      const changed = item.ok ? witnessFromItem(suite, item.value) : item;
      expect(changed.ok ? treeRoot(changed.value) : undefined).not.toEqual(naiveRoot(entries));
    },
  );

  test('a thousand leaves: the witness of one is about ten stubs', () => {
    const entries = Array.from({ length: 1_000 }, (_, i) => ({ path: seed('leaf', i), value: encodeItem(i) }));
    const tree = treeOf(entries);
    const witness = witnessToItem(pruneTree(tree, [seed('leaf', 500)])) as readonly Item[];
    expect(witness.filter((node) => node instanceof Uint8Array).length).toBeLessThan(25);
    expect(witness.filter((node) => Array.isArray(node)).length).toBeLessThanOrEqual(2);
  });
});

describe('CHN-10: what is no witness', () => {
  const leaf = (firstByte: number): Item => [new Uint8Array(32).fill(firstByte, 0, 1), Uint8Array.of(1)];
  const stub = seed('stub');
  const read = (item: Item): string => codeOf(witnessFromItem(suite, item));

  test.each<[string, Item, string]>([
    ['the empty tree', [0], 'ok'],
    ['one leaf', [leaf(0)], 'ok'],
    ['one stub', [stub], 'ok'],
    ['a node of a leaf and a stub', [1, leaf(0), stub], 'ok'],
    ['a node of an empty subtree and a stub', [1, 0, stub], 'ok'],
    ['no list', 'x', 'E_FORMAT CHN-10'],
    ['no list but a stub', stub, 'E_FORMAT CHN-10'],
    ['null', null, 'E_FORMAT CHN-10'],
    ['nothing', [], 'E_WITNESS CHN-10'],
    ['a node without subtrees', [1], 'E_WITNESS CHN-10'],
    ['a node with one subtree', [1, stub], 'E_WITNESS CHN-10'],
    ['something behind the tree', [0, 0], 'E_WITNESS CHN-10'],
    ['a node of two empty subtrees', [1, 0, 0], 'E_WITNESS CHN-10'],
    ['a leaf that was not moved up from the left', [1, leaf(0), 0], 'E_WITNESS CHN-10'],
    ['a leaf that was not moved up from the right', [1, 0, leaf(0x80)], 'E_WITNESS CHN-10'],
    ['a leaf on the wrong side', [1, leaf(0x80), stub], 'E_WITNESS CHN-10'],
    ['a leaf in the wrong place further down', [1, 1, leaf(0x40), stub, stub], 'E_WITNESS CHN-10'],
    ['a stub of zeros, which would be an empty subtree', [new Uint8Array(32)], 'E_WITNESS CHN-10'],
    ['a stub of 31 bytes', [new Uint8Array(31).fill(1)], 'E_WITNESS CHN-10'],
    ['a stub of 33 bytes', [new Uint8Array(33).fill(1)], 'E_WITNESS CHN-10'],
    ['an unknown number', [2], 'E_WITNESS CHN-10'],
    ['a text', ['x'], 'E_WITNESS CHN-10'],
    ['null in the list', [null], 'E_WITNESS CHN-10'],
    ['a leaf without a value', [[new Uint8Array(32)]], 'E_WITNESS CHN-10'],
    ['a leaf with more', [[new Uint8Array(32), new Uint8Array(1), 0]], 'E_WITNESS CHN-10'],
    ['a leaf with a text as value', [[new Uint8Array(32), 'x']], 'E_WITNESS CHN-10'],
    ['a leaf with a short path', [[new Uint8Array(31), new Uint8Array(1)]], 'E_WITNESS CHN-10'],
    ['a leaf above leafBytes', [[new Uint8Array(32), new Uint8Array(LIMITS.leafBytes + 1)]], 'E_WITNESS CHN-10'],
    ['deeper than 256', [...Array.from({ length: 257 }, () => 1), stub, stub], 'E_WITNESS CHN-10'],
    ['too many nodes', Array.from({ length: LIMITS.witnessNodes + 1 }, () => 1), 'E_LIMIT CHN-10'],
  ])('%s', (_, item, expected) => {
    expect(read(item)).toBe(expected);
  });

  property.prop([
    fc.array(fc.oneof(fc.nat(2), fc.constant(stub), fc.constant(leaf(0)), fc.constant(leaf(0x80))), { maxLength: 30 }),
  ])('any list of nodes is read or refused, never thrown', (nodes) => {
    const witness = witnessFromItem(suite, nodes);
    expect(witness.ok ? witnessToItem(witness.value) : nodes).toEqual(nodes);
  });
});
