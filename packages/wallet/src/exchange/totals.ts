/** What is received but not claimed: hooks for sync, claims and balances. */
import { equalBytes, type ChainId } from '@dsm/core';
import type { Device } from '../device.ts';
import { listPayments, type PaymentRecord } from '../records/payment.ts';
import { listReservations, type ReservationRecord } from '../records/reservation.ts';
import { totalProofRecords, type TotalProof } from './records.ts';

export interface UnclaimedTotal {
  readonly reservation: ReservationRecord;
  readonly proof: TotalProof;
}

/** Reservations in favour of this device whose highest total is not claimed yet, the one that ends first in front. */
export async function unclaimedTotals(device: Device): Promise<readonly UnclaimedTotal[]> {
  const open = (await listReservations(device)).filter(
    (one) => equalBytes(one.payee, device.account) && one.total > one.claimed && one.status === 'open',
  );
  const unclaimed: UnclaimedTotal[] = [];
  for (const reservation of open.toSorted((a, b) => a.until - b.until)) {
    const proof = await totalProofRecords.read(device, reservation.vault);
    if (proof) unclaimed.push({ reservation, proof });
  }
  return unclaimed;
}

const isHeld = ({ status }: PaymentRecord): boolean => status === 'received' || status === 'acknowledged';

/** Payments received in this grade and not settled yet. */
export async function heldPayments(
  device: Device,
  kind: 'reserved' | 'provisional',
): Promise<readonly PaymentRecord[]> {
  const all = await listPayments(device);
  return all.filter((one) => one.direction === 'in' && one.kind === kind && isHeld(one));
}

/** Places of the payers' states that provisional payments to this device rest on, in order. */
export interface HeldRun {
  readonly payment: PaymentRecord;
  readonly chain: ChainId;
  readonly index: number;
}

export async function heldRuns(device: Device): Promise<readonly HeldRun[]> {
  const payments = await heldPayments(device, 'provisional');
  return payments
    .flatMap((payment) =>
      payment.chain !== null && payment.index !== null ? [{ payment, chain: payment.chain, index: payment.index }] : [],
    )
    .toSorted((a, b) => a.index - b.index);
}
