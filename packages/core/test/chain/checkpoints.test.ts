import { getCheckpoint, lookUp, stateHash, traverse, verifyCheckpoints, type Body } from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { countingSuite, seed, suite } from '../../../../tests/kit/index.ts';
import { bodyMutations, makeChain } from '../support/chains.ts';
import { codeOf, expectOk, nth } from '../support/results.ts';

const K = 64;
const LENGTH = 100_000;
const chain = makeChain(LENGTH, { k: K });
const read = (index: number): Body | undefined => chain.at(index);
const hashOf = (index: number) => stateHash(suite, nth(chain, index));

describe('CHN-8: GetCheckpoint(m) = max{ik ≤ m}', () => {
  test.each([
    [0, 64, 0],
    [1, 64, 0],
    [63, 64, 0],
    [64, 64, 64],
    [65, 64, 64],
    [127, 64, 64],
    [128, 64, 128],
    [99_999, 64, 99_968],
    [5, 1, 5],
  ])('m = %s, k = %s: %s', (m, k, expected) => {
    expect(getCheckpoint(m, k)).toBe(expected);
  });

  property.prop([fc.nat(10_000), fc.integer({ min: 1, max: 300 })])('the largest of all multiples', (m, k) => {
    const multiples = Array.from({ length: m + 1 }, (_, i) => i * k).filter((ik) => ik <= m);
    expect(getCheckpoint(m, k)).toBe(Math.max(...multiples));
  });
});

describe(`CHN-8: looking up a state among ${LENGTH}`, () => {
  const places = [0, 1, 63, 64, 65, 127, 4_095, 4_096, 31_337, 50_000, 99_904, 99_967, 99_968, 99_999];

  test.each(places)('Traverse to %s: the states from its checkpoint on, linked', (m) => {
    const states = expectOk(traverse(suite, read, m, K));
    expect(states.map(({ index }) => index)).toEqual(
      Array.from({ length: (m % K) + 1 }, (_, i) => getCheckpoint(m, K) + i),
    );
    expect(states.at(-1)).toBe(chain[m]);
    expect(states.length).toBeLessThanOrEqual(K);
  });

  test.each(places)('state %s costs at most k hashes and no signature, however long the chain', (m) => {
    const counting = countingSuite();
    const found = expectOk(lookUp(counting, read, hashOf(getCheckpoint(m, K)), m, K));
    expect(found).toEqual({ body: chain[m], hash: hashOf(m) });
    expect(counting.counts).toEqual({ hash: (m % K) + 1, sign: 0, verify: 0 });
    expect(counting.counts.hash).toBeLessThanOrEqual(K);
  });

  property.prop([fc.nat(LENGTH - 1)])('any state is found by its index', (m) => {
    const found = expectOk(lookUp(suite, read, hashOf(getCheckpoint(m, K)), m, K));
    expect(found.body.index).toBe(m);
  });

  test('a state that was changed since is refused, wherever it stands on the way', () => {
    const m = 31_337;
    for (let at = getCheckpoint(m, K); at < m; at++) {
      const mutations = bodyMutations(nth(chain, at));
      const [field, changed] = nth(mutations, at % mutations.length);
      const damaged = (index: number) => (index === at ? changed : chain.at(index));
      expect(codeOf(lookUp(suite, damaged, hashOf(getCheckpoint(m, K)), m, K)), `${field} of ${at}`).toMatch(
        /^E_LINK CHN-[38]$/,
      );
      expect(codeOf(traverse(suite, damaged, m, K)), `${field} of ${at}`).not.toBe('ok');
    }
  });

  test('the state itself, changed, is found under another hash than its successor names', () => {
    const changed = { ...nth(chain, 100), root: seed('other') };
    const found = expectOk(lookUp(suite, (i) => (i === 100 ? changed : chain.at(i)), hashOf(64), 100, K));
    expect(found.hash).not.toEqual(nth(chain, 101).prev);
  });

  test('a state that is not there is E_NOT_FOUND', () => {
    expect(codeOf(lookUp(suite, read, hashOf(99_968), LENGTH, K))).toBe('E_NOT_FOUND CHN-8');
    expect(codeOf(traverse(suite, read, LENGTH, K))).toBe('E_NOT_FOUND CHN-8');
    expect(codeOf(lookUp(suite, (i) => (i === 70 ? undefined : chain.at(i)), hashOf(64), 80, K))).toBe(
      'E_NOT_FOUND CHN-8',
    );
    expect(codeOf(lookUp(suite, read, hashOf(0), -1, K))).toBe('E_NOT_FOUND CHN-8');
  });

  test('another checkpoint, another chain and states in the wrong place are refused', () => {
    const other = makeChain(200, { k: K, name: 'b' });
    expect(codeOf(lookUp(suite, read, hashOf(128), 100, K))).toBe('E_LINK CHN-8');
    expect(codeOf(lookUp(suite, (i) => other[i], hashOf(64), 100, K))).toBe('E_LINK CHN-8');
    expect(codeOf(lookUp(suite, (i) => (i > 70 ? other[i] : chain[i]), hashOf(64), 100, K))).toBe('E_LINK CHN-3');
    expect(codeOf(lookUp(suite, (i) => chain[i + K], hashOf(64), 3, K))).toBe('E_LINK CHN-8');
    expect(codeOf(traverse(suite, (i) => chain[i + 1], 100, K))).toBe('E_LINK CHN-8');
  });
});

describe('CHN-8: the sparse index is verified from a trusted tip by its skips', () => {
  const tip = nth(chain, 50_000);
  const checkpoints = Array.from({ length: 782 }, (_, i) => nth(chain, (781 - i) * K));
  const verify = (given: readonly Body[], from = tip): string => codeOf(verifyCheckpoints(suite, from, given, K));

  test('all checkpoints, one hash each', () => {
    const counting = countingSuite();
    expectOk(verifyCheckpoints(counting, tip, checkpoints, K));
    expect(counting.counts.hash).toBe(Math.ceil(tip.index / K));
  });

  test('m = 0, 1 and the checkpoints themselves', () => {
    expect(verify([], chain[0])).toBe('ok');
    expect(verify([chain[0]], nth(chain, 1))).toBe('ok');
    expect(verify([chain[0]], nth(chain, 64))).toBe('ok');
    expect(verify([nth(chain, 64), chain[0]], nth(chain, 65))).toBe('ok');
  });

  test('a missing one is E_INCOMPLETE at the end and E_LINK before', () => {
    expect(verify(checkpoints.slice(0, -1))).toBe('E_INCOMPLETE CHN-8');
    expect(verify([])).toBe('E_INCOMPLETE CHN-8');
    expect(verify(checkpoints.slice(1))).toBe('E_LINK CHN-8');
    expect(verify(checkpoints.toSpliced(300, 1))).toBe('E_LINK CHN-8');
  });

  test('a planted one, a surplus one and any changed field are E_LINK', () => {
    const other = nth(makeChain(65, { k: K, name: 'b' }), 64);
    expect(verify(checkpoints.with(780, other))).toBe('E_LINK CHN-8');
    expect(verify([...checkpoints, chain[0]])).toBe('E_LINK CHN-8');
    expect(verify([tip, ...checkpoints])).toBe('E_LINK CHN-8');
    for (const [, changed] of bodyMutations(nth(checkpoints, 400))) {
      expect(verify(checkpoints.with(400, changed))).toBe('E_LINK CHN-8');
    }
  });
});
