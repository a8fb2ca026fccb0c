/** Reservations from before a restore of payer or payee: nothing new is paid out of them (spec REL-45). */
import { done, fail, finalState, type BundleItem, type ChainId, type Result, type VaultGenesis } from '@dsm/core';
import { readBody } from '../chain/draft.ts';
import type { Device, Storage } from '../device.ts';
import { runWith } from '../evidence/run-with.ts';
import type { ReservationRecord } from '../records/reservation.ts';
import { restoredRecords } from '../records/restore.ts';
import { readTerms } from '../vault/record.ts';

type Terms = Pick<VaultGenesis, 'payer' | 'payee' | 'fundingIndex'>;

/** Whether its funding began before the newest `restored` state of either side. `shown`: what came along. */
export async function isOlder(
  device: Device,
  { payer, payee, fundingIndex }: Terms,
  shown: readonly BundleItem[] = [],
): Promise<boolean> {
  const sinceMs = Math.max(await restoredFromMs(device, payer), await restoredFromMs(device, payee));
  if (sinceMs === 0) return false;
  const { result } = await runWith(device, shown, (context) => finalState(context, payer, fundingIndex));
  return !result.ok || result.value.body.window.from < sinceMs;
}

/** When the window of the newest `restored` state of an account begins; 0 while none is known. */
async function restoredFromMs(storage: Storage, account: ChainId): Promise<number> {
  const tip = await restoredRecords.read(storage, account);
  const body = tip && (await readBody(storage, tip.hash));
  return body?.window.from ?? 0;
}

export async function withoutOlder(
  device: Device,
  reservations: readonly ReservationRecord[],
): Promise<readonly ReservationRecord[]> {
  const newer: ReservationRecord[] = [];
  for (const reservation of reservations) {
    const terms = await readTerms(device, reservation.vault);
    if (terms && !(await isOlder(device, terms))) newer.push(reservation);
  }
  return newer;
}

/** `E_RESERVATION` for a payment out of an older one. */
export async function requireNewer(
  device: Device,
  { reservation }: { readonly reservation?: VaultGenesis },
  shown: readonly BundleItem[],
): Promise<Result<undefined>> {
  return reservation && (await isOlder(device, reservation, shown))
    ? fail(
        'E_RESERVATION',
        'REL-45',
        'the value was set aside before a restore from a backup: it is only claimed; reserve anew',
      )
    : done;
}
