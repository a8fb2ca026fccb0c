/** Any two sets of signers at one state have a party in common. */
import * as fc from 'fast-check';
import { must, type RequiredSigners } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import type { Signers } from '../src/index.ts';
import { requireSigners } from '../src/signers.ts';
import { bytesOf, makeSmall, outcome, step } from './support/small.ts';

const ask = (signers: unknown, parties: number, turn: number | null = null, by = 0) =>
  requireSigners(signers, { by, parties, turn });

describe('RUN-10: signers', () => {
  test.each<[unknown, number, number | null, RequiredSigners]>([
    ['all', 3, null, { parties: [0, 1, 2], count: 3 }],
    ['all', 3, 1, { parties: [0, 1, 2], count: 3 }],
    ['majority', 2, null, { parties: [], count: 2 }],
    ['majority', 5, null, { parties: [], count: 3 }],
    ['majority', 5, 4, { parties: [4], count: 3 }],
    ['proposer', 4, 0, { parties: [0], count: 1 }],
    ['proposer', 4, 3, { parties: [0, 3], count: 2 }],
    [3, 4, null, { parties: [], count: 3 }],
    [1, 4, 2, { parties: [2], count: 1 }],
    [[2, 0], 3, null, { parties: [0, 2], count: 2 }],
    [[2, 2], 3, 1, { parties: [1, 2], count: 2 }],
    [[], 3, 1, { parties: [1], count: 1 }],
  ])('%j of %i parties, turn %s', (signers, parties, turn, expected) => {
    expect(ask(signers, parties, turn)).toEqual(expected);
  });

  test.each<[unknown, number, number | null, string]>([
    ['proposer', 2, null, 'not more than half'],
    [1, 2, null, '1 of 2 parties is not more than half'],
    [2, 4, null, '2 of 4 parties is not more than half'],
    [[0], 2, null, 'not more than half'],
    [[], 3, null, 'not more than half'],
    [4, 3, null, '4 of 3 parties'],
    [0, 3, 0, 'must be'],
    [1.5, 3, 0, 'must be'],
    ['none', 3, 0, 'must be'],
    [null, 3, 0, 'must be'],
    [undefined, 3, 0, 'must be'],
    [[3], 3, 0, 'parties 0 to 2 only'],
    [[-1], 3, 0, 'parties 0 to 2 only'],
    [['0'], 3, 0, 'parties 0 to 2 only'],
  ])('%j of %i parties, turn %s is refused', (signers, parties, turn, message) => {
    expect(ask(signers, parties, turn)).toContain(message);
  });

  test('any two that can suffice at one state have a party in common', () => {
    const shape = fc.oneof(
      fc.constantFrom<Signers>('all', 'majority', 'proposer'),
      fc.integer({ min: 0, max: 9 }),
      fc.array(fc.nat({ max: 7 }), { maxLength: 8 }),
    );
    const subsets = (n: number): number[][] =>
      Array.from({ length: 2 ** n }, (_, bits) =>
        Array.from({ length: n }, (_, i) => i).filter((i) => (bits >> i) & 1),
      );
    const suffices = (set: readonly number[], { parties, count }: RequiredSigners): boolean =>
      set.length >= count && parties.every((party) => set.includes(party));
    let compared = 0;
    fc.assert(
      fc.property(
        fc
          .integer({ min: 2, max: 5 })
          .chain((n) =>
            fc.tuple(
              fc.constant(n),
              shape,
              shape,
              fc.nat({ max: n - 1 }),
              fc.nat({ max: n - 1 }),
              fc.option(fc.nat({ max: n - 1 })),
            ),
          ),
        ([n, one, other, by, byOther, turn]) => {
          const [a, b] = [ask(one, n, turn, by), ask(other, n, turn, byOther)];
          if (typeof a === 'string' || typeof b === 'string') return;
          for (const x of subsets(n).filter((set) => suffices(set, a))) {
            for (const y of subsets(n).filter((set) => suffices(set, b))) {
              compared += 1;
              expect(x.some((party) => y.includes(party))).toBe(true);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(compared).toBeGreaterThan(1_000);
  });

  test('a step says who must sign it and whose turn it was', () => {
    expect(must(step({}))).toMatchObject({ required: { parties: [0, 1], count: 2 }, turn: null });
    const turn = must(step({ turn: () => 1, signers: 'proposer' }, { parties: 3 }));
    expect(turn).toMatchObject({ required: { parties: [0, 1], count: 2 }, turn: 1 });
    const chosen = must(step({ signers: ({ state, input }) => [state as number, input as number] }, { parties: 3 }));
    expect(chosen.required).toEqual({ parties: [1, 2], count: 2 });
  });

  test('too few of them, or a turn of nobody who is there, is a broken machine', () => {
    expect(outcome(step({ signers: () => 1 }))).toContain('E_MACHINE RUN-10 small v3, go: signers: 1 of 2');
    expect(outcome(step({ turn: () => 2 }))).toContain('E_MACHINE RUN-10 small v3, go: turn must give');
    expect(outcome(step({ turn: () => undefined as never }))).toContain('E_MACHINE RUN-10');
    expect(outcome(step({ turn: () => null, signers: 'proposer' }))).toContain('E_MACHINE RUN-10');
  });

  test('a count that can never suffice is seen before the first step', () => {
    expect(outcome(makeSmall({ signers: 2 }).init(bytesOf(1), 3))).toBe('ok');
    expect(outcome(makeSmall({ signers: 2 }).init(bytesOf(1), 4))).toContain(
      'E_MACHINE RUN-10 small v3, go: signers: 2 of 4',
    );
    expect(outcome(makeSmall({ signers: 3 }).init(bytesOf(1), 2))).toContain('E_MACHINE RUN-10');
    expect(outcome(makeSmall({ signers: 1, turn: () => 0 }).init(bytesOf(1), 4))).toBe('ok');
  });
});
