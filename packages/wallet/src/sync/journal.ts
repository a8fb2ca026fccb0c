/** Finishing what was begun: intents are signed, signed states are brought to the nodes until they are final. */
import { done, equalBytes, ok, type ChainId, type Result, type StateHash } from '@dsm/core';
import { describeReceive, type Received } from '../account/receive.ts';
import { signIntent } from '../chain/append.ts';
import { readBody } from '../chain/draft.ts';
import { openRun, readAccountOperation, settleOwn } from '../chain/own.ts';
import type { Device } from '../device.ts';
import { certify } from '../directory/certify.ts';
import { readFinal } from '../records/final.ts';
import { listJournal } from '../records/journal.ts';
import { reservationRecords } from '../records/reservation.ts';
import { readState, type StateRecord } from '../records/state.ts';
import { listVaultDrafts } from '../records/vault-draft.ts';
import type { Notes } from './notes.ts';

/** Signs every intent that a crash left behind, the very body that was written. */
export async function signIntents(device: Device): Promise<Result<undefined>> {
  for (const { chain, index } of await listJournal(device)) {
    const state = await readState(device, chain, index);
    if (state?.status !== 'intent') continue;
    const signed = await signIntent(device, chain, index);
    if (!signed.ok) return signed;
  }
  return done;
}

/** What settling the journal brought. */
export interface JournalSettled {
  /** Own `receive` states that became final. */
  readonly received: readonly Received[];
  /** Other own states that did. */
  readonly certified: number;
}

/** Own states to Final, in order; claims are left to `claimTotals`. */
export async function settleJournal(device: Device, notes: Notes): Promise<Result<JournalSettled>> {
  const open = await openRun(device);
  if (!open.ok) return open;
  const settled = notes.take(await settleOwn(device));
  if (!settled.ok) return settled;
  const { received, certified } = await describeSettled(device, open.value);
  let count = certified;
  for (const { chain, index } of await listJournal(device)) {
    const isOwn = equalBytes(chain, device.account);
    const noted = notes.take(await (isOwn ? spreadOwn(device, index) : settleSlot(device, chain, index)));
    if (!noted.ok) return noted;
    count += noted.value ? 1 : 0;
  }
  return ok({ received, certified: count });
}

/** Which of the states that were open before are final now. */
async function describeSettled(device: Device, before: readonly StateRecord[]): Promise<JournalSettled> {
  const received: Received[] = [];
  let certified = 0;
  for (const { hash } of before) {
    const body = await readBody(device, hash);
    const final = body && (await readFinal(device, body.chain, body.index));
    if (!final || !equalBytes(final, hash)) continue;
    const operation = await readAccountOperation(device, hash);
    if (operation?.type === 'receive') received.push(await describeReceive(device, operation));
    else certified += 1;
  }
  return { received, certified };
}

/** A state that was certified, and perhaps not told to enough nodes. */
async function spreadOwn(device: Device, index: number): Promise<Result<boolean>> {
  const hash = await readFinal(device, device.account, index);
  if (!hash) return ok(false);
  const told = await certify(device, hash);
  return told.ok ? ok(false) : told;
}

/** One slot of a vault: whichever of this device's drafts the nodes will have. True if it became final. */
async function settleSlot(device: Device, vault: ChainId, index: number): Promise<Result<boolean>> {
  const known = await readFinal(device, vault, index);
  const reservation = await reservationRecords.read(device, vault);
  if (!known && reservation && equalBytes(reservation.payee, device.account)) return ok(false);
  const state = await readState(device, vault, index);
  const drafts: StateHash[] = known ? [known] : [...(await listVaultDrafts(device, vault, index))];
  if (drafts.length === 0 && state) drafts.push(state.hash);
  let last: Result<boolean> = ok(false);
  for (const hash of drafts) {
    if (!(await readBody(device, hash))) continue;
    const certified = await certify(device, hash);
    if (certified.ok) return ok(known === undefined);
    last = certified;
    if (certified.error.code !== 'E_CONFLICT') return last;
  }
  return last;
}
