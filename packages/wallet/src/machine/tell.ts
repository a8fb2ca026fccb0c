/** Writing messages: what others may lack, and nothing that they said they have (spec MCH-12, MCH-24). */
import {
  done,
  encodeFile,
  equalBytes,
  fail,
  itemNames,
  LIMITS,
  nameOf,
  ok,
  verifyStrand,
  type BundleItem,
  type ChainId,
  type MachineId,
  type Place,
  type Result,
  type StateHash,
  type StepHash,
  type StepPlace,
  type StepRecord,
  type StepsContent,
} from '@dsm/core';
import { finishIntent } from '../chain/append.ts';
import { readBody } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { runAlone } from '../evidence/run-with.ts';
import { damaged, guardStore } from '../guard.ts';
import { readChain } from '../records/chain.ts';
import { readItem } from '../records/item.ts';
import { readState } from '../records/state.ts';
import { requireMachine } from './load.ts';
import { isWritten, strandOf } from './own-strand.ts';
import {
  entryKey,
  machineEntryRecords,
  machineHeldRecords,
  machineStepRecords,
  stepKey,
  type KnownStrand,
  type MachineRecord,
} from './records.ts';
import { heldKey } from './take.ts';

/** The message for one party, or, without one, for all of the others. */
export const tell = (device: Device, id: MachineId, to?: ChainId): Promise<Result<Uint8Array>> =>
  guardStore(async () => {
    const record = await requireMachine(device, id);
    if (!record.ok) return record;
    const party = to && record.value.terms.parties.findIndex((account) => equalBytes(account, to));
    if (party === -1 || party === record.value.own) return fail('E_MISMATCH', 'MCH-24', 'not another party');
    return writeMessage(device, id, record.value, party);
  });

export async function writeMessage(
  device: Device,
  id: MachineId,
  record: MachineRecord,
  to?: number,
): Promise<Result<Uint8Array>> {
  // A crash between intent and signature is made good before anything leaves.
  const own = strandOf(record, record.strand);
  const signed = own && (await isWritten(device, own)) ? await finishIntent(device, record.strand) : done;
  if (!signed.ok) return signed;
  const others = to === undefined ? [...record.terms.parties.keys()].filter((party) => party !== record.own) : [to];
  const heard: (readonly Place[] | undefined)[] = [];
  for (const party of others) heard.push(await machineHeldRecords.read(device, heldKey(id, party)));
  const heldOf = (chain: ChainId): number =>
    Math.min(...heard.map((holds) => holds?.find((one) => equalBytes(one.chain, chain))?.index ?? 0));
  const told: Told = { strands: [], items: new Map(), places: [] };
  const holds: Place[] = [];
  for (const strand of record.strands) {
    const newest = await tellStrand(device, strand, heldOf(strand.chain), told);
    if (newest > 0) holds.push({ chain: strand.chain, index: newest });
  }
  const steps: StepRecord[] = [];
  const seen = new Set<string>();
  for (const place of told.places) {
    if (seen.has(place.step.join()) || (await isHeld(device, id, record, place, heldOf))) continue;
    seen.add(place.step.join());
    const step = await machineStepRecords.read(device, stepKey(id, place, place.step));
    if (!step) throw damaged('a step of a machine relationship is missing');
    steps.push(step.record);
  }
  const content: StepsContent = {
    relationship: id,
    terms: heard.every((one) => one !== undefined) ? null : record.terms,
    from: record.own,
    strands: told.strands,
    steps: steps.toSorted((a, b) => a.number - b.number || a.attempt - b.attempt),
    holds,
  };
  const items = [...told.items].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
  if (steps.length > LIMITS.machineSteps || items.length > LIMITS.bundleItems) return tooMuch();
  const bytes = encodeFile(device.suite, 'steps', content, items);
  return bytes.length > LIMITS.fileBytes ? tooMuch() : ok(bytes);
}

const tooMuch = () => fail('E_LIMIT', 'MCH-24', 'more than fits into one message');

interface Told {
  readonly strands: StateHash[];
  readonly items: Map<string, BundleItem>;
  /** Steps that the states shown sign. */
  readonly places: (StepPlace & { readonly step: StepHash })[];
}

/** Adds what lies above `held` of a strand; answers its newest state. */
async function tellStrand(device: Device, { chain }: KnownStrand, held: number, told: Told): Promise<number> {
  const tip = await signedTip(device, chain);
  if (tip.index <= held) return tip.index;
  const add = (item: BundleItem | undefined): void => {
    if (!item) throw damaged('a part of a strand is missing');
    told.items.set(nameOf(device.suite, item), item);
  };
  told.strands.push(tip.hash);
  add(await readItem(device, itemNames.signature('state', tip.hash, 0)));
  let body = await readBody(device, tip.hash);
  while (body && body.index > held) {
    add({ type: 'body', body });
    const item = await readItem(device, itemNames.operation(body.op));
    add(item);
    const operation =
      item?.type === 'operation' && item.operation.kind === 'strand' ? item.operation.operation : undefined;
    if (operation?.type === 'sign') told.places.push(operation);
    body = await readBody(device, body.prev);
  }
  // A strand that is new to the receiver: its genesis, its account, and on what it stands.
  if (held === 0) {
    const { result, used } = await runAlone(device, [], (context) => verifyStrand(context, chain));
    if (!result.ok) throw damaged('the proofs of a strand are missing');
    for (const item of used) add(item);
  }
  return tip.index;
}

/** The newest state that is signed: of a restored device's old strand the last intent may never be. */
async function signedTip(
  device: Device,
  chain: ChainId,
): Promise<{ readonly index: number; readonly hash: StateHash }> {
  const record = await readChain(device, chain);
  if (!record) throw damaged('a strand is missing');
  for (let { index } = record.tip; ; index--) {
    const state = await readState(device, chain, index);
    if (!state) throw damaged('a state of a strand is missing');
    if (state.status !== 'intent') return { index, hash: state.hash };
  }
}

/** Whether the receiver has a strand that signs the step. */
async function isHeld(
  device: Device,
  id: MachineId,
  { terms }: MachineRecord,
  { number, attempt, step }: Told['places'][0],
  heldOf: (chain: ChainId) => number,
): Promise<boolean> {
  for (const party of terms.parties.keys()) {
    const entry = await machineEntryRecords.read(device, entryKey(id, party, number, attempt));
    if (entry?.step && equalBytes(entry.step, step) && entry.index <= heldOf(entry.chain)) return true;
  }
  return false;
}
