import {
  chainIdOf,
  encodeItem,
  firstEntropy,
  genesisBody,
  nextBody,
  nextEntropy,
  nextSkip,
  precommitment,
  stateHash,
  ZERO_HASH,
  type Body,
  type Item,
  type NetworkId,
  type StateHash,
} from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { seed, suite } from '../../../../tests/kit/index.ts';
import { makeChain } from '../support/chains.ts';
import { nth } from '../support/results.ts';

/** H(tag, x) of ENC-5, from nothing but the port and the codec. */
const H = (tag: string, x: Item): Uint8Array => suite.hash(tag, encodeItem(x));

const ZERO = new Uint8Array(32);
const KINDS = { identity: 1, account: 2, half: 3, vault: 4, strand: 5 };
const itemOf = (s: Body): Item => [
  1,
  KINDS[s.kind],
  s.network,
  s.chain,
  s.index,
  s.prev,
  s.entropy,
  s.precommit,
  s.op,
  [s.window.from, s.window.until],
  s.root,
  s.skip,
];

const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 });
const [first, second, third] = makeChain(3, { k: 2 }) as [Body, Body, Body];

describe('the formulas of the chain, spelled out', () => {
  test('CHN-1: H(S_n) = H("state", [version, kind, network, chain, index, prev, entropy, precommit, op, window, root, skip])', () => {
    for (const body of [first, second, third]) expect(stateHash(suite, body)).toEqual(H('state', itemOf(body)));
  });

  property.prop([fc.constantFrom('identity', 'account', 'half', 'vault'), hashes, hashes, fc.maxSafeNat()])(
    'CHN-4: chain = H("chain", genesis body with chain and entropy empty)',
    (kind, op, root, until) => {
      const empty = new Uint8Array(0);
      const network = seed('network') as NetworkId;
      const window = { from: 3, until };
      const zeros = [ZERO, empty, ZERO];
      const body = [1, KINDS[kind], network, empty, 0, ...zeros, op, [3, until], root, ZERO];
      const genesis = genesisBody(suite, { kind, network, op, window, root });
      expect(genesis.chain).toEqual(H('chain', body));
      expect(chainIdOf(suite, genesis)).toEqual(genesis.chain);
      expect(itemOf(genesis)).toEqual([
        1,
        KINDS[kind],
        network,
        genesis.chain,
        0,
        ZERO,
        H('entropy-0', genesis.chain),
        ZERO,
        op,
        [3, until],
        root,
        ZERO,
      ]);
    },
  );

  test('CHN-5: e_0 = H("entropy-0", chain)', () => {
    expect(firstEntropy(suite, first.chain)).toEqual(H('entropy-0', first.chain));
    expect(first.entropy).toEqual(H('entropy-0', first.chain));
  });

  property.prop([hashes, hashes, fc.maxSafeNat()])(
    'CHN-5: e_{n+1} = H("entropy", [e_n, op_{n+1}, n + 1])',
    (e, op, index) => {
      expect(nextEntropy(suite, e, op, index)).toEqual(H('entropy', [e, op, index]));
    },
  );

  property.prop([hashes, hashes, hashes])(
    'CHN-6: C_pre = H("precommit", [H(S_n), op_{n+1}, e_{n+1}])',
    (previous, op, e) => {
      expect(precommitment(suite, previous as StateHash, op, e)).toEqual(H('precommit', [previous, op, e]));
    },
  );

  test('CHN-3 to CHN-8: every field of S_{n+1} from S_n and the operation', () => {
    const window = { from: 5, until: 9 };
    for (const [index, parent] of [first, second, third].entries()) {
      const next = nextBody(suite, parent, { op: seed('op'), window, root: seed('root'), k: 2 });
      const previous = H('state', itemOf(parent));
      const entropy = H('entropy', [parent.entropy, seed('op'), index + 1]);
      expect(itemOf(next)).toEqual([
        1,
        2,
        parent.network,
        parent.chain,
        index + 1,
        previous,
        entropy,
        H('precommit', [previous, seed('op'), entropy]),
        seed('op'),
        [5, 9],
        seed('root'),
        index % 2 === 0 ? previous : parent.skip,
      ]);
    }
  });

  test('CHN-6: the pre-commitment names one successor: another operation or another parent has another', () => {
    const step = { op: seed('op'), window: { from: 5, until: 9 }, root: seed('root'), k: 2 };
    const next = nextBody(suite, first, step);
    expect(nextBody(suite, first, step)).toEqual(next);
    expect(nextBody(suite, first, { ...step, op: seed('another op') }).precommit).not.toEqual(next.precommit);
    expect(nextBody(suite, second, step).precommit).not.toEqual(next.precommit);
  });
});

describe('CHN-8: skip names the newest checkpoint', () => {
  test.each([1, 2, 3, 7, 64])('k = %s: skip_{n+1} = H(S_n) if k divides n, else skip_n', (k) => {
    const chain = makeChain(20, { k });
    expect(chain[0].skip).toEqual(ZERO_HASH);
    for (const [index, body] of chain.entries()) {
      if (index === 0) continue;
      const checkpoint = nth(chain, Math.floor((index - 1) / k) * k);
      expect(body.skip).toEqual(H('state', itemOf(checkpoint)));
      expect(nextSkip(nth(chain, index - 1), body.prev, k)).toEqual(body.skip);
    }
  });
});
