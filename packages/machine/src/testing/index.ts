/** Property tests for a machine, with fast-check (spec RUN-15). */
import * as fc from 'fast-check';
import type { Result } from '@dsm/core';
import type { Machine } from '../define.ts';
import { runApply, runInit, runMigrate } from '../run.ts';
import { jsonSchemaOf, type StandardSchema } from '../schema.ts';
import { encodeValue } from '../value/encode.ts';
import { anyValue, fromJsonSchema } from './arbitraries.ts';
import { play, type Game, type Played } from './play.ts';
import { CHECKS, type Property } from './properties.ts';

export { anyValue, fromJsonSchema } from './arbitraries.ts';
export type { Property } from './properties.ts';

export interface TestOptions<Params, Inputs> {
  /** Games for each property. Default: 100. */
  readonly runs?: number;
  /** Moves of one game at most. Default: 20. */
  readonly steps?: number;
  /** The same seed gives the same games. Default: chosen, and told. */
  readonly seed?: number;
  /** How many parties the games have. Default: two. */
  readonly parties?: readonly number[];
  /** Where the schema has no JSON Schema, or other values are of more interest. */
  readonly params?: fc.Arbitrary<Params>;
  readonly inputs?: { readonly [Name in keyof Inputs]?: fc.Arbitrary<Inputs[Name]> };
  /** Throws an error that tells the failures. Default: false. */
  readonly assert?: boolean;
}

export interface TestFailure {
  readonly property: Property;
  /** Why, for a person. */
  readonly message: string;
  /** The smallest game found that shows it. */
  readonly example: string;
}

export interface TestReport {
  readonly seed: number;
  readonly runs: number;
  /** Steps that were tried in one pass over all games, and how many of them the machine or a schema refused. */
  readonly steps: number;
  readonly refused: number;
  /** How often each operation went through: one that never did was not tested. */
  readonly applied: Readonly<Record<string, number>>;
  readonly largestStateBytes: number;
  readonly failures: readonly TestFailure[];
}

interface Plan {
  readonly machine: Machine;
  readonly settings: { readonly numRuns: number; readonly seed: number };
  readonly games: fc.Arbitrary<Game>;
}

class Violation extends Error {}

/** Endless loops are not found: the test does not come back. `inWorker` ends them. */
export function testMachine<State, Params, Inputs>(
  machine: Machine<State, Params, Inputs>,
  options: TestOptions<Params, Inputs> = {},
): TestReport {
  const plain = machine as unknown as Machine;
  const { runs: numRuns = 100, seed = fc.sample(fc.integer(), 1)[0] ?? 0 } = options;
  const games = describeGames(plain, options);
  const counts = { steps: 0, refused: 0, largestStateBytes: 0, applied: {} as Record<string, number> };
  for (const name of Object.keys(plain.definition.operations)) counts.applied[name] = 0;
  const failures: TestFailure[] = [];
  if (Array.isArray(games)) {
    failures.push(...games.map((message) => ({ property: 'arbitraries' as const, message, example: '' })));
  } else {
    const plan = { machine: plain, settings: { numRuns, seed }, games };
    for (const game of fc.sample(games, plan.settings)) count(play(plain, game), counts);
    failures.push(...CHECKS.flatMap(([property, check]) => tryGames(plan, property, check)), ...tryHostile(plan));
  }
  if (options.assert === true && failures.length > 0) throw new Error(tell(machine.id, seed, failures));
  return { seed, runs: numRuns, ...counts, failures };
}

const tell = (id: string, seed: number, failures: readonly TestFailure[]): string =>
  [
    `${id}: ${failures.length} properties do not hold (seed ${seed})`,
    ...failures.map(({ property, message, example }) => `${property}: ${message}\n  ${example}`),
  ].join('\n');

function count(
  played: Played | undefined,
  counts: { steps: number; refused: number; largestStateBytes: number; applied: Record<string, number> },
): void {
  for (const { call, result } of played?.entries ?? []) {
    counts.steps += 1;
    if (result.ok) {
      counts.applied[call.operation] = (counts.applied[call.operation] ?? 0) + 1;
      counts.largestStateBytes = Math.max(counts.largestStateBytes, result.value.state.length);
    } else counts.refused += 1;
  }
}

/** Arbitrary games, or what is missing for them. */
function describeGames(
  { definition }: Machine,
  { params, inputs = {}, parties = [2], steps = 20 }: TestOptions<unknown, Record<string, unknown>>,
): fc.Arbitrary<Game> | string[] {
  const missing: string[] = [];
  const arbitraryOf = (name: string, given: fc.Arbitrary<unknown> | undefined, schema: StandardSchema) => {
    const json = given === undefined ? jsonSchemaOf(schema) : undefined;
    const found = given ?? (json && fromJsonSchema(json));
    if (found === undefined) missing.push(`${name} has no JSON Schema to make values from: give an arbitrary`);
    return found ?? fc.constant(null);
  };
  const first = arbitraryOf('params', params, definition.init.input);
  const moves = Object.entries(definition.operations).map(([operation, { input }]) =>
    fc.record({
      operation: fc.constant(operation),
      input: arbitraryOf(`inputs.${operation}`, inputs[operation], input),
      by: fc.option(fc.nat({ max: 7 }), { nil: null, freq: 2 }),
    }),
  );
  if (missing.length > 0) return missing;
  return fc.record({
    parties: fc.constantFrom(...parties),
    params: first,
    moves: fc.array(fc.oneof(...moves), { maxLength: steps, size: 'max' }),
  });
}

function report<T>(property: Property, details: fc.RunDetails<[T]>): TestFailure[] {
  if (!details.failed) return [];
  const { errorInstance, counterexample } = details;
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return [{ property, message, example: fc.stringify(counterexample?.[0]) }];
}

function tryGames(
  { machine, settings, games }: Plan,
  property: Property,
  check: (typeof CHECKS)[number][1],
): TestFailure[] {
  const holds = fc.property(games, (game) => {
    const played = play(machine, game);
    const why = played && check(machine, played);
    if (why !== undefined) throw new Violation(why);
  });
  return report(property, fc.check(holds, settings));
}

/**
 * What a peer may send: any bytes and any value, as state, input and parameters. In a state that the machine has
 * reached, an input that its schema lets through must not break it.
 */
function tryHostile({ machine, settings, games }: Plan): TestFailure[] {
  const names = Object.keys(machine.definition.operations);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    anyValue.map((value) => encodeOrNothing(value)),
  );
  const attacks = fc.record({
    game: games,
    operation: fc.constantFrom(...names),
    input: bytes,
    state: bytes,
    proposer: fc.nat({ max: 1 }),
  });
  const holds = fc.property(attacks, ({ game, operation, input, state, proposer }) => {
    const call = { number: 1, operation, input, proposer, parties: game.parties };
    mustAnswer(() => runInit(machine, input, game.parties));
    mustAnswer(() => runMigrate(machine, state, 1));
    mustAnswer(() => runApply(machine, state, call));
    for (const reached of statesOf(play(machine, game))) {
      const result = mustAnswer(() => runApply(machine, reached, call));
      if (!result.ok && result.error.code === 'E_MACHINE') throw new Violation(result.error.message);
    }
  });
  return report('hostile input', fc.check(holds, settings));
}

const encodeOrNothing = (value: unknown): Uint8Array => {
  const bytes = encodeValue(value);
  return bytes.ok ? bytes.value : new Uint8Array();
};

function mustAnswer<T>(ask: () => Result<T>): Result<T> {
  try {
    return ask();
  } catch (error) {
    throw new Violation(`throws ${String(error)}`, { cause: error });
  }
}

/** The first and the last: enough to look at, and few enough for each attack. */
const statesOf = (played: Played | undefined): Uint8Array[] => {
  if (played?.init.ok !== true) return [];
  const last = played.entries.findLast(({ result }) => result.ok)?.result;
  return last?.ok === true ? [played.init.value, last.value.state] : [played.init.value];
};
