/**
 * Runs a machine on canonical bytes: what `MachinePort` asks for, without the name of the code. Total: whatever the
 * bytes are and whatever the machine does, the answer is a result.
 */
import { fail, LIMITS, ok, type AppliedStep, type Err, type MachineCall, type Result } from '@dsm/core';
import type { AnyOperation, ApplyContext, Definition, Machine, OldState } from './define.ts';
import { runGuarded, Unguarded } from './guard/guard.ts';
import { Refusal } from './refuse.ts';
import { describeIssues, type StandardSchema } from './schema.ts';
import { isParty, requireSigners } from './signers.ts';
import { decodeValue } from './value/decode.ts';
import { encodeValue } from './value/encode.ts';
import type { Value } from './value/value.ts';

const MESSAGE_LENGTH = 300;

/** For messages: `counter v1, add`. */
const nameOf = ({ id, version }: Definition, where: string): string => `${id} v${version}, ${where}`;

const brief = (text: string): string =>
  text.length <= MESSAGE_LENGTH ? text : `${text.slice(0, MESSAGE_LENGTH).toWellFormed()}…`;

/** Parts of a run answer or throw this; the guard's caller turns it into a result. */
class Broken extends Error {
  readonly failure: Err;
  constructor(failure: Err) {
    super(failure.error.message);
    this.failure = failure;
  }
}

const isParties = (parties: number): boolean =>
  Number.isSafeInteger(parties) && parties >= 2 && parties <= LIMITS.machineParties;

/** The state before the first step. */
export function runInit({ definition }: Machine, params: Uint8Array, parties: number): Result<Uint8Array> {
  if (!isParties(parties)) return fail('E_FORMAT', 'RUN-4', `${parties} parties`);
  const value = decodeValue(params, LIMITS.machineInputBytes);
  if (!value.ok) return value;
  return run(definition, 'init', () => {
    const input = readInput(definition, 'init', definition.init.input, value.value);
    const made = definition.init.create(input, Object.freeze({ parties }));
    const state = writeState(definition, 'init', made);
    readState(definition, 'init', state, 'E_MACHINE');
    checkCounts(definition, parties);
    return state;
  });
}

/** Says at the first state, not at the first step, that a count of signers can never suffice. */
function checkCounts(definition: Definition, parties: number): void {
  for (const [name, { signers }] of Object.entries(definition.operations)) {
    if (typeof signers !== 'number') continue;
    const turn = definition.turn === undefined ? null : 0;
    const required = requireSigners(signers, { by: 0, parties, turn });
    if (typeof required === 'string') throw broken(definition, name, 'RUN-10', required);
  }
}

export function runApply({ definition }: Machine, state: Uint8Array, call: MachineCall): Result<AppliedStep> {
  const { number, operation: name, proposer, parties } = call;
  if (!isParties(parties) || !isParty(proposer, parties)) return fail('E_FORMAT', 'RUN-4', 'no such party');
  if (!Number.isSafeInteger(number) || number < 1) return fail('E_FORMAT', 'RUN-4', `step ${number}`);
  const operation = Object.hasOwn(definition.operations, name) ? definition.operations[name] : undefined;
  if (operation === undefined)
    return fail('E_OPERATION', 'RUN-4', brief(`${nameOf(definition, name)}: no such operation`));
  const input = decodeValue(call.input, LIMITS.machineInputBytes);
  if (!input.ok) return input;
  return run(definition, name, () => {
    const before = readState(definition, name, state, 'E_FORMAT');
    const context: ApplyContext<unknown, unknown> = Object.freeze({
      state: before,
      input: readInput(definition, name, operation.input, input.value),
      by: proposer,
      parties,
      number,
    });
    const turn = readTurn(definition, name, before, parties);
    const after = writeState(definition, name, operation.apply(context));
    return { state: after, required: readSigners(definition, name, operation, context, turn), turn };
  });
}

/** The state of this version from that of an older one. */
export function runMigrate({ definition }: Machine, state: Uint8Array, from: number): Result<Uint8Array> {
  const { migrate } = definition;
  if (migrate === undefined || !Number.isSafeInteger(from) || from < 1 || from >= definition.version) {
    return fail('E_MACHINE', 'RUN-13', `${nameOf(definition, 'migrate')}: does not know version ${from}`);
  }
  const old = decodeValue(state);
  if (!old.ok) return old;
  return run(definition, 'migrate', () => {
    const context: OldState = Object.freeze({ state: old.value, from });
    const after = writeState(definition, 'migrate', migrate(context));
    readState(definition, 'migrate', after, 'E_MACHINE');
    return after;
  });
}

/** Whether a value is what a schema accepts, before it is encoded for a step. */
export const runSchema = (
  { definition }: Machine,
  where: string,
  schema: StandardSchema,
  value: Value,
): Result<undefined> =>
  run(definition, where, () => {
    readInput(definition, where, schema, value);
    return undefined;
  });

const broken = (definition: Definition, where: string, rule: string, reason: string): Broken =>
  new Broken({
    ok: false,
    error: { code: 'E_MACHINE', rule, message: brief(`${nameOf(definition, where)}: ${reason}`) },
  });

function run<T>(definition: Definition, where: string, body: () => T): Result<T> {
  const end = runGuarded(body);
  if (end.leak !== undefined) {
    return fail('E_MACHINE', 'RUN-7', `${nameOf(definition, where)}: used ${end.leak}, which differs between devices`);
  }
  if (end.ended) return ok(end.value);
  const { thrown } = end;
  if (thrown instanceof Broken) return thrown.failure;
  if (thrown instanceof Unguarded) return fail('E_MACHINE', 'RUN-7', `${nameOf(definition, where)}: ${thrown.message}`);
  if (thrown instanceof Refusal) return fail('E_REFUSED', 'RUN-9', brief(describeThrown(thrown, 'message')));
  return fail('E_MACHINE', 'RUN-8', brief(`${nameOf(definition, where)}: threw ${describeThrown(thrown, 'all')}`));
}

/** A thrown object may throw again while it is read. */
function describeThrown(thrown: unknown, part: 'all' | 'message'): string {
  try {
    if (thrown instanceof Error) return part === 'message' ? thrown.message : `${thrown.name}: ${thrown.message}`;
    return String(thrown);
  } catch {
    return 'something that cannot be read';
  }
}

/** The schema's own answer; throws for a promise, which nobody will wait for. */
function validate(definition: Definition, where: string, schema: StandardSchema, value: unknown) {
  const answer = settle(definition, where, schema['~standard'].validate(value), 'its schema');
  if (typeof answer !== 'object' || answer === null)
    throw broken(definition, where, 'RUN-5', 'its schema answers nothing');
  return answer as Exclude<typeof answer, Promise<unknown>>;
}

function settle<T>(definition: Definition, where: string, answer: T, whose: string): T {
  if (!(answer instanceof Promise)) return answer;
  // Nobody hears of its failure otherwise, and Node ends the process for that.
  void Promise.prototype.then.call(answer, undefined, () => undefined);
  throw broken(definition, where, 'RUN-5', `${whose} answers a promise; machines do not wait`);
}

function readInput(definition: Definition, where: string, schema: StandardSchema, value: Value): Value {
  const answer = validate(definition, where, schema, value);
  if (answer.issues !== undefined) {
    throw new Broken(
      fail('E_FORMAT', 'RUN-4', brief(`${nameOf(definition, where)}: ${describeIssues(answer.issues)}`)),
    );
  }
  // Encoding and decoding makes it a frozen value that shares nothing, whatever the schema did.
  const bytes = encodeValue(answer.value, LIMITS.machineStateBytes);
  if (!bytes.ok) throw broken(definition, where, 'RUN-5', `its schema answers ${bytes.error.message}`);
  const read = decodeValue(bytes.value);
  if (!read.ok) throw new Broken(read);
  return read.value;
}

function readState(definition: Definition, where: string, bytes: Uint8Array, code: 'E_FORMAT' | 'E_MACHINE'): Value {
  const value = decodeValue(bytes);
  if (!value.ok) throw new Broken(value);
  const answer = validate(definition, where, definition.state, value.value);
  if (answer.issues === undefined) return value.value;
  const issues = describeIssues(answer.issues);
  if (code === 'E_MACHINE') throw broken(definition, where, 'RUN-5', `its schema refuses what it made: ${issues}`);
  throw new Broken(fail('E_FORMAT', 'RUN-4', brief(`${nameOf(definition, where)}: state: ${issues}`)));
}

function writeState(definition: Definition, where: string, made: unknown): Uint8Array {
  const answer = validate(definition, where, definition.state, settle(definition, where, made, 'it'));
  if (answer.issues !== undefined) {
    throw broken(definition, where, 'RUN-8', `answers another state: ${describeIssues(answer.issues)}`);
  }
  const bytes = encodeValue(answer.value);
  if (bytes.ok) return bytes.value;
  const { code, message } = bytes.error;
  if (code === 'E_LIMIT') throw broken(definition, where, 'RUN-11', `the state grew too far: ${message}`);
  throw broken(definition, where, 'RUN-8', `answers no state: ${message}`);
}

function readTurn(definition: Definition, where: string, state: Value, parties: number): number | null {
  if (definition.turn === undefined) return null;
  const turn: unknown = settle<unknown>(definition, where, definition.turn(state, Object.freeze({ parties })), 'turn');
  if (turn === null || isParty(turn, parties)) return turn;
  throw broken(definition, where, 'RUN-10', 'turn must give null or the position of a party');
}

function readSigners(
  definition: Definition,
  where: string,
  operation: AnyOperation,
  context: ApplyContext<unknown, unknown>,
  turn: number | null,
): AppliedStep['required'] {
  const { signers = 'all' } = operation;
  const answer = typeof signers === 'function' ? settle(definition, where, signers(context), 'signers') : signers;
  const required = requireSigners(answer, { by: context.by, parties: context.parties, turn });
  if (typeof required === 'string') throw broken(definition, where, 'RUN-10', required);
  return required;
}
