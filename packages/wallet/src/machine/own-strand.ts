/** The own strand: begun with the relationship, and anew after a restore (spec MCH-16). */
import {
  fail,
  itemNames,
  LIMITS,
  makeGenesis,
  ok,
  stateHash,
  type MachineId,
  type Result,
  type StrandGenesis,
  type Tip,
  type Write,
} from '@dsm/core';
import { installChain } from '../chain/install.ts';
import type { Device, Storage } from '../device.ts';
import { readItem } from '../records/item.ts';
import { readRestore } from '../records/restore.ts';
import { machineRecords, type KnownStrand, type MachineRecord } from './records.ts';

export interface NewStrand {
  readonly strand: KnownStrand;
  readonly writes: readonly Write[];
}

/** A strand of this device on its newest `restored` state, or on the genesis of its account. */
export async function draftStrand(device: Device, relationship: MachineId, own: number): Promise<Result<NewStrand>> {
  const genesis = await readItem(device, itemNames.genesis(device.account));
  if (genesis?.type !== 'body') return fail('E_DAMAGED', 'WAL-1', 'the genesis of the own account is missing');
  const restore = await readRestore(device);
  const base: Tip = restore?.restored ?? { index: 0, hash: stateHash(device.suite, genesis.body) };
  const operation: StrandGenesis = {
    type: 'genesis',
    relationship,
    k: LIMITS.defaultSkip,
    owner: device.account,
    key: device.key.publicKey,
    base,
  };
  const { body, tree } = makeGenesis(device.suite, device.network.id, { kind: 'strand', operation });
  const strand = { chain: body.chain, party: own, base: base.index };
  return ok({ strand, writes: installChain(device, { body, tree }, { kind: 'strand', operation }) });
}

/** Whether the device still writes its strand: not while a restore is under way, and never below it afterwards. */
export async function isWritten(storage: Storage, { base }: Pick<KnownStrand, 'base'>): Promise<boolean> {
  const restore = await readRestore(storage);
  return restore === undefined || (restore.restored !== null && base >= restore.restored.index);
}

export const strandOf = ({ strands }: MachineRecord, chain: Uint8Array): KnownStrand | undefined =>
  strands.find((one) => one.chain.every((byte, i) => byte === chain[i]));

/** The relationship with a strand that may be appended to; a new one after a restore. */
export async function ensureStrand(
  device: Device,
  id: MachineId,
  record: MachineRecord,
): Promise<Result<MachineRecord>> {
  const current = strandOf(record, record.strand);
  const restore = await readRestore(device);
  // While the restore waits, the guard of the appending refuses with the date.
  if (!current || !restore?.restored || (await isWritten(device, current))) return ok(record);
  const begun = await draftStrand(device, id, record.own);
  if (!begun.ok) return begun;
  const { strand, writes } = begun.value;
  const next: MachineRecord = {
    ...record,
    strand: strand.chain,
    strands: [...record.strands, strand],
    revision: record.revision + 1,
  };
  const committed = await device.store.commit(
    [...writes, machineRecords.put(device, id, next)],
    [machineRecords.isUnchanged(device, id, record)],
  );
  return committed.ok ? ok(next) : committed;
}
