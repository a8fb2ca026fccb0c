/** What names a machine's code. */
import { toHex, hashItem, type Item } from '@dsm/core';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { bindMachine, defineMachine, describeCode, hashCode, type Machine, type StandardSchema } from '../src/index.ts';
import { suite } from './support/suite.ts';

interface Parts {
  readonly id?: string;
  readonly version?: number;
  readonly code?: string;
  readonly input?: StandardSchema<number>;
  readonly state?: StandardSchema<number>;
  readonly name?: string;
  readonly apply?: (context: { state: number; input: number }) => number;
  readonly create?: () => number;
  readonly turn?: () => number | null;
  readonly signers?: 'all' | 'majority';
  readonly migrate?: () => number;
}

const make = (parts: Parts = {}): Machine => {
  const { id = 'sum', version = 1, name = 'add', input = z.int(), state = z.int(), signers = 'all' } = parts;
  const { apply = ({ state, input }) => state + input, create = () => 0 } = parts;
  const optional = Object.fromEntries(
    Object.entries({ code: parts.code, turn: parts.turn, migrate: parts.migrate }).filter(
      ([, part]) => part !== undefined,
    ),
  );
  const operations = { [name]: { input, signers, apply } };
  return defineMachine({ id, version, state, init: { input: z.null(), create }, operations, ...optional });
};

const nameOf = (parts?: Parts): string => toHex(hashCode(suite, make(parts)));

describe('RUN-12: the code', () => {
  test('is the hash of id, version and what was read', () => {
    const machine = make();
    const item = describeCode(machine) as readonly Item[];
    expect(item.slice(0, 3)).toEqual(['sum', 1, 1]);
    expect(hashCode(suite, machine)).toEqual(hashItem(suite, 'machine-code', item));
    expect(bindMachine(suite, machine).code).toEqual(hashCode(suite, machine));
    expect(nameOf()).toBe(nameOf());
  });

  test('covers functions, names, signers and schemas', () => {
    const changes: readonly Parts[] = [
      {},
      { id: 'total' },
      { version: 2 },
      { name: 'plus' },
      { apply: ({ state, input }) => input + state },
      { create: () => 1 },
      { turn: () => null },
      { signers: 'majority' },
      { migrate: () => 1 },
      { input: z.int().max(9) },
      { state: z.int().max(9) },
      { input: v.number() },
      { code: 'sum 1.0.0' },
      { code: 'sum 1.0.1' },
    ];
    const names = changes.map((change) => nameOf(change));
    expect(new Set(names).size).toBe(changes.length);
  });

  test('does not cover what a function only refers to, nor what a schema says without a JSON form', () => {
    const adding = (step: number): Parts => ({ apply: ({ state }) => state + step });
    expect(nameOf(adding(1))).toBe(nameOf(adding(2)));
    expect(nameOf({ input: v.pipe(v.number(), v.maxValue(1)) })).toBe(nameOf({ input: v.number() }));
    expect(nameOf({ input: z.int().refine((n) => n > 1) })).toBe(nameOf({ input: z.int() }));
  });

  test('is a text of the developer where there is one, whatever the build has made of the functions', () => {
    expect(nameOf({ code: 'a', create: () => 5 })).toBe(nameOf({ code: 'a' }));
    expect(describeCode(make({ code: 'a' }))).toEqual(['sum', 1, 0, 'a']);
  });

  test('does not depend on the order of operations', () => {
    const operation = { input: z.null(), apply: () => 0 };
    const define = (operations: Record<string, typeof operation>): Machine =>
      defineMachine({ id: 'two', version: 1, state: z.int(), init: { input: z.null(), create: () => 0 }, operations });
    const [one, other] = [define({ a: operation, b: operation }), define({ b: operation, a: operation })];
    expect(hashCode(suite, one)).toEqual(hashCode(suite, other));
  });
});
