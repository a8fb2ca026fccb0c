import { editLeaves, EMPTY_TREE, LIMITS, ok, type Codec } from '@dsm/core';
import { expect, test } from 'vitest';
import { makeNetwork } from '../../../../tests/kit/index.ts';
import { codeOf } from '../support/results.ts';

const plain: Codec<Uint8Array> = { toItem: (value) => value, fromItem: (item) => ok(item as Uint8Array) };

test('CHN-9: a leaf has 4096 bytes at most, and one that is larger is not written', () => {
  const leaves = editLeaves(makeNetwork().suite, EMPTY_TREE);
  const write = (bytes: number): string => codeOf(leaves.write('name', plain, new Uint8Array(bytes)));
  // Three bytes say how long it is.
  expect(write(LIMITS.leafBytes - 3)).toBe('ok');
  const before = leaves.tree();
  expect(write(LIMITS.leafBytes - 2)).toBe('E_LIMIT CHN-9');
  expect(leaves.tree()).toBe(before);
});
