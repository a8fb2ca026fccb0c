import {
  relationshipPairs,
  replayHalf,
  stateHash,
  ZERO_HASH,
  type Accept,
  type HalfState,
  type Pay,
  type RelationshipPair,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { contextOf, seed } from '../../../../tests/kit/index.ts';
import { accept, makeExchange, pay, type Exchange } from '../support/exchange.ts';
import { codeOf, expectOk, nth } from '../support/results.ts';

const exchange = makeExchange();
const { net, payer, payee, reservation } = exchange;
const { suite } = net;

/** The exchange seen from the other side: Bob pays Alice out of a reservation of his own. */
const reversed = { ...exchange, alice: exchange.bob, bob: exchange.alice, payer: payee, payee: payer };

const pairs = (first: readonly HalfState[] = payer.states, second: readonly HalfState[] = payee.states) =>
  relationshipPairs(contextOf(net), first, second);
const indexes = (found: readonly RelationshipPair[]): readonly string[] =>
  found.map((pair) => `${pair.payer}: ${pair.payment.index} with ${pair.accept.index}`);
const paid = (amount: bigint): void => {
  const step = pay(exchange, amount);
  accept(exchange, step);
};

describe('REL-20: Rel = {(S^A_m1, S^B_p1), (S^A_m2, S^B_p2), …}', () => {
  test('of halves that are just begun: nothing', () => {
    expect(expectOk(pairs())).toEqual([]);
  });

  test('every payment with the state that accepted it', () => {
    paid(10n);
    paid(20n);
    const found = expectOk(pairs());
    expect(indexes(found)).toEqual(['first: 1 with 1', 'first: 2 with 2']);
    for (const { payment, accept: accepted } of found) {
      const { operation } = nth(payee.states, accepted.index).operation as { operation: Accept };
      expect(operation.precommit).toEqual(payment.precommit);
      expect(operation.state).toEqual(stateHash(suite, payment));
    }
  });

  test('accepts of payments that were never made are skipped', () => {
    const offered = { body: { ...payer.tip, index: 9, precommit: seed('never') }, hash: seed('never') as never };
    accept(exchange, offered, { seen: { index: payer.tip.index, hash: stateHash(suite, payer.tip) } });
    paid(30n);
    expect(indexes(expectOk(pairs()))).toEqual(['first: 1 with 1', 'first: 2 with 2', 'first: 3 with 4']);
  });

  test('payments in both directions, and from either side', () => {
    const vault = seed('reservation of bob') as typeof reservation.vault;
    accept(reversed, pay(reversed, 5n, { vault, total: 5n }));
    expect(indexes(expectOk(pairs())).at(-1)).toBe('second: 5 with 4');
    expect(indexes(expectOk(pairs(payee.states, payer.states)))).toEqual([
      'first: 5 with 4',
      'second: 1 with 1',
      'second: 2 with 2',
      'second: 3 with 4',
    ]);
  });
});

describe('REL-20: refused', () => {
  const changed = (
    states: readonly HalfState[],
    at: number,
    change: Partial<Pay> | Partial<Accept>,
  ): readonly HalfState[] => {
    const state = nth(states, at);
    const operation = { ...state.operation.operation, ...change };
    return states.toSpliced(at, 1, { ...state, operation: { kind: 'half', operation } as HalfState['operation'] });
  };

  test('a half without states is incomplete', () => {
    expect(codeOf(pairs([], payee.states))).toBe('E_INCOMPLETE REL-20');
    expect(codeOf(pairs(payer.states, []))).toBe('E_INCOMPLETE REL-20');
  });

  test('a payment that nobody accepted is incomplete', () => {
    expect(codeOf(pairs(payer.states, payee.states.slice(0, 2)))).toMatch(/^E_(INCOMPLETE|LINK) REL-20$/);
    const alone = makeExchange();
    pay(alone, 1n);
    expect(codeOf(relationshipPairs(contextOf(alone.net), alone.payer.states, alone.payee.states))).toBe(
      'E_INCOMPLETE REL-20',
    );
  });

  test('halves of two relationships', () => {
    const other = makeExchange('test', { purpose: 'chess' });
    expect(codeOf(relationshipPairs(contextOf(other.net), payer.states, other.payee.states))).toBe('E_MISMATCH REL-1');
    expect(codeOf(pairs(payer.states, payer.states))).toBe('E_MISMATCH REL-1');
  });

  test('a genesis that does not follow from its operation, or of another kind', () => {
    const forged = { ...nth(payer.states, 0), body: { ...nth(payer.states, 0).body, root: seed('root') } };
    expect(codeOf(pairs(payer.states.with(0, forged)))).toBe('E_CHAIN CHN-4');
    expect(codeOf(pairs(payer.states.slice(1)))).toMatch(/^E_(CHAIN|OPERATION) CHN-4$/);
  });

  test('a state left out, exchanged, or with another operation than it names', () => {
    expect(codeOf(pairs(payer.states.toSpliced(1, 1)))).toMatch(/^E_(LINK|TOTAL) /);
    expect(codeOf(pairs(changed(payer.states, 1, { order: 'another' })))).toBe('E_LINK CHN-11');
    expect(codeOf(pairs(changed(payer.states, 2, { amount: 21n, total: 31n })))).toBe('E_LINK CHN-11');
    expect(codeOf(pairs(payer.states, changed(payee.states, 1, { precommit: seed('x') })))).toBe('E_LINK CHN-11');
    expect(codeOf(replayHalf(contextOf(net), payer.states.with(1, nth(payee.states, 1))))).toBe('E_LINK CHN-11');
  });

  test('REL-16: an accept that names another pre-commitment', () => {
    const wrong = makeExchange();
    accept(wrong, pay(wrong, 1n), { precommit: seed('another') });
    expect(codeOf(relationshipPairs(contextOf(wrong.net), wrong.payer.states, wrong.payee.states))).toBe(
      'E_MISMATCH REL-16',
    );
  });

  test.each<[string, (world: Exchange) => Partial<Accept>]>([
    ['that does not exist', () => ({ seen: { index: 0, hash: seed('nowhere') as never } })],
    ['that comes later', ({ payer: half }) => ({ seen: { index: 9, hash: stateHash(suite, half.tip) } })],
    [
      'older than before',
      ({ payer: half }) => ({ seen: { index: 0, hash: stateHash(suite, nth(half.states, 0).body) } }),
    ],
    ['of nothing, after one was seen', () => ({ seen: { index: 0, hash: ZERO_HASH as never } })],
  ])('REL-3: a state that has seen a state of the other half %s', (_, change) => {
    const world = makeExchange();
    accept(world, pay(world, 1n), { seen: { index: 1, hash: stateHash(suite, world.payer.tip) } });
    accept(world, pay(world, 1n), change(world));
    expect(codeOf(relationshipPairs(contextOf(world.net), world.payer.states, world.payee.states))).toBe(
      'E_LINK REL-20',
    );
  });

  test('whatever is drafted by the rules and accepted is listed', () => {
    const world = makeExchange();
    for (let i = 1n; i <= 5n; i++) accept(world, pay(world, i));
    expect(expectOk(relationshipPairs(contextOf(world.net), world.payer.states, world.payee.states))).toHaveLength(5);
  });
});
