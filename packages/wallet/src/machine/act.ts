/** Own steps: propose, agree, decline, upgrade. The intent is durable before the signature is made (spec MCH-20). */
import {
  cannotExist,
  comparePlaces,
  computeStep,
  encodeUpgrade,
  equalBytes,
  fail,
  findStep,
  keyId,
  machineStateHash,
  ok,
  standOf,
  stepHash,
  UPGRADE,
  type KnownStep,
  type MachineId,
  type MachinePort,
  type Result,
  type StepHash,
  type StepRecord,
  type StrandOperation,
} from '@dsm/core';
import { finishIntent, signIntent, writeIntent } from '../chain/append.ts';
import { draftNext, requireChain } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { evidenceFile, findEvidence, requireUnforked } from '../evidence/store.ts';
import { guardStore } from '../guard.ts';
import { requireMaySign } from '../restore/guard.ts';
import { loadMachine, requireMachine, stateReader, type LoadedMachine } from './load.ts';
import { addToMachine } from './merge.ts';
import { ensureStrand, isWritten, strandOf } from './own-strand.ts';
import { machineCommandRecords, type MachineCommandRecord } from './records.ts';
import { readStrandTerms } from './strand-terms.ts';

/** What an own step answers; `tell` writes the message with it. */
export interface Acted {
  readonly relationship: MachineId;
  readonly step: StepHash;
}

export interface ProposeOptions {
  readonly operation: string;
  readonly input: Uint8Array;
  /** Until when others may sign; the relationship's rule is the most, and is meant unless given. Milliseconds. */
  readonly expiryMs?: number;
  /**
   * The step to build on: the newest that exists unless given, or one that would exist with the own signature. Then
   * this signature agrees with both.
   */
  readonly after?: StepHash;
  /** 32 bytes that name the owner's command: repeated, it gives the same step. */
  readonly command?: Uint8Array;
}

/** Proposes a step. `E_OPEN`: another one has to be decided first. `E_REFUSED`: the machine's own rules. */
export const propose = (
  device: Device,
  id: MachineId,
  options: ProposeOptions,
  machines: readonly MachinePort[],
): Promise<Result<Acted>> =>
  guardStore(async () => {
    const { command } = options;
    const before = command && (await machineCommandRecords.read(device, command));
    if (before) return repeat(device, before);
    const ready = await openForWriting(device, id);
    if (!ready.ok) return ready;
    const drafted = await draftStep(device, ready.value, options, machines);
    if (!drafted.ok) return drafted;
    const step = stepHash(device.suite, drafted.value);
    const operation = signing(device, drafted.value, step);
    return write(device, ready.value, { operation, step, records: [drafted.value], command }, machines);
  });

/** Moves the relationship to a next version of its machine, once everybody has signed. */
export const upgrade = (
  device: Device,
  id: MachineId,
  to: Pick<MachinePort, 'version' | 'code'>,
  machines: readonly MachinePort[],
): Promise<Result<Acted>> => propose(device, id, { operation: UPGRADE, input: encodeUpgrade(to) }, machines);

/** Signs a step that somebody has proposed. `E_EXPIRED`, `E_STATE`: too late, or decided otherwise before. */
export const agree = (
  device: Device,
  id: MachineId,
  step: StepHash,
  machines: readonly MachinePort[],
): Promise<Result<Acted>> =>
  guardStore(async () => {
    const found = await openStep(device, id, step);
    if (!found.ok) return found;
    const { machine, known, stand } = found.value;
    if (stand === 'signed') return ok({ relationship: id, step });
    if (stand === 'passed') return fail('E_STATE', 'MCH-22', 'this device has passed that step');
    const timely = requireTimely(device, known);
    if (!timely.ok) return timely;
    const operation = signing(device, known.record, step);
    return write(device, machine, { operation, step, records: [] }, machines);
  });

/** Says that this device will never sign the step. */
export const decline = (
  device: Device,
  id: MachineId,
  step: StepHash,
  machines: readonly MachinePort[],
): Promise<Result<Acted>> =>
  guardStore(async () => {
    const found = await openStep(device, id, step);
    if (!found.ok) return found;
    const { machine, known, stand } = found.value;
    if (stand === 'passed') return ok({ relationship: id, step });
    if (stand === 'signed') return fail('E_STATE', 'MCH-22', 'this device has signed that step');
    const { number, attempt } = known.record;
    const operation: StrandOperation = {
      type: 'decline',
      window: windowUntil(device, device.clock()),
      number,
      attempt,
    };
    return write(device, machine, { operation, step, records: [] }, machines);
  });

async function repeat(device: Device, { relationship, step }: MachineCommandRecord): Promise<Result<Acted>> {
  const record = await requireMachine(device, relationship);
  if (!record.ok) return record;
  if (step === null) return fail('E_STATE', 'MCH-21', 'this command has opened a relationship');
  // A crash between intent and signature is made good, unless a restore has closed the strand since.
  const strand = strandOf(record.value, record.value.strand);
  const signed = strand && (await isWritten(device, strand)) ? await finishIntent(device, strand.chain) : ok(undefined);
  return signed.ok ? ok({ relationship, step }) : signed;
}

/** The relationship with a strand that this device may append to. */
async function openForWriting(device: Device, id: MachineId): Promise<Result<LoadedMachine>> {
  const record = await requireMachine(device, id);
  if (!record.ok) return record;
  const may = await requireMaySign(device);
  if (!may.ok) return may;
  const unforked = await requireUnforked(device);
  if (!unforked.ok) return unforked;
  for (const { chain } of record.value.strands) {
    const terms = await readStrandTerms(device, chain);
    const found = terms && (await findEvidence(device, keyId(device.suite, terms.key)));
    if (!found) continue;
    const evidence = evidenceFile(device, found);
    return fail('E_QUARANTINED', 'MCH-25', 'there is evidence that a party signed two states for one place', {
      evidence,
    });
  }
  const ensured = await ensureStrand(device, id, record.value);
  if (!ensured.ok) return ensured;
  const ready = await finishIntent(device, ensured.value.strand);
  return ready.ok ? ok(await loadMachine(device, id, ensured.value)) : ready;
}

interface OpenStep {
  readonly machine: LoadedMachine;
  readonly known: KnownStep;
  readonly stand: ReturnType<typeof standOf>;
}

async function openStep(device: Device, id: MachineId, step: StepHash): Promise<Result<OpenStep>> {
  const ready = await openForWriting(device, id);
  if (!ready.ok) return ready;
  const above = openStepIn(ready.value, step);
  if (above) return ok(above);
  // Below the head: decided, and a repeated call gets its answer.
  const older = openStepIn(await loadMachine(device, id, ready.value.record, 0), step);
  return older ? ok(older) : fail('E_NOT_FOUND', 'MCH-22', 'no such step is known');
}

function openStepIn(machine: LoadedMachine, step: StepHash): OpenStep | undefined {
  const known = findStep(machine.view, step);
  if (!known) return undefined;
  const stand = standOf(machine.view, machine.record.own, known);
  // What exists without this device needs no decision any more.
  const isOver = stand === 'open' && known.record.number <= machine.record.head.number;
  return { machine, known, stand: isOver ? 'passed' : stand };
}

const requireTimely = (device: Device, { record }: KnownStep): Result<undefined> =>
  device.clock() <= record.expiresAt ? ok(undefined) : fail('E_EXPIRED', 'MCH-22', 'the step has expired');

const windowUntil = (device: Device, until: number) => ({ from: Math.min(device.clock(), until), until });

const signing = (device: Device, { number, attempt, expiresAt }: StepRecord, step: StepHash): StrandOperation => ({
  type: 'sign',
  window: windowUntil(device, expiresAt),
  number,
  attempt,
  step,
});

async function draftStep(
  device: Device,
  machine: LoadedMachine,
  { operation, input, expiryMs, after }: ProposeOptions,
  machines: readonly MachinePort[],
): Promise<Result<StepRecord>> {
  const { id, record, view } = machine;
  const below = after && findStep(view, after);
  if (after && !below && !equalBytes(after, record.head.hash)) {
    return fail('E_NOT_FOUND', 'MCH-22', 'the step to build on is not known');
  }
  const timely = below ? requireTimely(device, below) : ok(undefined);
  if (!timely.ok) return timely;
  const prev = after ?? record.head.hash;
  const number = (below?.record.number ?? record.head.number) + 1;
  const free = freeAttempt(machine, number, below);
  if (!free.ok) return free;
  const before = await stateReader(device, machine)(prev);
  if (!before) return fail('E_STEP', 'MCH-7', 'nothing builds on that step any more');
  const result = await computeStep(machines, record.terms, before, { number, operation, input, proposer: record.own });
  if (!result.ok) return result;
  const { expiryMs: most } = record.terms.rules;
  return ok({
    relationship: id,
    number,
    attempt: free.value,
    prev,
    operation,
    input,
    proposer: record.own,
    expiresAt: device.clock() + Math.min(expiryMs ?? most, most),
    state: machineStateHash(device.suite, result.value.after.state),
  });
}

/** The next attempt at this number. `E_OPEN` while something is undecided that the own signature would pass. */
function freeAttempt({ record, view }: LoadedMachine, number: number, below: KnownStep | undefined): Result<number> {
  const rivals = [...view.steps.values()].filter((step) => step !== below && step.record.number > record.head.number);
  const open = rivals.find((step) => !cannotExist(view, step) && standOf(view, record.own, step) !== 'passed');
  if (open) {
    const what =
      standOf(view, record.own, open) === 'signed' ? 'signed and waits for others' : 'waits for your decision';
    return fail('E_OPEN', 'MCH-22', `step ${open.record.number} of this relationship is ${what}`);
  }
  const attempts = [...view.steps.values()].filter((step) => step.record.number === number);
  const attempt = Math.max(-1, ...attempts.map((step) => step.record.attempt)) + 1;
  const last = view.logs[record.own]?.at(-1);
  return last && comparePlaces(last.place, { number, attempt }) >= 0
    ? fail('E_OPEN', 'MCH-22', 'this device has signed a later step than the one that it would build on')
    : ok(attempt);
}

interface OwnStep {
  readonly operation: StrandOperation;
  readonly step: StepHash;
  /** The step itself, if it is new. */
  readonly records: readonly StepRecord[];
  readonly command?: Uint8Array | undefined;
}

/** Intent with everything that follows from it, then the signature. */
async function write(
  device: Device,
  { id, record }: LoadedMachine,
  { operation, step, records, command }: OwnStep,
  machines: readonly MachinePort[],
): Promise<Result<Acted>> {
  if (operation.type === 'genesis') return fail('E_OPERATION', 'CHN-4', 'a genesis has no predecessor');
  const held = await requireChain(device, record.strand);
  if (!held.ok) return held;
  const draft = await draftNext(device, held.value, { kind: 'strand', operation });
  if (!draft.ok) return draft;
  const { number, attempt, window } = operation;
  const entry = {
    place: { number, attempt },
    step: operation.type === 'sign' ? operation.step : null,
    window,
    chain: record.strand,
    index: draft.value.transition.body.index,
  };
  const addition = { entries: [{ party: record.own, entry }], steps: records, strands: [] };
  // What others would refuse is not signed: the own step is judged as theirs are.
  const change = await addToMachine(device, { id, record }, addition, machines);
  if (!change.ok) return change;
  const row = command && machineCommandRecords.put(device, command, { relationship: id, step });
  const written = await writeIntent(device, draft.value, {
    alongside: () => [...change.value.writes, ...(row ? [row] : [])],
    conditions: () => [...change.value.conditions, ...(command ? [machineCommandRecords.isAbsent(command)] : [])],
  });
  if (!written.ok) return written;
  const signed = await signIntent(device, record.strand, entry.index);
  return signed.ok ? ok({ relationship: id, step }) : signed;
}
