/** The model at a glance: rounds 0 and 1 of every kind of slot hold, and the nearest mutants break. */
import { describe, expect, test } from 'vitest';
import { BEYOND, MUTANTS, mutantNamed } from '../mutants.ts';
import { PROTOCOL } from '../rules.ts';
import { explore, tryMutant } from '../run.ts';
import { search } from '../search.ts';
import { slotNamed, SLOTS } from '../slots.ts';

const options = { quick: true, limit: 2_000_000 };
const NEAR = [
  'quorum-f+1',
  'waiver-by-f',
  'no-forced-waiver',
  'void-at-any-time',
  'account-start-at-any-time',
  'vault-start-at-any-time',
  'two-proposals',
  'owner-without-clock',
];

describe('model of a slot', () => {
  test.each(['vault', 'account-owned-first'])('rounds 0 and 1 of %s hold', (name) => {
    const { broken, complete, states } = explore(slotNamed(name), options);
    expect({ broken, complete }).toEqual({ broken: null, complete: true });
    expect(states).toBeGreaterThan(5_000);
  });

  test.each(NEAR)('%s breaks a property, and the trace says how', (name) => {
    const { story } = tryMutant(mutantNamed(name), options);
    expect(story?.steps.length).toBeGreaterThan(0);
    expect(story?.end).not.toBe('');
  });

  test('NET-2: with f + 1 dishonest nodes there are two Finals, and the nodes that equivocated are named', () => {
    const { story } = tryMutant(BEYOND, options);
    expect(story?.property).toBe('two-finals');
    expect(story?.equivocators).toEqual(['node 3', 'node 4']);
  });

  test('what is left out of states changes no answer', () => {
    const { phases, ...rest } = slotNamed('account-owned-first');
    const slot = { ...rest, phases: phases.slice(0, 1) };
    const reduced = search(PROTOCOL, slot, { limit: 2_000_000 });
    const plain = search(PROTOCOL, slot, { limit: 2_000_000, plain: true });
    expect(reduced.broken).toBe(plain.broken);
    expect(reduced.states).toBeLessThan(plain.states);
  });

  test('names are names of one thing', () => {
    const names = [...SLOTS, ...MUTANTS, BEYOND].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
