/** The types that a developer sees follow from the schemas. */
import * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import {
  bindMachine,
  defineMachine,
  unchecked,
  type InputsOf,
  type Machine,
  type ParamsOf,
  type StateOf,
  type Value,
} from '../src/index.ts';
import { suite } from './support/suite.ts';

const State = z.object({
  status: z.enum(['open', 'closed']),
  by: z.array(z.int()),
  pair: z.tuple([z.int(), z.string()]),
  note: z.string().optional(),
});

const door = defineMachine({
  id: 'door',
  version: 2,
  state: State,
  init: {
    input: z.object({ owner: z.int().default(0) }),
    create: (params, context) => {
      expectTypeOf(params).toEqualTypeOf<{ readonly owner: number }>();
      expectTypeOf(context.parties).toEqualTypeOf<number>();
      return { status: 'open', by: [params.owner], pair: [1, 'a'] };
    },
  },
  turn: (state) => {
    expectTypeOf(state.by).toEqualTypeOf<readonly number[]>();
    return state.by[0] ?? null;
  },
  migrate: ({ state, from }) => {
    expectTypeOf(state).toEqualTypeOf<Value>();
    expectTypeOf(from).toEqualTypeOf<number>();
    return { status: 'open', by: [], pair: [1, 'a'] };
  },
  operations: {
    close: {
      input: z.object({ why: z.string() }),
      signers: ({ input, state }) => (input.why === '' ? 'all' : state.by),
      apply({ state, input, by, parties, number }) {
        expectTypeOf(state.status).toEqualTypeOf<'open' | 'closed'>();
        expectTypeOf(state.pair).toEqualTypeOf<readonly [number, string]>();
        expectTypeOf(input).toEqualTypeOf<{ readonly why: string }>();
        expectTypeOf([by, parties, number]).toEqualTypeOf<number[]>();
        return { ...state, status: 'closed', note: input.why };
      },
    },
    toggle: {
      input: v.nullable(v.object({ at: v.pipe(v.number(), v.integer()) })),
      signers: 'proposer',
      apply: ({ state, input }) => {
        expectTypeOf(input).toEqualTypeOf<{ readonly at: number } | null>();
        return {
          ...state,
          status: state.status === 'open' ? 'closed' : 'open',
          pair: input === null ? state.pair : [input.at, 'a'],
        };
      },
    },
  },
});

describe('types', () => {
  test('state, parameters and inputs are those of the schemas', () => {
    expectTypeOf<StateOf<typeof door>>().toEqualTypeOf<z.infer<typeof State>>();
    expectTypeOf<ParamsOf<typeof door>>().toEqualTypeOf<{ owner?: number | undefined }>();
    expectTypeOf<InputsOf<typeof door>>().toEqualTypeOf<{
      readonly close: { why: string };
      readonly toggle: { at: number } | null;
    }>();
    expectTypeOf(door).toExtend<Machine>();
    expect(door.id).toBe('door');
  });

  test('the helpers take and give them', () => {
    const bound = bindMachine(suite, door);
    bound.encodeInput('close', { why: 'late' });
    // @ts-expect-error another input
    bound.encodeInput('close', { why: 1 });
    // @ts-expect-error no such operation
    expect(bound.encodeInput('open', null).ok).toBe(false);
    const state = bound.decodeState(new Uint8Array());
    if (state.ok) expectTypeOf(state.value.pair).toEqualTypeOf<readonly [number, string]>();
    const input = bound.decodeInput('toggle', new Uint8Array());
    if (input.ok) expectTypeOf(input.value).toEqualTypeOf<{ readonly at: number } | null>();
    expect(state.ok || input.ok).toBe(false);
  });

  test('another state is an error of the compiler', () => {
    const wrong = defineMachine({
      id: 'wrong',
      version: 1,
      state: State,
      init: {
        input: z.null(),
        // @ts-expect-error no such status
        create: () => ({ status: 'ajar', by: [], pair: [1, 'a'] }),
      },
      operations: {
        one: {
          input: z.null(),
          // @ts-expect-error a field is missing
          apply: ({ state }) => ({ status: state.status, by: [] }),
        },
        two: {
          input: z.null(),
          apply: ({ state }) => {
            // @ts-expect-error what it is given is frozen
            state.by.push(1);
            return state;
          },
        },
        three: {
          input: z.object({ a: z.int() }),
          // @ts-expect-error no such field of the input
          apply: ({ state, input }) => ({ ...state, by: [input.b] }),
        },
      },
    });
    expect(wrong.version).toBe(1);
  });

  test('a type serves where no schema is wanted', () => {
    interface Tally {
      readonly yes: number;
      readonly votes: readonly string[];
    }
    const tally = defineMachine({
      id: 'tally',
      version: 1,
      state: unchecked<Tally>(),
      init: { input: unchecked<null>(), create: () => ({ yes: 0, votes: [] }) },
      operations: {
        vote: {
          input: unchecked<{ name: string }>(),
          signers: 'majority',
          apply: ({ state, input }) => ({ yes: state.yes + 1, votes: [...state.votes, input.name] }),
        },
      },
    });
    expectTypeOf<StateOf<typeof tally>>().toEqualTypeOf<Tally>();
    expectTypeOf<InputsOf<typeof tally>>().toEqualTypeOf<{ readonly vote: { name: string } }>();
    expect(tally.id).toBe('tally');
  });
});
