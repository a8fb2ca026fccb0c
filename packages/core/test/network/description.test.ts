import { openNetwork, type NetworkDescription, type Result } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { entry, makeKey, makeNetwork, suite } from '../../../../tests/kit/index.ts';

const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : `${result.error.code} ${result.error.rule}`);

describe('NET-1: the description', () => {
  const { network } = makeNetwork();
  const open = (changes: Partial<NetworkDescription>) => openNetwork(suite, { ...network, ...changes });

  test('its id is that of its content: whatever changes, changes the id', () => {
    const ids = [
      {},
      { name: 'other' },
      { faults: 0 },
      { nodes: network.nodes.toReversed() },
      { deltaMs: 1 },
      { gapMs: 60_001 },
      { marginMs: 1 },
      { settleMs: 1 },
      { roundMs: 1 },
      { partitions: [0] },
    ].map((changes) => {
      const opened = open(changes);
      return opened.ok ? opened.value.id.join() : codeOf(opened);
    });
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toBe(network.id.join());
  });

  test.each<[string, Partial<NetworkDescription>]>([
    ['fewer than 3f + 1 nodes', { faults: 2 }],
    ['no nodes', { nodes: [], faults: 0 }],
    ['two nodes of one key', { nodes: [...network.nodes.slice(1), entry(network.nodes, 1)] }],
    ['a gap that is not above 2Δ', { gapMs: 20_000 }],
    ['no time to settle', { settleMs: 0 }],
  ])('%s is refused', (_, changes) => {
    expect(codeOf(open(changes))).toBe('E_FORMAT NET-1');
  });

  test('a gap just above 2Δ is accepted', () => expect(codeOf(open({ gapMs: 20_001 }))).toBe('ok'));
});

describe('NET-2: the quorum', () => {
  test.each([
    [1, 0, 1],
    [2, 0, 2],
    [3, 0, 2],
    [4, 1, 3],
    [5, 1, 4],
    [6, 1, 4],
    [7, 2, 5],
    [8, 2, 6],
    [10, 3, 7],
  ])('of %i nodes with f = %i is %i', (count, faults, quorum) => {
    const { nodes, ...description } = makeNetwork().network;
    const keys = Array.from({ length: count }, (_, i) => nodes[i] ?? makeKey(`node ${i}`).publicKey);
    const opened = openNetwork(suite, { ...description, nodes: keys, faults });
    expect(opened.ok && opened.value.quorum).toBe(quorum);
    // Two quorums meet in an honest node, and the honest nodes alone are one.
    expect(2 * quorum - count).toBeGreaterThan(faults);
    expect(count - faults).toBeGreaterThanOrEqual(quorum);
  });
});
