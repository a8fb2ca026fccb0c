/** Claiming what was received out of reservations, at once and at the latest before E. */
import {
  encodeFile,
  equalBytes,
  fail,
  itemNames,
  MAX_AMOUNT,
  ok,
  verifySubmission,
  type ChainId,
  type Result,
  type StateHash,
  type TokenId,
} from '@dsm/core';
import { readBody } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { certify } from '../directory/certify.ts';
import { runAlone } from '../evidence/run-with.ts';
import { isGivenUp, unclaimedTotals, type UnclaimedTotal } from '../exchange/totals.ts';
import { guardStore } from '../guard.ts';
import { readChain } from '../records/chain.ts';
import { readItem } from '../records/item.ts';
import { isLive, listReservations, reservationRecords } from '../records/reservation.ts';
import { draftKey, listVaultDrafts, vaultDraftRecords } from '../records/vault-draft.ts';
import { appendClaim } from '../vault/append.ts';
import { refreshVault } from '../vault/refresh.ts';
import { makeNotes, type Notes } from './notes.ts';

/** A claim that became final. */
export interface Claimed {
  readonly reservation: ChainId;
  readonly token: TokenId;
  /** Cumulative, base units. */
  readonly total: bigint;
  /** What this claim added. */
  readonly amount: bigint;
}

/** Learns what became final on the vaults that this device takes part in. */
export async function refreshReservations(device: Device, notes: Notes): Promise<Result<undefined>> {
  for (const reservation of await listReservations(device)) {
    if (!isLive(reservation) || reservation.claimed === reservation.funded) continue;
    const refreshed = notes.take(await refreshVault(device, reservation.vault));
    if (!refreshed.ok) return refreshed;
  }
  return ok(undefined);
}

/** A node that takes its time with every answer may keep a sync busy for so long. */
const LEAD_MS = 3_600_000;

/** Before anything else is asked: totals that are soon too late to be claimed. What fails is tried again like others. */
export const claimPressing = (device: Device): Promise<Result<readonly Claimed[]>> =>
  claimTotals(device, makeNotes(), device.clock() + device.network.marginMs + LEAD_MS);

/** Claims every total that is not claimed yet. What does not go through now is tried again by the next sync. */
export async function claimTotals(
  device: Device,
  notes: Notes,
  untilMs: number = Number.MAX_SAFE_INTEGER,
): Promise<Result<readonly Claimed[]>> {
  const claimed: Claimed[] = [];
  for (const unclaimed of await unclaimedTotals(device)) {
    const { reservation } = unclaimed;
    if (reservation.until > untilMs || isGivenUp(device, reservation)) continue;
    const done = notes.take(await claimTotal(device, unclaimed));
    if (!done.ok) return done;
    if (done.value) claimed.push(done.value);
  }
  return ok(claimed);
}

/** One claim to Final. A draft for the slot goes before a new one: nodes may have voted for it. */
async function claimTotal(device: Device, { reservation, proof }: UnclaimedTotal): Promise<Result<Claimed>> {
  const { vault, token, total } = reservation;
  const before = reservation.claimed;
  const drafts = await openDrafts(device, vault);
  let hash = drafts[0];
  if (!hash) {
    const appended = await appendClaim(device, vault, total, proof.items);
    if (!appended.ok) return appended;
    hash = appended.value.hash;
  }
  let certified = await certify(device, hash);
  for (const other of drafts.slice(1)) {
    if (certified.ok || certified.error.code !== 'E_CONFLICT') break;
    certified = await certify(device, other);
  }
  if (!certified.ok) return certified;
  const after = (await reservationRecords.read(device, vault))?.claimed ?? before;
  return ok({ reservation: vault, token, total: after, amount: after - before });
}

/** Drafts of this device for the next slot of a vault, the oldest first: totals only grow. */
async function openDrafts(device: Device, vault: ChainId): Promise<readonly StateHash[]> {
  const chain = await readChain(device, vault);
  const drafts = chain ? await listVaultDrafts(device, vault, chain.certifiedTip.index + 1) : [];
  const dated = await Promise.all(drafts.map(async (hash) => ({ hash, total: await draftedTotal(device, hash) })));
  return dated.toSorted((a, b) => (a.total < b.total ? -1 : 1)).map(({ hash }) => hash);
}

async function draftedTotal(device: Device, hash: StateHash): Promise<bigint> {
  const body = await readBody(device, hash);
  const item = body && (await readItem(device, itemNames.operation(body.op)));
  const operation =
    item?.type === 'operation' && item.operation.kind === 'vault' ? item.operation.operation : undefined;
  // A close stands above all claims.
  return operation?.type === 'claim' ? operation.total : MAX_AMOUNT;
}

/**
 * A file with the claim of a reservation's newest total, which anybody may carry to the nodes until E. Works offline.
 * `E_NOT_FOUND` when nothing is unclaimed there.
 */
export const buildClaim = (device: Device, vault: ChainId): Promise<Result<Uint8Array>> =>
  guardStore(async () => {
    const unclaimed = (await unclaimedTotals(device)).find(({ reservation }) => equalBytes(reservation.vault, vault));
    if (!unclaimed) return fail('E_NOT_FOUND', 'RES-4', 'nothing is unclaimed in that reservation');
    const appended = await appendClaim(device, vault, unclaimed.reservation.total, unclaimed.proof.items);
    if (!appended.ok) return appended;
    const { hash, body } = appended.value;
    const attached = (await vaultDraftRecords.read(device, draftKey(vault, body.index, hash))) ?? [];
    const { result, used } = await runAlone(device, attached, (context) => verifySubmission(context, hash));
    return result.ok ? ok(encodeFile(device.suite, 'claim', { state: hash }, used)) : result;
  });
