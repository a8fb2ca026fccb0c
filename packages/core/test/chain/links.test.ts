import { stateHash, verifyGenesisBody, verifyLinks, type Body } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { seed, suite } from '../../../../tests/kit/index.ts';
import { bodyMutations, makeChain } from '../support/chains.ts';
import { codeOf, expectOk, nth } from '../support/results.ts';

const chain = makeChain(12, { k: 4 });
const verify = (states: readonly Body[], k?: number): string => codeOf(verifyLinks(suite, states, k));

describe('CHN-3: Verify(S_i, S_j)', () => {
  test('holds for every run of a chain and answers the hash of its last state', () => {
    for (let from = 0; from < chain.length; from++) {
      for (let to = from; to < chain.length; to++) {
        const run = chain.slice(from, to + 1);
        expect(expectOk(verifyLinks(suite, run, 4))).toEqual(stateHash(suite, nth(chain, to)));
        expect(verify(run)).toBe('ok');
      }
    }
  });

  test('an empty run proves nothing', () => {
    expect(verify([])).toBe('E_INCOMPLETE CHN-3');
  });

  test('a state left out, repeated, swapped or of another chain is refused', () => {
    const [a, b, c] = chain.slice(4, 7) as [Body, Body, Body];
    const other = nth(makeChain(12, { k: 4, name: 'b' }), 5);
    for (const run of [
      [a, c],
      [a, a, b],
      [b, a, c],
      [c, b, a],
      [a, other, c],
      [a, { ...b, index: 9 }],
    ]) {
      expect(verify(run, 4)).toMatch(/^E_(LINK|CHAIN) CHN-3$/);
    }
  });

  test('any changed field of a state below the last breaks a link', () => {
    for (let at = 3; at < 8; at++) {
      for (const [field, changed] of bodyMutations(nth(chain, at))) {
        expect(verify(chain.with(at, changed), 4), `${field} of ${at}`).not.toBe('ok');
        expect(verify(chain.with(at, changed)), `${field} of ${at}, k unknown`).not.toBe('ok');
      }
    }
  });

  test.each<[keyof Body, string]>([
    ['kind', 'E_CHAIN CHN-3'],
    ['network', 'E_NETWORK CHN-3'],
    ['chain', 'E_CHAIN CHN-3'],
    ['index', 'E_LINK CHN-3'],
    ['prev', 'E_LINK CHN-3'],
    ['entropy', 'E_LINK CHN-5'],
    ['precommit', 'E_LINK CHN-6'],
    ['op', 'E_LINK CHN-5'],
    ['skip', 'E_LINK CHN-8'],
  ])('a changed %s of the last state is %s', (field, expected) => {
    const run = chain.slice(4, 8);
    const mutations = new Map(bodyMutations(nth(chain, 7)));
    expect(verify(run.with(3, mutations.get(field) as Body), 4)).toBe(expected);
  });

  test('root and window of the last state are bound by its hash alone', () => {
    const mutations = new Map(bodyMutations(nth(chain, 11)));
    for (const field of ['root', 'window'] as const) {
      const found = expectOk(verifyLinks(suite, chain.with(11, mutations.get(field) as Body), 4));
      expect(found).not.toEqual(stateHash(suite, nth(chain, 11)));
    }
  });

  test('CHN-7: a window that ends before it begins is E_WINDOW', () => {
    const backwards = { ...nth(chain, 11), window: { from: 2, until: 1 } };
    expect(verify(chain.with(11, backwards), 4)).toBe('E_WINDOW CHN-7');
  });

  test('CHN-8: a planted checkpoint is refused, another k is too', () => {
    const planted = { ...nth(chain, 6), skip: stateHash(suite, nth(makeChain(9, { name: 'b' }), 4)) };
    expect(verify(chain.slice(4).with(2, planted), 4)).toBe('E_LINK CHN-8');
    expect(verify(chain.slice(0, 9), 5)).toBe('E_LINK CHN-8');
    expect(verify(chain, 1)).toBe('E_LINK CHN-8');
  });
});

describe('CHN-4: a genesis is bound to its chain id', () => {
  test('the genesis of a chain holds, no later state does', () => {
    expect(codeOf(verifyGenesisBody(suite, chain[0]))).toBe('ok');
    expect(codeOf(verifyGenesisBody(suite, nth(chain, 1)))).toBe('E_CHAIN CHN-4');
  });

  test.each(bodyMutations(chain[0]))('a changed %s is refused', (_, changed) => {
    expect(codeOf(verifyGenesisBody(suite, changed))).toMatch(/^E_CHAIN CHN-[45]$/);
  });

  test('CHN-5: the first entropy follows from the chain id', () => {
    expect(codeOf(verifyGenesisBody(suite, { ...chain[0], entropy: seed('other') }))).toBe('E_CHAIN CHN-5');
  });

  test('one operation begins another chain on another network', () => {
    const network = seed('another network') as Body['network'];
    expect(codeOf(verifyGenesisBody(suite, { ...chain[0], network }))).toBe('E_CHAIN CHN-4');
  });
});
