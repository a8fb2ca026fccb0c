/** testMachine finds what is wrong with a machine, and nothing with one that is right. */
import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineMachine, refuse, unchecked, type Machine } from '../src/index.ts';
import { anyValue, fromJsonSchema, testMachine, type Property } from '../src/testing/index.ts';
import { ticTacToe } from './support/tictactoe.ts';

const OPTIONS = { runs: 40, seed: 7 };

/** A counter with one operation, changed by what the test gives. */
const counter = (change: object = {}, operation: object = {}): Machine =>
  defineMachine({
    id: 'counter',
    version: 1,
    state: z.object({ n: z.int(), seen: z.array(z.int()) }),
    init: { input: z.int().min(0).max(9), create: (n: number) => ({ n, seen: [] }) },
    operations: {
      add: {
        input: z.object({ by: z.int().min(-5).max(5) }),
        apply: ({ state, input }: any) => ({ n: state.n + input.by, seen: [...state.seen, input.by].slice(-3) }), // oxlint-disable-line typescript/no-explicit-any
        ...operation,
      },
    },
    ...change,
  } as never);

describe('RUN-15: testMachine', () => {
  test('finds nothing wrong with a game, and says how much of it was played', () => {
    const report = testMachine(ticTacToe, { ...OPTIONS, steps: 40, assert: true });
    expect(report).toMatchObject({ failures: [], seed: 7, runs: 40 });
    expect(report.steps).toBeGreaterThan(400);
    expect(report.refused).toBeGreaterThan(100);
    expect(report.applied['move']).toBeGreaterThan(100);
    expect(report.applied['again']).toBeGreaterThan(0);
    expect(report.largestStateBytes).toBeGreaterThan(20);
  });

  test('finds nothing wrong with a counter, for any number of parties', () => {
    expect(testMachine(counter(), { ...OPTIONS, parties: [2, 3, 8] }).failures).toEqual([]);
  });

  test('takes arbitraries for schemas that have no JSON form', () => {
    const vote = defineMachine({
      id: 'vote',
      version: 1,
      state: v.object({ votes: v.record(v.string(), v.number()) }),
      init: { input: v.null(), create: () => ({ votes: {} }) },
      operations: {
        vote: {
          input: v.object({ for: v.pipe(v.string(), v.maxLength(20)), paid: v.bigint() }),
          signers: 'majority',
          apply({ state, input }) {
            if (Object.hasOwn(Object.prototype, input.for)) refuse('no name');
            return { votes: { ...state.votes, [input.for]: (state.votes[input.for] ?? 0) + 1 } };
          },
        },
      },
    });
    expect(testMachine(vote, OPTIONS).failures.map(({ property, message }) => `${property}: ${message}`)).toEqual([
      'arbitraries: params has no JSON Schema to make values from: give an arbitrary',
      'arbitraries: inputs.vote has no JSON Schema to make values from: give an arbitrary',
    ]);
    const inputs = { vote: fc.record({ for: fc.constantFrom('a', 'b'), paid: fc.bigInt() }) };
    const report = testMachine(vote, { ...OPTIONS, params: fc.constant(null), inputs });
    expect(report.failures).toEqual([]);
    expect(report.applied['vote']).toBeGreaterThan(100);
  });

  let calls = 0;
  const bad: readonly (readonly [string, Property, Machine])[] = [
    [
      'throws',
      'totality',
      counter({}, { apply: ({ state, input }: Loose) => (state.n > 9 ? input.no.way : { ...state, n: 10 }) }),
    ],
    ['gives another state', 'totality', counter({}, { apply: ({ state }: Loose) => ({ ...state, n: 'a' }) })],
    [
      'asks for the time',
      'clock and chance',
      counter({}, { apply: ({ state }: Loose) => ({ ...state, n: Date.now() }) }),
    ],
    ['names too few signers', 'signers', counter({}, { signers: ({ input }: Loose) => (input.by > 0 ? 1 : 2) })],
    [
      'grows',
      'growth',
      counter({
        state: unchecked<string>(),
        init: { input: z.null(), create: () => 'a' },
        operations: { add: { input: z.null(), apply: ({ state }: Loose) => `${state}${'a'.repeat(20_000)}` } },
      }),
    ],
    [
      'changes what it is given',
      'frozen input',
      counter(
        {},
        {
          apply: ({ state }: Loose) => {
            state.seen.push(1);
            return state;
          },
        },
      ),
    ],
    ['counts its calls', 'determinism', counter({}, { apply: ({ state }: Loose) => ({ ...state, n: (calls += 1) }) })],
    ['counts its calls', 'replay', counter({}, { apply: ({ state }: Loose) => ({ ...state, n: (calls += 1) }) })],
    [
      'remembers its parameters',
      'determinism',
      (() => {
        let last = 0;
        return counter({
          init: { input: z.int(), create: (n: number) => ({ n: n === last ? 1 : 2, seen: [(last = n)] }) },
        });
      })(),
    ],
    [
      'has a state that changes when it is read',
      'round trip',
      counter({
        state: z.object({
          n: z.int(),
          seen: z
            .array(z.int())
            .max(3)
            .transform((seen) => (seen.length === 2 ? [1, 2, 3, 4] : seen)),
        }),
      }),
    ],
  ];

  test.each(bad)('a machine that %s: %s', (_, property, machine) => {
    const report = testMachine(machine, OPTIONS);
    expect(report.failures.map((failure) => failure.property)).toContain(property);
    const failure = report.failures.find((one) => one.property === property);
    expect(failure?.message).not.toBe('');
    expect(failure?.example).toContain('"params"');
  });

  test('a machine that changes bytes', () => {
    const machine = defineMachine({
      id: 'bytes',
      version: 1,
      state: unchecked<{ key: Uint8Array }>(),
      init: { input: z.null(), create: () => ({ key: new Uint8Array(4) }) },
      operations: {
        set: { input: z.int().min(1).max(255), apply: ({ state, input }) => ({ key: state.key.fill(input) }) },
      },
    });
    const report = testMachine(machine, OPTIONS);
    expect(report.failures.map(({ property, message }) => `${property}: ${message}`)).toEqual([
      'frozen input: set changes bytes of its state',
    ]);
  });

  test('a machine that trusts its input: a type is no check', () => {
    const machine = defineMachine({
      id: 'trusting',
      version: 1,
      state: unchecked<number>(),
      init: { input: unchecked<null>(), create: () => 0 },
      operations: { add: { input: unchecked<{ by: number }>(), apply: ({ state, input }) => state + input.by } },
    });
    const options = { ...OPTIONS, params: fc.constant(null), inputs: { add: fc.record({ by: fc.integer() }) } };
    expect(testMachine(machine, options).failures.map(({ property }) => property)).toEqual(['hostile input']);
  });

  test('throws only when it is asked to, and says what and why', () => {
    const machine = counter({}, { apply: () => Math.random() });
    expect(testMachine(machine, OPTIONS).failures).not.toEqual([]);
    expect(() => testMachine(machine, { ...OPTIONS, assert: true })).toThrow(
      /counter: \d properties do not hold \(seed 7\)[^]*clock and chance: counter v1, add: used Math.random/,
    );
  });

  test('gives the same report for the same seed', () => {
    const machine = counter({}, { apply: ({ state }: Loose) => ({ ...state, n: 0.5 }) });
    expect(testMachine(machine, OPTIONS)).toEqual(testMachine(machine, OPTIONS));
  });
});

/** Untyped, as a developer's JavaScript is. */
type Loose = any; // oxlint-disable-line typescript/no-explicit-any

describe('RUN-15: inputs from JSON Schema', () => {
  interface Tree {
    readonly value: number;
    readonly below: readonly Tree[];
  }
  const Tree: z.ZodType<Tree> = z.object({
    value: z.int(),
    get below() {
      return z.array(Tree).max(2);
    },
  });

  test.each<[string, z.ZodType]>([
    ['integers', z.int().min(3).max(5)],
    ['multiples', z.int().multipleOf(5).min(3)],
    ['exclusive bounds', z.int().gt(3).lt(6)],
    ['far bounds', z.int().min(1_000_000)],
    ['enums', z.enum(['a', 'b'])],
    ['literals', z.literal([1, 'a', null])],
    ['null and flags', z.union([z.null(), z.boolean()])],
    ['text', z.string().min(2).max(9)],
    ['patterns', z.string().regex(/^[a-f0-9]{8}$/)],
    ['uuids', z.uuid()],
    ['lists', z.array(z.int().min(0)).min(1).max(3)],
    ['tuples', z.tuple([z.int(), z.string()])],
    ['objects', z.object({ a: z.int(), b: z.string().optional(), c: z.object({ d: z.null() }) })],
    ['records', z.record(z.string(), z.int())],
    [
      'unions',
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('a'), n: z.int() }),
        z.object({ kind: z.literal('b') }),
      ]),
    ],
    ['trees', Tree],
    ['anything', z.unknown()],
  ])('%s are what the schema accepts', (_, schema) => {
    const arbitrary = fromJsonSchema(z.toJSONSchema(schema)) as fc.Arbitrary<unknown>;
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(schema.safeParse(value).success).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('what it does not know it leaves to the developer', () => {
    for (const schema of [
      { type: 'string', format: 'hostname' },
      { type: 'blob' },
      { $ref: '#/nowhere' },
      { $ref: 'http://a' },
      { allOf: [{}, {}] },
    ]) {
      expect(fromJsonSchema(schema)).toBeUndefined();
    }
  });

  test('any value is one', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(value).not.toBeUndefined();
      }),
    );
  });
});
