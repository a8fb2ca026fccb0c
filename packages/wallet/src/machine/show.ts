/** A relationship as its owner sees it. */
import {
  cannotExist,
  machineStateHash,
  ok,
  partiesThat,
  standOf,
  type ChainId,
  type KnownStep,
  type MachineId,
  type MachineTerms,
  type RequiredSigners,
  type Result,
  type Stand,
  type StepHash,
  type StepRecord,
} from '@dsm/core';
import type { Device, Storage } from '../device.ts';
import { guardStore } from '../guard.ts';
import { headState, loadMachine, requireMachine, type LoadedMachine } from './load.ts';
import { machineRecords, machineStateRecords, stepKey } from './records.ts';

/** A step that may still come to exist. */
export interface PendingStep {
  readonly step: StepHash;
  readonly record: StepRecord;
  /** The state after it. */
  readonly state: Uint8Array;
  readonly required: RequiredSigners;
  /** Positions of the parties that count for it, and of those that never will. */
  readonly signed: readonly number[];
  readonly passed: readonly number[];
  /** How this device stands to it: `open` until it agrees or declines. */
  readonly own: Stand;
}

export interface MachineFacts {
  readonly relationship: MachineId;
  readonly machine: string;
  /** In force now. */
  readonly version: number;
  readonly terms: MachineTerms;
  readonly parties: readonly ChainId[];
  /** Own position among the parties. */
  readonly own: number;
  /** Steps that exist. */
  readonly number: number;
  /** The newest of them; the relationship's id while there is none. */
  readonly step: StepHash;
  /** The state that all who had to have agreed on. */
  readonly state: Uint8Array;
  readonly stateHash: Uint8Array;
  readonly pending: readonly PendingStep[];
}

export async function factsOf(device: Storage, machine: LoadedMachine): Promise<MachineFacts> {
  const { id, record, view } = machine;
  const state = await headState(device, machine);
  const pending: PendingStep[] = [];
  for (const step of view.steps.values()) {
    const shown = step.record.number > view.head.number ? await showPending(device, machine, step) : undefined;
    if (shown) pending.push(shown);
  }
  return {
    relationship: id,
    machine: record.terms.machine,
    version: record.head.version,
    terms: record.terms,
    parties: record.terms.parties,
    own: record.own,
    number: record.head.number,
    step: record.head.hash,
    state,
    stateHash: machineStateHash(device.suite, state),
    pending,
  };
}

async function showPending(
  device: Storage,
  { id, record, view }: LoadedMachine,
  step: KnownStep,
): Promise<PendingStep | undefined> {
  if (step.required === null || cannotExist(view, step)) return undefined;
  const state = await machineStateRecords.read(device, stepKey(id, step.record, step.hash));
  return (
    state && {
      step: step.hash,
      record: step.record,
      state,
      required: step.required,
      signed: [...partiesThat(view, 'signed', step)],
      passed: [...partiesThat(view, 'passed', step)],
      own: standOf(view, record.own, step),
    }
  );
}

export const showMachine = (device: Device, id: MachineId): Promise<Result<MachineFacts>> =>
  guardStore(async () => {
    const record = await requireMachine(device, id);
    if (!record.ok) return record;
    return ok(await factsOf(device, await loadMachine(device, id, record.value)));
  });

/** Every relationship of this device. */
export const listMachines = (device: Device): Promise<Result<readonly MachineFacts[]>> =>
  guardStore(async () => {
    const all: MachineFacts[] = [];
    for (const { key, value } of await machineRecords.list(device)) {
      all.push(await factsOf(device, await loadMachine(device, key as MachineId, value)));
    }
    return ok(all);
  });

/** The steps that exist, the first one first. */
export const listSteps = (
  device: Device,
  id: MachineId,
): Promise<Result<readonly { readonly step: StepHash; readonly record: StepRecord }[]>> =>
  guardStore(async () => {
    const record = await requireMachine(device, id);
    if (!record.ok) return record;
    return ok(lineOf(await loadMachine(device, id, record.value, 0)));
  });

/** From the first to the newest step that exists, of a relationship that was loaded from the beginning. */
export function lineOf({ view }: LoadedMachine): readonly { readonly step: StepHash; readonly record: StepRecord }[] {
  const byHash = new Map([...view.steps.values()].map((step) => [step.hash.join(), step]));
  const line: { step: StepHash; record: StepRecord }[] = [];
  let at = byHash.get(view.head.hash.join());
  while (at) {
    line.push({ step: at.hash, record: at.record });
    at = byHash.get(at.record.prev.join());
  }
  return line.toReversed();
}
