/** What a machine may answer, and what becomes of it. */
import { LIMITS, must, type MachineCall } from '@dsm/core';
import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { bindMachine, decodeValue, defineMachine, encodeValue, refuse, unchecked } from '../src/index.ts';
import { bytesOf, callOf, makeSmall, outcome, step } from './support/small.ts';
import { suite } from './support/suite.ts';
import { ticTacToe } from './support/tictactoe.ts';
import { values } from './support/values.ts';

/** Untyped, as a developer's JavaScript is. */
type Loose = any; // oxlint-disable-line typescript/no-explicit-any

const throws = (thrown: unknown) => (): never => {
  throw thrown; // oxlint-disable-line typescript/only-throw-error
};

describe('RUN-4: what is asked', () => {
  test.each<[string, Partial<MachineCall>, string]>([
    ['an unknown operation', { operation: 'stop' }, 'E_OPERATION RUN-4 small v3, stop: no such operation'],
    ['an inherited name', { operation: 'toString' }, 'E_OPERATION RUN-4'],
    ['one party', { parties: 1 }, 'E_FORMAT RUN-4'],
    ['nine parties', { parties: 9 }, 'E_FORMAT RUN-4'],
    ['a proposer who is no party', { proposer: 2 }, 'E_FORMAT RUN-4'],
    ['a step before the first', { number: 0 }, 'E_FORMAT RUN-4'],
    ['an input that is no value', { input: new Uint8Array([0x81, 0]).slice(0, 1) }, 'E_ENCODING ENC-1'],
    ['an input of another form', { input: new Uint8Array([0x80]) }, 'E_ENCODING RUN-2'],
    ['an input that is too large', { input: bytesOf('a'.repeat(LIMITS.machineInputBytes)) }, 'E_LIMIT ENC-2'],
  ])('%s', (_, change, expected) => {
    expect(outcome(step({}, change))).toContain(expected);
  });

  test('an input or parameters that the schema refuses', () => {
    const small = { input: z.object({ cell: z.int().max(8) }) };
    expect(outcome(makeSmall(small).apply(bytesOf(1), callOf({ cell: 9 })))).toMatch(
      /^E_FORMAT RUN-4 small v3, go: cell: /,
    );
    const valibot = { input: v.object({ cell: v.pipe(v.number(), v.maxValue(8)) }) };
    expect(outcome(makeSmall(valibot).apply(bytesOf(1), callOf({ cell: 9 })))).toMatch(
      /^E_FORMAT RUN-4 small v3, go: cell: /,
    );
    const init = makeSmall({ init: { input: z.null(), create: () => 1 } });
    expect(outcome(init.init(bytesOf(1), 2))).toContain('E_FORMAT RUN-4 small v3, init');
    expect(outcome(init.init(bytesOf(null), 1))).toContain('E_FORMAT RUN-4');
    expect(outcome(init.init(new Uint8Array(), 2))).toContain('E_ENCODING ENC-1');
  });

  test('a state that the schema refuses', () => {
    const typed = makeSmall({ state: z.int() });
    expect(outcome(typed.apply(bytesOf('a'), callOf(2)))).toContain('E_FORMAT RUN-4 small v3, go: state');
    expect(outcome(typed.apply(new Uint8Array([1, 2]), callOf(2)))).toContain('E_ENCODING ENC-1');
  });
});

describe('RUN-5: schemas', () => {
  test('defaults and transformations reach the operation, the step carries what was given', () => {
    const seen: unknown[] = [];
    const small = makeSmall({
      input: z.object({ add: z.int().default(4), name: z.string().transform((name) => name.trim()) }),
      apply: ({ input }) => {
        seen.push(input);
        return 1;
      },
    });
    const given = must(small.encodeInput('go', { name: ' a ' }));
    expect(must(decodeValue(given))).toEqual({ name: ' a ' });
    expect(outcome(small.apply(bytesOf(1), callOf(0, { input: given })))).toBe('ok');
    expect(seen).toEqual([{ name: 'a', add: 4 }]);
    expect(Object.isFrozen(seen[0])).toBe(true);
  });

  test('the state is what its schema answers', () => {
    const strip = makeSmall({ state: z.object({ a: z.int().default(7) }), apply: () => ({ junk: 1 }) });
    const after = must(strip.apply(bytesOf({ a: 1 }), callOf(null)));
    expect(must(decodeValue(after.state))).toEqual({ a: 7 });
  });

  test.each([
    ['waits', z.string().refine(async () => true)],
    [
      'waits and fails',
      { '~standard': { version: 1, vendor: 'a', validate: async () => Promise.reject(new Error('no')) } },
    ],
  ])('one that %s is refused', (_, input) => {
    expect(outcome(makeSmall({ input: input as never }).apply(bytesOf(1), callOf('a')))).toContain(
      'E_MACHINE RUN-5 small v3, go: its schema answers a promise',
    );
  });

  test.each([
    ['another kind of thing', z.any().transform(() => new Map())],
    ['nothing at all', { '~standard': { version: 1, vendor: 'a', validate: () => undefined } }],
  ])('one that makes %s is refused', (_, input) => {
    expect(outcome(makeSmall({ input: input as never }).apply(bytesOf(1), callOf('a')))).toContain(
      'E_MACHINE RUN-5 small v3, go',
    );
  });

  test('one of the state that refuses what it made is refused before the first step', () => {
    const small = makeSmall({ state: z.string().transform(Number), init: { input: z.null(), create: () => '12' } });
    expect(outcome(small.init(bytesOf(null), 2))).toContain(
      'E_MACHINE RUN-5 small v3, init: its schema refuses what it made',
    );
  });
});

describe('RUN-6: what a machine is given', () => {
  test('is deeply frozen, so that changing it is an error', () => {
    const change = (apply: (context: { state: Loose; input: Loose }) => unknown) =>
      outcome(makeSmall({ apply }).apply(bytesOf({ list: [1], map: {} }), callOf({ at: [0] })));
    expect(change(({ state }) => state.list.push(2))).toContain('E_MACHINE RUN-8 small v3, go: threw TypeError');
    expect(change(({ state }) => (state.map.a = 1))).toContain('E_MACHINE RUN-8');
    expect(change(({ input }) => (input.at[0] = 1))).toContain('E_MACHINE RUN-8');
    expect(change((context) => (context.state = 1))).toContain('E_MACHINE RUN-8');
    expect(change(({ state }) => state)).toBe('ok');
  });

  test('holds bytes of its own', () => {
    const state = bytesOf({ key: new Uint8Array([1, 2, 3]) });
    const small = makeSmall({
      apply: ({ state }) => {
        (state as { key: Uint8Array }).key.fill(9);
        return 1;
      },
    });
    const before = state.slice();
    expect(outcome(small.apply(state, callOf(1)))).toBe('ok');
    expect(state).toEqual(before);
  });
});

describe('RUN-8: a broken machine', () => {
  test.each<[string, unknown, string]>([
    ['an error', new RangeError('too far'), 'threw RangeError: too far'],
    ['text', 'no', 'threw no'],
    ['nothing', undefined, 'threw undefined'],
    [
      'an error that cannot be read',
      Object.defineProperty(new Error('a'), 'message', { get: throws('b') }),
      'threw something that cannot be read',
    ],
    ['an object without text', Object.create(null), 'threw something that cannot be read'],
    ['a novel', new Error('a'.repeat(100_000)), 'threw Error: aaa'],
  ])('throws %s', (_, thrown, message) => {
    const result = outcome(step({ apply: throws(thrown) }));
    expect(result).toContain(`E_MACHINE RUN-8 small v3, go: ${message}`);
    expect(result.length).toBeLessThan(400);
  });

  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'answers no state: undefined'],
    ['a float', { a: 0.5 }, 'answers no state: a: 0.5 is no integer'],
    ['a class', new Map(), 'answers no state: an instance of a class'],
    // oxlint-disable-next-line unicorn/no-thenable
    ['a thenable', { then: () => undefined }, 'answers no state: then: a function'],
    [
      'a generator',
      (function* () {
        yield 1;
      })(),
      'answers no state',
    ],
  ])('answers %s', (_, answer, message) => {
    expect(outcome(step({ apply: () => answer }))).toContain(`E_MACHINE RUN-8 small v3, go: ${message}`);
  });

  test('answers what its own schema refuses', () => {
    expect(outcome(step({ state: z.int(), apply: () => 'a' }))).toContain(
      'E_MACHINE RUN-8 small v3, go: answers another state',
    );
  });

  test('answers a promise, fulfilled or not', async () => {
    expect(outcome(step({ apply: async () => 1 }))).toContain('E_MACHINE RUN-5 small v3, go: it answers a promise');
    expect(outcome(step({ apply: async () => Promise.reject(new Error('no')) }))).toContain('E_MACHINE RUN-5');
    expect(outcome(step({ turn: (async () => 1) as never }))).toContain('E_MACHINE RUN-5');
    expect(outcome(step({ signers: (async () => 1) as never }))).toContain('E_MACHINE RUN-5');
    // An unhandled rejection would end the test run.
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('recurses without end', () => {
    const forever = (): number => forever() + 1;
    expect(outcome(step({ apply: forever }))).toContain('E_MACHINE RUN-8 small v3, go: threw RangeError');
  });
});

describe('RUN-9: a refusal', () => {
  test('carries the reason to whoever proposed', () => {
    expect(outcome(step({ apply: () => refuse('not your turn') }))).toBe('E_REFUSED RUN-9 not your turn');
    const init = makeSmall({ init: { input: unchecked(), create: () => refuse('too few') } });
    expect(outcome(init.init(bytesOf(1), 2))).toBe('E_REFUSED RUN-9 too few');
    expect(outcome(makeSmall({ migrate: () => refuse('too old') }).migrate(bytesOf(1), 1))).toBe(
      'E_REFUSED RUN-9 too old',
    );
  });

  test('has a reason of bounded length', () => {
    expect(outcome(step({ apply: () => refuse('a'.repeat(10_000)) })).length).toBeLessThan(400);
  });
});

describe('RUN-11: growth', () => {
  test('past the limit of a state is refused', () => {
    const grow = (bytes: number) => step({ apply: () => new Uint8Array(bytes) });
    expect(outcome(grow(LIMITS.machineStateBytes - 3))).toBe('ok');
    expect(outcome(grow(LIMITS.machineStateBytes))).toContain('E_MACHINE RUN-11 small v3, go: the state grew too far');
    const deep = Array.from({ length: 20 }).reduce<unknown>((inner) => [inner], 1);
    expect(outcome(step({ apply: () => deep }))).toContain('E_MACHINE RUN-11');
  });
});

describe('RUN-13: a state of an older version', () => {
  const small = makeSmall({ migrate: ({ state, from }) => [state, from] });
  test('is made into one of this version', () => {
    expect(must(decodeValue(must(small.migrate(bytesOf({ a: 1 }), 2))))).toEqual([{ a: 1 }, 2]);
  });

  test('of no older version, or of a machine that does not say how, is refused', () => {
    for (const from of [3, 4, 0, 1.5, -1])
      expect(outcome(small.migrate(bytesOf(1), from))).toContain('E_MACHINE RUN-13');
    expect(outcome(makeSmall().migrate(bytesOf(1), 2))).toBe(
      'E_MACHINE RUN-13 small v3, migrate: does not know version 2',
    );
    expect(outcome(small.migrate(new Uint8Array(), 2))).toContain('E_ENCODING ENC-1');
    expect(outcome(makeSmall({ migrate: () => 0.5 }).migrate(bytesOf(1), 2))).toContain('E_MACHINE RUN-8');
  });
});

describe('a machine', () => {
  test('RUN-8: whatever bytes and calls it gets, it answers', () => {
    const game = bindMachine(suite, ticTacToe);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      values.map((value) => must(encodeValue(value))),
    );
    fc.assert(
      fc.property(
        bytes,
        bytes,
        fc.integer({ min: -2, max: 10 }),
        fc.integer({ min: -2, max: 10 }),
        (state, input, proposer, parties) => {
          const call = { number: 1, operation: 'move', input, proposer, parties };
          for (const result of [game.apply(state, call), game.init(input, parties), game.migrate(state, parties)]) {
            expect(outcome(result)).toMatch(/^ok$|^E_(FORMAT|ENCODING|LIMIT|MACHINE) /);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('plays a game whose score everybody can check', () => {
    const game = bindMachine(suite, ticTacToe);
    let state = must(game.init(must(game.encodeParams({ first: 0 })), 2));
    for (const [i, cell] of [0, 3, 1, 4, 2].entries()) {
      const input = must(game.encodeInput('move', { cell }));
      const applied = must(game.apply(state, { number: i + 1, operation: 'move', input, proposer: i % 2, parties: 2 }));
      expect(applied.required).toEqual({ parties: [i % 2], count: 1 });
      expect(applied.turn).toBe(i % 2);
      ({ state } = applied);
    }
    expect(must(game.decodeState(state))).toMatchObject({ next: null, score: [1, 0] });
    const again = must(
      game.apply(state, { number: 6, operation: 'again', input: bytesOf(null), proposer: 1, parties: 2 }),
    );
    expect(again).toMatchObject({ required: { parties: [0, 1], count: 2 }, turn: null });
    expect(must(game.decodeState(again.state))).toMatchObject({ next: 1, first: 1, score: [1, 0] });
    expect(
      outcome(
        game.apply(state, { number: 6, operation: 'move', input: bytesOf({ cell: 8 }), proposer: 1, parties: 2 }),
      ),
    ).toBe('E_REFUSED RUN-9 the game is over');
  });

  test('RUN-4: its helpers refuse what its schemas refuse', () => {
    const game = bindMachine(suite, ticTacToe);
    expect(outcome(game.encodeInput('move', { cell: 9 }))).toContain('E_FORMAT RUN-4');
    expect(outcome(game.encodeInput('jump' as 'move', { cell: 1 }))).toContain('E_OPERATION RUN-4');
    expect(outcome(game.decodeInput('jump' as never, bytesOf(1)))).toContain('E_OPERATION RUN-4');
    expect(outcome(game.encodeParams({ first: 2 }))).toContain('E_FORMAT RUN-4');
    expect(must(game.decodeParams(bytesOf({ first: 1 })))).toEqual({ first: 1 });
    expect(must(game.decodeInput('move', bytesOf({ cell: 1 })))).toEqual({ cell: 1 });
    expect(outcome(game.encodeState({ cells: [] } as never))).toContain('E_FORMAT RUN-4');
    expect(outcome(game.encodeInput('move', { cell: 0.5 }))).toContain('E_FORMAT RUN-3');
  });
});

describe('a definition that cannot work is refused when it is made', () => {
  const define = (change: object) => () =>
    defineMachine({
      id: 'small',
      version: 1,
      state: unchecked<number>(),
      init: { input: unchecked<null>(), create: () => 1 },
      operations: { go: { input: unchecked<null>(), apply: () => 1 } },
      ...change,
    });
  const go = { input: unchecked<null>(), apply: () => 1 };

  test.each<[object, string]>([
    [{ id: '' }, 'id'],
    [{ id: 'a'.repeat(65) }, 'id'],
    [{ version: 0 }, 'version'],
    [{ version: 1.5 }, 'version'],
    [{ code: 1 }, 'code'],
    [{ code: '\ud800' }, 'code'],
    [{ state: {} }, 'state'],
    [{ init: { create: () => 1 } }, 'init.input'],
    [{ init: { input: unchecked() } }, 'init.create'],
    [{ operations: {} }, 'at least one'],
    [{ operations: { ['a\n']: go } }, 'a name'],
    [{ operations: { upgrade: go } }, 'taken'],
    [{ operations: { go: { apply: go.apply } } }, 'input'],
    [{ operations: { go: { input: go.input } } }, 'apply'],
    [{ operations: { go: { ...go, signers: 'proposer' } } }, 'turn'],
    [{ operations: { go: { ...go, signers: 0 } } }, 'signers'],
  ])('%# %o', (change, message) => {
    expect(define(change)).toThrow(TypeError);
    expect(define(change)).toThrow(message);
  });

  test('and one that can is frozen', () => {
    const machine = define({})();
    expect([machine, machine.definition, machine.definition.operations].every((part) => Object.isFrozen(part))).toBe(
      true,
    );
  });
});
