/** Withdrawing an offer, and paying back (spec REL-21, REL-24). */
import { equalBytes, fail, ok, type Result } from '@dsm/core';
import type { Device } from '../device.ts';
import { listPayments, paymentRecords, type PaymentRecord, type PaymentStatus } from '../records/payment.ts';
import { reservationRecords } from '../records/reservation.ts';
import { readRestore } from '../records/restore.ts';
import { isOver, policyOf, repeatedCommand, type Exchanged } from './common.ts';
import { offer, type OfferOptions } from './offer.ts';

const WITHDRAWABLE: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['offered', 'accepted', 'requested']);

/**
 * Either side gives up a payment that is not committed and may begin another. What the payee has signed stays good
 * until it expires: a commit that comes all the same still counts, and `receive` takes it.
 */
export async function cancel(device: Device, id: Uint8Array): Promise<Result<PaymentRecord>> {
  const payment = await paymentRecords.read(device, id);
  if (!payment) return fail('E_NOT_FOUND', 'REL-21', 'there is no such payment');
  if (payment.status === 'cancelled') return ok(payment);
  if (!WITHDRAWABLE.has(payment.status)) return fail('E_STATE', 'REL-21', `the payment is ${payment.status} already`);
  const cancelled: PaymentRecord = { ...payment, status: 'cancelled' };
  const committed = await device.store.commit(
    [paymentRecords.put(device, id, cancelled)],
    [paymentRecords.isUnchanged(device, id, payment)],
  );
  return committed.ok ? ok(cancelled) : committed;
}

export interface RefundOptions extends Pick<OfferOptions, 'command' | 'provisional' | 'expiryMs' | 'compact'> {
  readonly payment: Uint8Array;
  /** Base units; all that is left of the payment when undefined. */
  readonly amount?: bigint | undefined;
}

const RECEIVED = new Set(['received', 'acknowledged', 'final']);

/** A payment back that names the original; all refunds of one payment together never exceed it. */
export async function refund(device: Device, options: RefundOptions): Promise<Result<Exchanged>> {
  const original = await paymentRecords.read(device, options.payment);
  if (!original) return fail('E_NOT_FOUND', 'REL-24', 'there is no such payment');
  if (original.direction !== 'in' || !RECEIVED.has(original.status)) {
    return fail('E_STATE', 'REL-24', 'only a payment that was received is paid back');
  }
  const restore = await readRestore(device);
  if (restore && original.at <= restore.restoredAt) {
    return fail('E_STATE', 'REL-24', 'it is older than the restore from a backup: whether it was paid back is unknown');
  }
  const left = original.amount - (await refunded(device, original, options.command));
  const amount = options.amount ?? left;
  if (amount > left) return fail('E_AMOUNT', 'REL-24', 'more than is left of that payment');
  const policy = await policyOf(device, original.token);
  if (!policy.ok) return policy;
  return offer(device, {
    command: options.command,
    to: original.peer,
    token: original.token,
    amount,
    order: original.order,
    provisional: options.provisional,
    expiryMs: options.expiryMs,
    compact: options.compact,
    refundOf: original.payment,
  });
}

/** Nothing was paid back by these. */
const UNPAID: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['cancelled', 'expired', 'lost']);

/** Void by the word of its payee, who can claim it all the same until the reservation has gone back. */
async function isVoid(device: Device, { status, vault }: PaymentRecord): Promise<boolean> {
  if (status !== 'void') return false;
  const reservation = vault && (await reservationRecords.read(device, vault));
  return reservation?.status === 'released';
}

/** What was paid back already, but for the refund that this very command began. */
async function refunded(device: Device, original: PaymentRecord, command: Uint8Array): Promise<bigint> {
  const repeated = await repeatedCommand(device, command);
  const now = device.clock();
  const all = await listPayments(device);
  let sum = 0n;
  for (const one of all) {
    const isRefund =
      one.refundOf !== null &&
      one.direction === 'out' &&
      equalBytes(one.refundOf, original.payment) &&
      !UNPAID.has(one.status) &&
      !isOver(one, now) &&
      (repeated === undefined || !equalBytes(one.payment, repeated.payment));
    if (isRefund && !(await isVoid(device, one))) sum += one.amount;
  }
  return sum;
}
