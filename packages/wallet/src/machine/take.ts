/** Taking a message of a relationship in: all of it or nothing (spec MCH-12, MCH-13). */
import {
  check,
  checkAll,
  concatBytes,
  decodeFileOf,
  equalBytes,
  fail,
  machineId,
  ok,
  type BundleItem,
  type Condition,
  type MachineId,
  type MachinePort,
  type Place,
  type Result,
  type StateReader,
  type StepsContent,
  type Write,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { guardStore } from '../guard.ts';
import { readChain } from '../records/chain.ts';
import { requireMachine } from './load.ts';
import { addToMachine } from './merge.ts';
import { machineHeldRecords, machineRecords, type MachineRecord } from './records.ts';
import { readStrands } from './shown.ts';
import { factsOf, type MachineFacts } from './show.ts';

export interface Taken extends MachineFacts {
  /** Something was new. */
  readonly isNew: boolean;
  /** The sender does not have everything that this device has: an answer would tell it something. */
  readonly senderLacks: boolean;
}

/**
 * Merges a message into what is known. `E_NOT_FOUND`: not joined. `E_FORK`: a party has signed twice, and the evidence
 * is kept. Any failure leaves the relationship as it was; the same message again gives the same answer.
 */
export const takeSteps = (
  device: Device,
  message: Uint8Array,
  machines: readonly MachinePort[],
): Promise<Result<Taken>> =>
  guardStore(async () => {
    const file = decodeFileOf(device.suite, 'steps', message);
    if (!file.ok) return file;
    const { content, items } = file.value;
    const record = await requireMachine(device, content.relationship);
    if (!record.ok) return record;
    return takeInto(device, record.value, content, items, machines);
  });

/** A relationship that is begun with the same commit. */
export interface Beginning {
  /** All but the relationship's own row. */
  readonly writes: readonly Write[];
  readonly conditions: readonly Condition[];
  readonly readState: StateReader;
}

export async function takeInto(
  device: Device,
  record: MachineRecord,
  content: StepsContent,
  items: readonly BundleItem[],
  machines: readonly MachinePort[],
  beginning?: Beginning,
): Promise<Result<Taken>> {
  const id = content.relationship;
  const { from, terms } = content;
  const fits = checkAll(
    () => check(from < record.terms.parties.length, 'E_MISMATCH', 'MCH-12', 'a message of nobody of the parties'),
    () =>
      check(
        terms === null || equalBytes(machineId(device.suite, terms), id),
        'E_MISMATCH',
        'MCH-1',
        'the terms of another relationship',
      ),
  );
  if (!fits.ok) return fits;
  const shown = await readStrands(device, id, record, content, items);
  if (!shown.ok) return shown;
  const addition = { ...shown.value, steps: content.steps };
  const change = await addToMachine(device, { id, record }, addition, machines, beginning?.readState);
  if (!change.ok) return change;
  const isNew = shown.value.entries.length > 0;
  const known = await machineHeldRecords.read(device, heldKey(id, content.from));
  const isHeard = content.from !== record.own && !(known && equalHolds(known, content.holds));
  if (isNew || isHeard || beginning) {
    const { writes, conditions } = change.value;
    const committed = await device.store.commit(
      [
        ...(beginning ? [...beginning.writes, ...(isNew ? [] : [machineRecords.put(device, id, record)])] : []),
        ...(isNew ? [...shown.value.writes, ...writes] : []),
        ...(isHeard ? [machineHeldRecords.put(device, heldKey(id, content.from), content.holds)] : []),
      ],
      [...(beginning?.conditions ?? conditions), ...shown.value.conditions],
    );
    if (!committed.ok) {
      return committed.error.code === 'E_CONFLICT'
        ? fail('E_STALE', 'MCH-20', 'the relationship has moved meanwhile: take the message again')
        : committed;
    }
  }
  const machine = isNew ? change.value.machine : { ...change.value.machine, record };
  const facts = await factsOf(device, machine);
  return ok({ ...facts, isNew, senderLacks: await doesLack(device, machine.record, content.holds) });
}

export const heldKey = (id: MachineId, party: number): Uint8Array => concatBytes([id, Uint8Array.of(party)]);

const equalHolds = (a: readonly Place[], b: readonly Place[]): boolean =>
  a.length === b.length && a.every(({ chain, index }, i) => b[i]?.index === index && equalBytes(b[i].chain, chain));

async function doesLack(device: Device, { strands }: MachineRecord, holds: readonly Place[]): Promise<boolean> {
  for (const { chain } of strands) {
    const newest = (await readChain(device, chain))?.tip.index ?? 0;
    const held = holds.find((one) => equalBytes(one.chain, chain))?.index ?? 0;
    if (newest > held) return true;
  }
  return false;
}
