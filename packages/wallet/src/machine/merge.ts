/** What is learned or done in a relationship, as one commit (spec MCH-13, MCH-20). */
import {
  compareBytes,
  equalBytes,
  mergeSteps,
  ok,
  stepHash,
  type Condition,
  type MachinePort,
  type Merged,
  type Result,
  type StateReader,
  type StepRecord,
  type StrandEntry,
  type Write,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { loadMachine, stateReader, type LoadedMachine } from './load.ts';
import {
  entryKey,
  machineEntryRecords,
  machineRecords,
  machineStateRecords,
  machineStepRecords,
  numberKey,
  stepKey,
  type KnownStrand,
  type MachineRecord,
} from './records.ts';

/** What is added to a relationship. */
export interface Addition {
  readonly entries: readonly { readonly party: number; readonly entry: StrandEntry }[];
  readonly steps: readonly StepRecord[];
  /** Strands that were not known before. */
  readonly strands: readonly KnownStrand[];
}

export interface Change {
  readonly machine: LoadedMachine;
  readonly writes: readonly Write[];
  readonly conditions: readonly Condition[];
}

/** The relationship as it stands with what is added; nothing is written. `readState`: where the store has none yet. */
export async function addToMachine(
  device: Device,
  { id, record }: Pick<LoadedMachine, 'id' | 'record'>,
  { entries, steps, strands }: Addition,
  machines: readonly MachinePort[],
  readState?: StateReader,
): Promise<Result<Change>> {
  const known: readonly KnownStrand[] = [...record.strands, ...strands];
  // Below what is new and below the head nothing can change.
  const lowest = Math.min(record.head.number + 1, ...entries.map(({ entry }) => entry.place.number));
  const loaded = await loadMachine(device, id, record, Math.max(lowest, 1) - 1);
  const baseOf = ({ chain }: StrandEntry): number => known.find((one) => equalBytes(one.chain, chain))?.base ?? 0;
  const logs = loaded.view.logs.map((log, party) =>
    [...log, ...entries.filter((one) => one.party === party).map(({ entry }) => entry)].toSorted(
      (a, b) => baseOf(a) - baseOf(b) || compareBytes(a.chain, b.chain) || a.index - b.index,
    ),
  );
  const read = readState ?? stateReader(device, loaded);
  const unknown = await withoutKnown(device, id, steps);
  const merged = await mergeSteps(device.suite, loaded.view, { steps: unknown, logs, entries }, machines, read);
  if (!merged.ok) return merged;
  const next = nextRecord(record, known, merged.value);
  return ok({
    machine: { id, record: next, view: merged.value.view },
    writes: await changeWrites(device, loaded, next, merged.value, entries),
    conditions: [machineRecords.isUnchanged(device, id, record)],
  });
}

/** A repeated message shows steps from long ago, which are not loaded. */
async function withoutKnown(
  device: Device,
  id: LoadedMachine['id'],
  steps: readonly StepRecord[],
): Promise<readonly StepRecord[]> {
  const unknown: StepRecord[] = [];
  for (const step of steps) {
    const key = stepKey(id, step, stepHash(device.suite, step));
    if (!(await machineStepRecords.read(device, key))) unknown.push(step);
  }
  return unknown;
}

function nextRecord(record: MachineRecord, strands: readonly KnownStrand[], { view }: Merged): MachineRecord {
  const { number, hash } = view.head;
  const newest = [...view.steps.values()].find((step) => equalBytes(step.hash, hash));
  const { version, code } = newest ?? record.head;
  return { ...record, strands, head: { number, hash, version, code }, revision: record.revision + 1 };
}

async function changeWrites(
  device: Device,
  { id, record }: LoadedMachine,
  next: MachineRecord,
  { added }: Merged,
  entries: Addition['entries'],
): Promise<readonly Write[]> {
  const kept = added.filter(({ step, state }) => state !== null && step.record.number >= next.head.number);
  return [
    machineRecords.put(device, id, next),
    ...added.map(({ step: { hash, record: one, required, version, code } }) =>
      machineStepRecords.put(device, stepKey(id, one, hash), { record: one, required, version, code }),
    ),
    ...entries.map(({ party, entry: { place, step, window, chain, index } }) =>
      machineEntryRecords.put(device, entryKey(id, party, place.number, place.attempt), { step, window, chain, index }),
    ),
    ...kept.map(({ step: { hash, record: one }, state }) =>
      machineStateRecords.put(device, stepKey(id, one, hash), state as Uint8Array),
    ),
    ...(await forgetStates(device, id, record, next)),
  ];
}

/** Nothing builds on what lies below a step that exists. */
async function forgetStates(
  device: Device,
  id: LoadedMachine['id'],
  { head }: MachineRecord,
  next: MachineRecord,
): Promise<readonly Write[]> {
  if (next.head.number === head.number) return [];
  const rows = await device.store.scan(machineStateRecords.name, { prefix: id });
  const first = numberKey(id, next.head.number);
  return rows.filter(({ key }) => compareBytes(key, first) < 0).map(({ key }) => machineStateRecords.remove(key));
}
