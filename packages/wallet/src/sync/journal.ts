/** Finishing what was begun: intents are signed, signed states are brought to the nodes until they are final. */
import { done, equalBytes, ok, type ChainId, type Result, type StateHash } from '@dsm/core';
import { describeReceive, type Received } from '../account/receive.ts';
import { signIntent } from '../chain/append.ts';
import { readBody } from '../chain/draft.ts';
import { openRun, readAccountOperation, settleOwn } from '../chain/own.ts';
import type { Device } from '../device.ts';
import { damaged } from '../guard.ts';
import { certify } from '../directory/certify.ts';
import { readFinal } from '../records/final.ts';
import { placeKey } from '../records/codecs.ts';
import { journalRecords, listJournal } from '../records/journal.ts';
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
  /** States that enough nodes have now been told of: there may be credits that were not listed before. */
  readonly spread: number;
}

/** Own states to Final, in order; claims are left to `claimTotals`. */
export async function settleJournal(device: Device, notes: Notes): Promise<Result<JournalSettled>> {
  const open = await openRun(device);
  if (!open.ok) return open;
  const settled = notes.take(await settleOwn(device));
  if (!settled.ok) return settled;
  const { received, certified } = await describeSettled(device, open.value);
  let count = certified;
  let spread = 0;
  for (const { chain, index } of await listJournal(device)) {
    const known = await readFinal(device, chain, index);
    const noted = notes.take(await (known ? spreadAgain(device, known) : settleSlot(device, chain, index)));
    if (!noted.ok) return noted;
    if (noted.value && known) spread += 1;
    else if (noted.value) count += 1;
  }
  return ok({ received, certified: count, spread });
}

/** Which of the states that were open before are final now. */
async function describeSettled(
  device: Device,
  before: readonly StateRecord[],
): Promise<Omit<JournalSettled, 'spread'>> {
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

/** A state that is final, and perhaps not told to enough nodes. True once it is. */
async function spreadAgain(device: Device, hash: StateHash): Promise<Result<boolean>> {
  const body = await readBody(device, hash);
  if (!body) throw damaged('a final state is missing');
  const told = await certify(device, hash);
  if (!told.ok) return told;
  return ok((await journalRecords.read(device, placeKey(body.chain, body.index))) === undefined);
}

/**
 * One slot of a vault: whichever of this device's drafts the nodes will have. True if it became final. The account is
 * settled before, as far as it can be, and claims are left to `claimTotals`.
 */
async function settleSlot(device: Device, vault: ChainId, index: number): Promise<Result<boolean>> {
  const reservation = await reservationRecords.read(device, vault);
  if (!reservation || equalBytes(reservation.payee, device.account)) return ok(false);
  let last: Result<boolean> = ok(false);
  for (const hash of await listVaultDrafts(device, vault, index)) {
    const certified = await certify(device, hash);
    if (certified.ok) return ok(true);
    last = certified;
    if (certified.error.code !== 'E_CONFLICT') break;
  }
  return last;
}
