/** Outcomes that a payee's half records about payments of this device (spec REL-7). */
import type { Outcome, Write } from '@dsm/core';
import type { Device } from '../device.ts';
import { paymentRecords, type PaymentRecord, type PaymentStatus } from '../records/payment.ts';
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
      if (payment?.status !== 'committed' || payment.payment === except.payment) continue;
      writes.push(paymentRecords.put(device, precommit, { ...payment, status: STATUS[outcome] }));
    }
  }
  return writes;
}
