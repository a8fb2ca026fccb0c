/** Finishing what was begun: intents are signed, signed states are brought to the nodes until they are final. */
import { done, equalBytes, ok, type ChainId, type Result, type StateHash } from '@dsm/core';
import { signIntent } from '../chain/append.ts';
import { readBody } from '../chain/draft.ts';
import { settleOwn } from '../chain/own.ts';
import type { Device } from '../device.ts';
import { certify } from '../directory/certify.ts';
import { readChain } from '../records/chain.ts';
import { readFinal } from '../records/final.ts';
import { listJournal } from '../records/journal.ts';
import { readState } from '../records/state.ts';
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

/** Own states to Final, in order. Answers how many became final. */
export async function settleJournal(device: Device, notes: Notes): Promise<Result<number>> {
  const before = await certifiedIndex(device);
  const settled = notes.take(await settleOwn(device));
  if (!settled.ok) return settled;
  let count = (await certifiedIndex(device)) - before;
  for (const { chain, index } of await listJournal(device)) {
    const isOwn = equalBytes(chain, device.account);
    const result = isOwn ? await spreadOwn(device, index) : await settleSlot(device, chain, index);
    const noted = notes.take(result);
    if (!noted.ok) return noted;
    count += noted.value ? 1 : 0;
  }
  return ok(count);
}

const certifiedIndex = async (device: Device): Promise<number> =>
  (await readChain(device, device.account))?.certifiedTip.index ?? 0;

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
