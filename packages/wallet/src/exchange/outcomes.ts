/** What the newest states of a peer's half mean for payments of this device (spec REL-7, REL-23). */
import { equalBytes, type Outcome, type Write } from '@dsm/core';
import type { Device } from '../device.ts';
import { listPayments, paymentRecords, type PaymentRecord, type PaymentStatus } from '../records/payment.ts';
import type { Replay } from './halves.ts';

const STATUS: { readonly [O in Outcome]: PaymentStatus } = {
  delivered: 'acknowledged',
  refundDue: 'acknowledged',
  void: 'void',
};

/** Until the payee's half says what became of a payment, the payer shows it as `committed`: unconfirmed. */
export async function settleOutcomes(device: Device, replay: Replay, except: PaymentRecord): Promise<readonly Write[]> {
  const writes: Write[] = [];
  for (const { operation } of replay.steps) {
    if (operation.kind !== 'half' || operation.operation.type !== 'accept') continue;
    for (const { precommit, outcome } of operation.operation.outcomes) {
      const payment = await paymentRecords.read(device, precommit);
      // A payee speaks for what was paid to it, and for nothing else.
      if (payment?.status !== 'committed' || !equalBytes(payment.peer, except.peer)) continue;
      if (equalBytes(payment.payment, except.payment)) continue;
      writes.push(paymentRecords.put(device, precommit, { ...payment, status: STATUS[outcome] }));
    }
  }
  return writes;
}

/**
 * Requests of this device that can no longer be committed, since the peer has used the place that they propose. A
 * commit that comes all the same still counts.
 */
export async function closeOvertaken(device: Device, replay: Replay, except: Uint8Array): Promise<readonly Write[]> {
  const last = replay.steps.at(-1);
  if (!last) return [];
  return (await listPayments(device))
    .filter(
      (payment) =>
        payment.status === 'requested' &&
        payment.direction === 'in' &&
        payment.chain !== null &&
        payment.index !== null &&
        equalBytes(payment.chain, replay.chain) &&
        payment.index <= last.body.index &&
        !equalBytes(payment.payment, except),
    )
    .map((payment) => paymentRecords.put(device, payment.payment, { ...payment, status: 'expired' }));
}
