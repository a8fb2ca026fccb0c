/** What a person should know about a restored wallet (spec WAL-36). */
import { equalBytes, ok, type Result } from '@dsm/core';
import type { Device } from '../device.ts';
import { guardStore } from '../guard.ts';
import { listPayments } from '../records/payment.ts';
import { listReservations } from '../records/reservation.ts';
import { readRestore } from '../records/restore.ts';
import { readTerms } from '../vault/record.ts';
import { isOlder } from './older.ts';

export interface RestoreFacts {
  readonly backupAt: number;
  /** A quorum of nodes was reached, and the wait has begun. */
  readonly contacted: boolean;
  /** Nothing is signed until the clock is past this. */
  readonly signsFrom: number;
  /** The `restored` state is final: the wallet signs again. */
  readonly signs: boolean;
  /** Payments of which nobody here knows what became. */
  readonly unknownPayments: number;
  /** Open reservations from before in favour of this wallet: a payer may have signed a higher total than is known. */
  readonly olderReservations: number;
}

/** Undefined for a wallet that was never restored. */
export const showRestore = (device: Device): Promise<Result<RestoreFacts | undefined>> =>
  guardStore(async () => {
    const restore = await readRestore(device);
    if (!restore) return ok(undefined);
    const { backupAt, contacted, signsFrom, restored } = restore;
    const unknown = (await listPayments(device)).filter(({ status }) => status === 'unknown');
    const now = device.clock();
    let older = 0;
    for (const { vault, payee, status, until } of await listReservations(device)) {
      if (!equalBytes(payee, device.account) || status !== 'open' || now > until) continue;
      const terms = await readTerms(device, vault);
      if (terms && (restored === null || (await isOlder(device, terms)))) older += 1;
    }
    return ok({
      backupAt,
      contacted,
      signsFrom,
      signs: restored !== null,
      unknownPayments: unknown.length,
      olderReservations: older,
    });
  });
