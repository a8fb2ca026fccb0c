/** How a developer says what a machine is. */
import { isLabel, LIMITS } from '@dsm/core';
import type { InputOf, OutputOf, StandardSchema } from './schema.ts';
import type { Immutable, Loose, Value } from './value/value.ts';

/** What the first state is made of, besides the parameters. */
export interface InitContext {
  /** How many there are, 2 to 8. A party is a position from 0. */
  readonly parties: number;
}

/** What an operation knows. All of it is deeply frozen and the same for every party. */
export interface ApplyContext<State, Input> {
  readonly state: Immutable<State>;
  readonly input: Immutable<Input>;
  /** The party that proposes the step. */
  readonly by: number;
  readonly parties: number;
  /** 1 for the first step. */
  readonly number: number;
}

/**
 * Who must sign: every party; more than half of them; so many of them (more than half, unless it is somebody's turn);
 * these and no fewer; or the proposer alone, which only a machine with `turn` may say. Whoever's turn it is always
 * signs (spec RUN-10).
 */
export type Signers = 'all' | 'majority' | 'proposer' | number | readonly number[];

export interface Operation<State, Input extends StandardSchema, Out = Immutable<State>> {
  readonly input: Input;
  /** Default: all. */
  readonly signers?: Signers | ((context: ApplyContext<State, OutputOf<Input>>) => Signers);
  /** The next state; `refuse('why')` says no. */
  readonly apply: (context: ApplyContext<State, OutputOf<Input>>) => Out;
}

/** Operations by name, each with the schema of its input. */
export type Schemas = Readonly<Record<string, StandardSchema>>;

/** All that a machine is, without its types. */
export interface Definition {
  readonly id: string;
  readonly version: number;
  readonly code?: string;
  readonly state: StandardSchema;
  readonly init: {
    readonly input: StandardSchema;
    readonly create: (params: unknown, context: InitContext) => unknown;
  };
  readonly operations: Readonly<Record<string, AnyOperation>>;
  readonly turn?: (state: unknown, context: InitContext) => number | null;
  readonly migrate?: (old: OldState) => unknown;
}

export interface AnyOperation {
  readonly input: StandardSchema;
  readonly signers?: Signers | ((context: ApplyContext<unknown, unknown>) => Signers);
  readonly apply: (context: ApplyContext<unknown, unknown>) => unknown;
}

/** A state that an older version of the machine made. */
export interface OldState {
  readonly state: Value;
  /** The version that made it. */
  readonly from: number;
}

/**
 * What a function of the machine gives as the state. The first half makes the compiler read literals as what they are
 * (`'open'`, not string); the second admits what was frozen, and a list where the schema says how long it must be.
 */
export type Given<State extends StandardSchema> = InputOf<State> | Loose<InputOf<State>>;

/** What `defineMachine` takes. Types of parameters, inputs and state are those of the schemas. */
export interface MachineDefinition<
  State extends StandardSchema,
  Params extends StandardSchema,
  Inputs extends Schemas,
> {
  /** 1 to 64 bytes; what the relationship's genesis names. */
  readonly id: string;
  /** From 1. */
  readonly version: number;
  /** Any text that pins the build, in place of what is read from the functions (spec RUN-12). */
  readonly code?: string;
  /** `unchecked<T>()` where the type alone shall do. */
  readonly state: State;
  readonly init: {
    readonly input: Params;
    readonly create: (params: Immutable<OutputOf<Params>>, context: InitContext) => Given<State>;
  };
  readonly operations: {
    readonly [Name in keyof Inputs]: Operation<OutputOf<State>, Inputs[Name], Given<State>>;
  };
  /** Whose turn it is, or null. This party signs every step (spec RUN-10). */
  readonly turn?: (state: Immutable<OutputOf<State>>, context: InitContext) => number | null;
  /** The state of this version from one of an older version; `refuse` where it cannot be. */
  readonly migrate?: (old: OldState) => Given<State>;
}

/** A machine, with the types of its state, parameters and inputs for those who use it. */
export interface Machine<State = unknown, Params = unknown, Inputs = Readonly<Record<string, unknown>>> {
  readonly id: string;
  readonly version: number;
  readonly definition: Definition;
  /** Types only; never there. */
  readonly types?: { readonly state: State; readonly params: Params; readonly inputs: Inputs };
}

export type StateOf<M extends Machine> = NonNullable<M['types']>['state'];
export type ParamsOf<M extends Machine> = NonNullable<M['types']>['params'];
export type InputsOf<M extends Machine> = NonNullable<M['types']>['inputs'];

/** A step that all sign which changes the version (core's upgrade); no operation has this name. */
const RESERVED = 'upgrade';

/** Throws a TypeError for what can never work: that is the developer's mistake, seen when the module loads. */
export function defineMachine<
  const State extends StandardSchema,
  Params extends StandardSchema,
  Inputs extends Schemas,
>(
  given: MachineDefinition<State, Params, Inputs>,
): Machine<OutputOf<State>, InputOf<Params>, { readonly [Name in keyof Inputs]: InputOf<Inputs[Name]> }> {
  const machine = given as unknown as Definition;
  const problem = findProblem(machine);
  if (problem !== undefined) throw new TypeError(`machine ${machine.id}: ${problem}`);
  const operations = Object.fromEntries(
    Object.entries(machine.operations).map(([name, operation]) => [name, Object.freeze({ ...operation })]),
  );
  return Object.freeze({
    id: machine.id,
    version: machine.version,
    definition: Object.freeze({
      ...machine,
      init: Object.freeze({ ...machine.init }),
      operations: Object.freeze(operations),
    }),
  });
}

const isSchema = (schema: StandardSchema | undefined): boolean =>
  typeof (schema?.['~standard'] as { validate?: unknown } | undefined)?.validate === 'function';

function findProblem(machine: Definition): string | undefined {
  if (typeof machine.id !== 'string' || !isLabel(machine.id, LIMITS.nameBytes, 1)) return 'id: 1 to 64 bytes of text';
  if (!Number.isSafeInteger(machine.version) || machine.version < 1) return 'version: an integer from 1';
  if (machine.code !== undefined && (typeof machine.code !== 'string' || !machine.code.isWellFormed()))
    return 'code: text';
  if (!isSchema(machine.state)) return 'state: a Standard Schema';
  if (!isSchema(machine.init?.input)) return 'init.input: a Standard Schema';
  if (typeof machine.init.create !== 'function') return 'init.create: a function';
  const operations = Object.entries(machine.operations ?? {});
  if (operations.length === 0) return 'operations: at least one';
  for (const [name, operation] of operations) {
    const problem = findOperationProblem(name, operation, machine.turn !== undefined);
    if (problem !== undefined) return `operation ${name}: ${problem}`;
  }
  return undefined;
}

function findOperationProblem(name: string, operation: AnyOperation, hasTurn: boolean): string | undefined {
  if (!isLabel(name, LIMITS.nameBytes, 1)) return 'a name of 1 to 64 bytes of text';
  if (name === RESERVED) return 'this name is taken by the step to a next version';
  if (!isSchema(operation.input)) return 'input: a Standard Schema';
  if (typeof operation.apply !== 'function') return 'apply: a function';
  const { signers = 'all' } = operation;
  if (signers === 'proposer' && !hasTurn)
    return "signers: 'proposer' needs `turn`, or two of them could sign two steps";
  if (typeof signers === 'number' && (!Number.isSafeInteger(signers) || signers < 1))
    return 'signers: an integer from 1';
  return undefined;
}
