/** What is received but not claimed: hooks for sync, claims and balances. */
import {
  amount as amountCodec,
  editLeaves,
  equalBytes,
  pruneTree,
  totalLeaf,
  type BundleItem,
  type ChainId,
  type OfferFacts,
  type Write,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { listPayments, type PaymentRecord } from '../records/payment.ts';
import { isLive, listReservations, reservationRecords, type ReservationRecord } from '../records/reservation.ts';
import { knownReservation } from './judge.ts';
import { totalProofRecords, type TotalProof } from './records.ts';

/**
 * The new highest total of the reservation, with the proof that a claim will show: nothing where a total as high is
 * known. The leaves are those of the state that was committed, not those of the half as it is known by now: the commit
 * may come after later states of the half (rule RES-3).
 */
export async function totalWrites(
  device: Device,
  offer: OfferFacts,
  used: readonly BundleItem[],
): Promise<readonly Write[]> {
  const reservation = await knownReservation(device, offer);
  const { pay, transition } = offer;
  if (!reservation || !pay || pay.total <= reservation.total || pay.total <= reservation.claimed) return [];
  const { hash, body, tree } = transition;
  const leaves = editLeaves(device.suite, tree);
  leaves.read(totalLeaf(pay.vault), amountCodec);
  const signature = used.find(
    (item) => item.type === 'signature' && item.purpose === 'state' && equalBytes(item.subject, hash),
  );
  if (!signature) return [];
  const items: readonly BundleItem[] = [
    { type: 'total', vault: pay.vault, total: pay.total, state: hash },
    { type: 'body', body },
    signature,
    { type: 'witness', tree: pruneTree(tree, leaves.touched()) },
  ];
  return [
    reservationRecords.put(device, reservation.vault, { ...reservation, total: pay.total }),
    totalProofRecords.put(device, reservation.vault, { state: hash, items }),
  ];
}

export interface UnclaimedTotal {
  readonly reservation: ReservationRecord;
  readonly proof: TotalProof;
}

/** Reservations in favour of this device whose highest total is not claimed yet, the one that ends first in front. */
export async function unclaimedTotals(device: Device): Promise<readonly UnclaimedTotal[]> {
  const open = (await listReservations(device)).filter(
    (one) => equalBytes(one.payee, device.account) && one.total > one.claimed && isLive(one),
  );
  const unclaimed: UnclaimedTotal[] = [];
  for (const reservation of open.toSorted((a, b) => a.until - b.until)) {
    const proof = await totalProofRecords.read(device, reservation.vault);
    if (proof) unclaimed.push({ reservation, proof });
  }
  return unclaimed;
}

/**
 * Nodes that voted in time answer the same for ever, but by then whoever was down has been up again: what is not
 * claimed is the payer's (rule RES-6).
 */
export const isGivenUp = ({ account, clock, network }: Device, { payee, until }: ReservationRecord): boolean =>
  equalBytes(payee, account) && clock() > until + network.gapMs + network.settleMs;

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
