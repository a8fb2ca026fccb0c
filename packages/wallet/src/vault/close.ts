/**
 * Early release (spec RES-7): the payee of a reservation gives the rest back before E. From the moment that it has
 * decided so, durably, it takes nothing more out of it; what it was paid is claimed first.
 */
import { equalBytes, fail, ok, type ChainId, type Result, type TokenId } from '@dsm/core';
import type { Device } from '../device.ts';
import { certify } from '../directory/certify.ts';
import { guardStore } from '../guard.ts';
import { listPayments, type PaymentStatus } from '../records/payment.ts';
import { isLive, listReservations, reservationRecords, type ReservationRecord } from '../records/reservation.ts';
import { listVaultDrafts } from '../records/vault-draft.ts';
import { formatDate } from '../restore/date.ts';
import { claimTotals } from '../sync/claims.ts';
import { makeNotes, type Notes } from '../sync/notes.ts';
import { appendClose } from './append.ts';
import { openVault } from './record.ts';
import { refreshVault } from './refresh.ts';

/** What went back to the payer of one reservation. */
export interface Closed {
  readonly reservation: ChainId;
  readonly token: TokenId;
  /** Base units. */
  readonly amount: bigint;
}

/**
 * Gives back what is left of all reservations of this payer for this device. `E_NOT_FOUND` when there is none,
 * `E_OPEN` while a payment that was accepted may still be committed. May be repeated; `sync` finishes it.
 */
export const closeReservations = (device: Device, payer: ChainId): Promise<Result<readonly Closed[]>> =>
  guardStore(async () => {
    const now = device.clock();
    const mine = (await listReservations(device)).filter(
      (one) => isOwnLive(device, one) && equalBytes(one.payer, payer) && now <= one.until,
    );
    if (mine.length === 0) return fail('E_NOT_FOUND', 'RES-7', 'this contact has set nothing aside for this wallet');
    for (const reservation of mine) {
      const unpromised = await requireUnpromised(device, reservation, now);
      if (!unpromised.ok) return unpromised;
    }
    const decided = await device.store.commit(
      mine.map((one) => reservationRecords.put(device, one.vault, { ...one, status: 'closing' })),
      mine.map((one) => reservationRecords.isUnchanged(device, one.vault, one)),
    );
    if (!decided.ok) return decided;
    const claimed = await claimTotals(device, makeNotes());
    return claimed.ok ? closeAll(device, mine) : claimed;
  });

async function closeAll(
  device: Device,
  reservations: readonly ReservationRecord[],
): Promise<Result<readonly Closed[]>> {
  const closed: Closed[] = [];
  let failed: Result<never> | undefined;
  for (const { vault } of reservations) {
    const done = await closeVault(device, vault);
    // One that cannot be closed now keeps no other from it.
    if (!done.ok) failed ??= done;
    else if (done.value) closed.push(done.value);
  }
  return failed ?? ok(closed);
}

/** What a sync does for reservations that were to be closed when nobody answered. */
export async function finishClosing(device: Device, notes: Notes): Promise<Result<number>> {
  let count = 0;
  const now = device.clock();
  for (const one of await listReservations(device)) {
    if (one.status !== 'closing' || !isOwnLive(device, one) || now > one.until) continue;
    const done = notes.take(await closeVault(device, one.vault));
    if (!done.ok) return done;
    if (done.value) count++;
  }
  return ok(count);
}

const isOwnLive = (device: Device, reservation: ReservationRecord): boolean =>
  equalBytes(reservation.payee, device.account) && isLive(reservation);

const PROMISED: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['accepted', 'requested']);

async function requireUnpromised(
  device: Device,
  { vault }: ReservationRecord,
  now: number,
): Promise<Result<undefined>> {
  const ends = (await listPayments(device)).flatMap((one) =>
    one.vault !== null && equalBytes(one.vault, vault) && PROMISED.has(one.status) ? [one.expiresAt] : [],
  );
  const last = Math.max(0, ...ends);
  return now > last
    ? ok(undefined)
    : fail('E_OPEN', 'RES-7', `a payment out of it was accepted and may come until ${formatDate(last)}`);
}

/** One close to Final, after what is unclaimed. Undefined when nothing is left. */
async function closeVault(device: Device, vault: ChainId): Promise<Result<Closed | undefined>> {
  const refreshed = await refreshVault(device, vault);
  if (!refreshed.ok) return refreshed;
  const { token, funded, claimed, total, status } = (await reservationRecords.read(device, vault)) as ReservationRecord;
  const amount = funded - claimed;
  if (amount === 0n || status !== 'closing') return ok(undefined);
  if (total > claimed) return fail('E_PENDING', 'RES-7', 'what was paid out of it is not claimed yet');
  const held = await openVault(device, vault);
  if (!held.ok) return held;
  const [draft] = await listVaultDrafts(device, vault, held.value.tip.index + 1);
  let hash = draft;
  if (!hash) {
    const close = await appendClose(device, vault);
    if (!close.ok) return close;
    ({ hash } = close.value);
  }
  const certificate = await certify(device, hash);
  return certificate.ok ? ok({ reservation: vault, token, amount }) : certificate;
}
