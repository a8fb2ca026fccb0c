import {
  encodeWith,
  hashItem,
  LIMITS,
  networkCodec,
  openNetwork,
  SIGNATURE_ALGORITHMS,
  type Item,
  type NetworkDescription,
  type PublicKey,
  type SignatureAlgorithm,
} from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { makeKey, makeNetwork, suite } from '../../../../tests/kit/index.ts';
import { codeOf, expectOk, nth } from '../support/results.ts';

const keys: readonly PublicKey[] = Array.from({ length: 10 }, (_, i) => makeKey(`description ${i}`).publicKey);
const { network } = makeNetwork();
const { id: _, quorum: __, ...description } = network;

const open = (change: Partial<NetworkDescription>) => openNetwork(suite, { ...description, ...change });

describe('NET-2: q = floor((n + f) / 2) + 1', () => {
  test.each([
    [1, 0, 1],
    [2, 0, 2],
    [3, 0, 2],
    [4, 0, 3],
    [4, 1, 3],
    [5, 1, 4],
    [6, 1, 4],
    [7, 1, 5],
    [7, 2, 5],
    [8, 2, 6],
    [9, 2, 6],
    [10, 2, 7],
    [10, 3, 7],
  ])('n = %s, f = %s: q = %s', (n, faults, quorum) => {
    expect(expectOk(open({ nodes: keys.slice(0, n), faults })).quorum).toBe(quorum);
  });

  property.prop([fc.integer({ min: 1, max: 10 }), fc.nat(3)])(
    'any two quorums share an honest node, and the honest nodes are a quorum',
    (n, faults) => {
      fc.pre(n >= 3 * faults + 1);
      const { quorum } = expectOk(open({ nodes: keys.slice(0, n), faults }));
      expect(2 * quorum - n).toBeGreaterThan(faults);
      expect(n - faults).toBeGreaterThanOrEqual(quorum);
      // The next smaller number would not do: the trap of 2f + 1 when n > 3f + 1.
      expect(2 * (quorum - 1) - n).toBeLessThanOrEqual(faults);
    },
  );

  test('2f + 1 is no quorum when n > 3f + 1: two such sets of n = 6 may share no honest node', () => {
    const { quorum } = expectOk(open({ nodes: keys.slice(0, 6), faults: 1 }));
    expect(2 * 3 - 6).toBeLessThanOrEqual(1);
    expect(quorum).toBeGreaterThan(3);
  });

  test.each([
    [3, 1],
    [6, 2],
    [9, 3],
    [1, 1],
  ])('n = %s with f = %s is refused', (n, faults) => {
    expect(codeOf(open({ nodes: keys.slice(0, n), faults }))).toBe('E_FORMAT NET-1');
  });
});

describe('NET-1: a network is its description', () => {
  test('id = H("network", description)', () => {
    expect(network.id).toEqual(hashItem(suite, 'network', networkCodec.toItem(description)));
    expect(network.id).toEqual(suite.hash('network', encodeWith(networkCodec, description)));
  });

  test.each<[string, Partial<NetworkDescription>]>([
    ['name', { name: 'other' }],
    ['faults', { faults: 0 }],
    ['nodes', { nodes: description.nodes.toReversed() }],
    ['deltaMs', { deltaMs: 1 }],
    ['gapMs', { gapMs: description.gapMs + 1 }],
    ['marginMs', { marginMs: description.marginMs + 1 }],
    ['settleMs', { settleMs: 1 }],
    ['roundMs', { roundMs: 1 }],
    ['partitions', { partitions: [128] }],
  ])('another %s is another network', (_name, change) => {
    expect(expectOk(open(change)).id).not.toEqual(network.id);
  });

  test.each<[string, Partial<NetworkDescription>, string]>([
    ['two nodes of one key', { nodes: description.nodes.with(3, nth(description.nodes, 0)) }, 'E_FORMAT NET-1'],
    ['no nodes', { nodes: [], faults: 0 }, 'E_FORMAT NET-1'],
    ['a gap of 2Δ', { gapMs: 2 * description.deltaMs }, 'E_FORMAT NET-1'],
    ['no time to settle', { settleMs: 0 }, 'E_FORMAT NET-1'],
    ['a wait of nothing between rounds', { roundMs: 0 }, 'E_FORMAT NET-1'],
    ['a margin of Δ', { marginMs: description.deltaMs }, 'E_FORMAT NET-1'],
    ['a gap of more than a hundred years', { gapMs: LIMITS.networkMs + 1 }, 'E_LIMIT NET-1'],
    ['a D of more than a hundred years', { settleMs: LIMITS.networkMs + 1 }, 'E_LIMIT NET-1'],
  ])('%s is refused', (_name, change, expected) => {
    expect(codeOf(open(change))).toBe(expected);
  });

  // 32 bytes that nobody has the secret of are a key as good as any.
  const manyKeys = (n: number, algorithm: SignatureAlgorithm) => ({
    nodes: Array.from({ length: n }, (_node, i): PublicKey => {
      const { publicKeyBytes } = SIGNATURE_ALGORITHMS[algorithm];
      return { algorithm, bytes: Uint8Array.from({ length: publicKeyBytes }, (_byte, at) => (at === 0 ? i : 0)) };
    }),
    faults: Math.floor((n - 1) / 3),
  });

  test.each<[SignatureAlgorithm, number]>([
    ['slh-dsa-sha2-128f', 21],
    ['slh-dsa-sha2-128s', 28],
    ['ml-dsa-44', 43],
  ])(
    'NET-1, NET-28: of nodes that sign with %s at most %s, so that the largest proposal is read',
    (algorithm, most) => {
      expect(codeOf(open(manyKeys(most, algorithm)))).toBe('ok');
      expect(codeOf(open(manyKeys(most + 1, algorithm)))).toBe('E_LIMIT NET-1');
    },
  );

  test('a gap just above 2Δ and a margin just above Δ are admitted', () => {
    expect(codeOf(open({ gapMs: 2 * description.deltaMs + 1, marginMs: description.deltaMs + 1 }))).toBe('ok');
  });

  test.each<[string, Partial<NetworkDescription>, string]>([
    ['another version', { version: 2 as 1 }, 'E_FORMAT ENC-3'],
    ['65 nodes', { nodes: Array.from({ length: 65 }, () => nth(keys, 0)) }, 'E_LIMIT ENC-2'],
    ['no name', { name: '' }, 'E_FORMAT ENC-3'],
    ['a partition above 255', { partitions: [256] }, 'E_FORMAT ENC-3'],
  ])('%s has no encoding that is read', (_name, change, expected) => {
    const items = networkCodec.toItem({ ...description, ...change }) as readonly Item[];
    const item = change.version === undefined ? items : items.with(0, change.version);
    expect(codeOf(networkCodec.fromItem(item, 'network'))).toBe(expected);
  });
});
