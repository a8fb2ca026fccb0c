/** Repeating steps with the machine's code (spec MCH-10, MCH-11). The code is a stranger here: nothing it does throws. */
import { equalBytes } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { isErrorCode } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { check, fail, ok, type Result } from '../result.ts';
import type { AppliedStep, MachineAnswer, MachinePort, RequiredSigners } from './port.ts';
import { everybody, signersOf } from './signers.ts';
import { machineStateHash, readUpgrade, UPGRADE, type StepRecord } from './step.ts';
import type { MachineTerms } from './terms.ts';

/** A state and the code that made it. */
export interface MachineState {
  readonly state: Uint8Array;
  readonly version: number;
  readonly code: Uint8Array;
}

export interface StepResult {
  readonly after: MachineState;
  readonly required: RequiredSigners;
}

/** What a step is made from, before its state is known. */
export type StepCall = Pick<StepRecord, 'number' | 'operation' | 'input' | 'proposer'>;

/** The code of exactly this version. */
export function findMachine(
  machines: readonly MachinePort[],
  id: string,
  { version, code }: Pick<MachineState, 'version' | 'code'>,
): Result<MachinePort> {
  const named = machines.filter((machine) => machine.id === id);
  const found = named.find((machine) => machine.version === version);
  if (!found) return fail('E_CODE', 'MCH-10', `version ${version} of machine ${id} is not here`);
  return equalBytes(found.code, code)
    ? ok(found)
    : fail('E_CODE', 'MCH-10', `the code of version ${version} of machine ${id} is not the one agreed on`);
}

function isAnswer<T>(answer: unknown): answer is Result<T> {
  if (typeof answer !== 'object' || answer === null || !('ok' in answer)) return false;
  if (answer.ok === true) return 'value' in answer;
  const error = 'error' in answer ? answer.error : undefined;
  return typeof error === 'object' && error !== null && 'code' in error && isErrorCode(String(error.code));
}

async function ask<T>(call: () => MachineAnswer<T>): Promise<Result<T>> {
  try {
    // The code is a stranger: its types say nothing about what it does.
    const answer: unknown = await call();
    return isAnswer<T>(answer) ? answer : fail('E_MACHINE', 'MCH-10', 'the machine gives no answer');
  } catch {
    return fail('E_MACHINE', 'MCH-10', 'the machine has thrown');
  }
}

const checkState = (state: unknown): Result<Uint8Array> =>
  state instanceof Uint8Array && state.length <= LIMITS.machineStateBytes
    ? ok(state)
    : fail('E_MACHINE', 'MCH-10', `a state has at most ${LIMITS.machineStateBytes} bytes`);

/** The state before the first step. */
export async function initialState(
  machines: readonly MachinePort[],
  { machine: id, version, code, params, parties }: MachineTerms,
): Promise<Result<MachineState>> {
  const machine = findMachine(machines, id, { version, code });
  if (!machine.ok) return machine;
  const made = await ask(() => machine.value.init(params.slice(), parties.length));
  if (!made.ok) return made;
  const state = checkState(made.value);
  return state.ok ? ok({ state: state.value, version, code }) : state;
}

/** What follows from a state by one step. */
export async function computeStep(
  machines: readonly MachinePort[],
  terms: MachineTerms,
  before: MachineState,
  call: StepCall,
): Promise<Result<StepResult>> {
  if (call.operation === UPGRADE) return computeUpgrade(machines, terms, before, call.input);
  const machine = findMachine(machines, terms.machine, before);
  if (!machine.ok) return machine;
  const { number, operation, input, proposer } = call;
  const parties = terms.parties.length;
  const applied = await ask<AppliedStep>(() =>
    machine.value.apply(before.state.slice(), { number, operation, input: input.slice(), proposer, parties }),
  );
  if (!applied.ok) return applied;
  const state = checkState(applied.value?.state);
  if (!state.ok) return state;
  const required = signersOf(applied.value, proposer, parties);
  return required.ok ? ok({ after: { ...before, state: state.value }, required: required.value }) : required;
}

async function computeUpgrade(
  machines: readonly MachinePort[],
  { machine: id, parties }: MachineTerms,
  before: MachineState,
  input: Uint8Array,
): Promise<Result<StepResult>> {
  const upgrade = readUpgrade(input);
  if (!upgrade.ok) return upgrade;
  const { version } = upgrade.value;
  const newer = check(version > before.version, 'E_CODE', 'MCH-11', 'an upgrade leads to a later version');
  if (!newer.ok) return newer;
  const machine = findMachine(machines, id, upgrade.value);
  if (!machine.ok) return machine;
  const migrated = await ask(() => machine.value.migrate(before.state.slice(), before.version));
  if (!migrated.ok) return migrated;
  const state = checkState(migrated.value);
  if (!state.ok) return state;
  return ok({ after: { state: state.value, ...upgrade.value }, required: everybody(parties.length) });
}

/** The same for a step that somebody else computed. */
export async function repeatStep(
  suite: CryptoSuite,
  machines: readonly MachinePort[],
  terms: MachineTerms,
  before: MachineState,
  step: StepRecord,
): Promise<Result<StepResult>> {
  const computed = await computeStep(machines, terms, before, step);
  if (!computed.ok) return computed;
  const same = equalBytes(machineStateHash(suite, computed.value.after.state), step.state);
  return same ? computed : fail('E_STEP', 'MCH-10', `step ${step.number} leads to another state here`);
}
