/** A relationship as the store has it, from a step that exists upwards. */
import {
  concatBytes,
  fail,
  ok,
  toHex,
  type Head,
  type KnownStep,
  type MachineId,
  type MachineState,
  type MachineView,
  type Result,
  type StepHash,
  type StrandEntry,
  type StateReader,
} from '@dsm/core';
import type { Storage } from '../device.ts';
import { damaged } from '../guard.ts';
import { indexKey } from '../records/codecs.ts';
import {
  machineEntryRecords,
  machineRecords,
  machineStateRecords,
  machineStepRecords,
  numberKey,
  partyKey,
  stepKey,
  type MachineRecord,
} from './records.ts';

export interface LoadedMachine {
  readonly id: MachineId;
  readonly record: MachineRecord;
  readonly view: MachineView;
}

const HASH_AT = 40;

const placeAt = (key: Uint8Array): { readonly number: number; readonly attempt: number } => {
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  return { number: Number(view.getBigUint64(33)), attempt: Number(view.getBigUint64(41)) };
};

export async function requireMachine(storage: Storage, id: MachineId): Promise<Result<MachineRecord>> {
  const record = await machineRecords.read(storage, id);
  return record ? ok(record) : fail('E_NOT_FOUND', 'MCH-20', 'this device has no such relationship: join it first');
}

/** What is known above `floor`, which is at most the head; the head itself unless given. */
export async function loadMachine(
  storage: Storage,
  id: MachineId,
  record: MachineRecord,
  floor: number = record.head.number,
): Promise<LoadedMachine> {
  const rows = await machineStepRecords.list(storage, { prefix: id, after: numberKey(id, floor + 1) });
  const steps = new Map<string, KnownStep>();
  for (const { key, value } of rows) {
    const hash = key.slice(HASH_AT) as StepHash;
    steps.set(toHex(hash), { hash, ...value });
  }
  const logs: (readonly StrandEntry[])[] = [];
  for (const party of record.terms.parties.keys()) {
    const prefix = partyKey(id, party);
    const after = concatBytes([prefix, indexKey(floor + 1)]);
    const entries = await machineEntryRecords.list(storage, { prefix, after });
    logs.push(
      entries.map(({ key, value: { step, window, chain, index } }) => ({
        place: placeAt(key),
        step,
        window,
        chain,
        index,
      })),
    );
  }
  const { number, hash } = record.head;
  const head: Head = { number, hash };
  return { id, record, view: { id, terms: record.terms, floor: findFloor(steps, head, floor), head, steps, logs } };
}

function findFloor(steps: ReadonlyMap<string, KnownStep>, head: Head, number: number): Head {
  let floor = head;
  while (floor.number > number) {
    const step = steps.get(toHex(floor.hash));
    if (!step) throw damaged('a step of a machine relationship is missing');
    floor = { number: floor.number - 1, hash: step.record.prev };
  }
  return floor;
}

/** States at and above the head. */
export const stateReader =
  (storage: Storage, { id, record, view }: LoadedMachine): StateReader =>
  async (hash): Promise<MachineState | undefined> => {
    const step = view.steps.get(toHex(hash));
    const { number, version, code } = step ? { ...step, number: step.record.number } : record.head;
    const state = await machineStateRecords.read(storage, stepKey(id, { number }, hash));
    return state && { state, version, code };
  };

export async function headState(storage: Storage, machine: LoadedMachine): Promise<Uint8Array> {
  const found = await stateReader(storage, machine)(machine.record.head.hash);
  if (!found) throw damaged('the state of a machine relationship is missing');
  return found.state;
}
