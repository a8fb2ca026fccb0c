/** Payments through the network, certified at once. */
import { fail, hashReference, ok, type ChainId, type Reference, type Result, type TokenId } from '@dsm/core';
import { operateOnline } from '../chain/own.ts';
import type { Device } from '../device.ts';
import { certify } from '../directory/certify.ts';
import { requireTrusted } from '../evidence/store.ts';
import { checkOrder, repeatedCommand } from '../exchange/common.ts';
import { guardStore } from '../guard.ts';
import { commandRecords } from '../records/command.ts';
import { paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { certifiedPayment, newPayment, type CertifiedPayment } from './records.ts';
import { windowForToken } from './token.ts';

export interface OnlinePayment {
  readonly to: ChainId;
  readonly token: TokenId;
  /** Base units. */
  readonly amount: bigint;
  /** Stands in the state by its hash; the payee learns it from the payer. */
  readonly reference?: Reference;
  /** Key of the command, so that a repeated one is the same payment. */
  readonly command?: Uint8Array | undefined;
}

/** Pays out of the certified balance. `E_PENDING`: signed, too few nodes answered; `sync` finishes it. */
export const payOnline = (device: Device, payment: OnlinePayment): Promise<Result<CertifiedPayment>> =>
  guardStore(async () => {
    const { to, token, amount, reference, command } = payment;
    const earlier = command && (await repeatedCommand(device, command));
    if (earlier) return repeatPayment(device, earlier);
    const order = checkOrder(reference?.order ?? '');
    if (!order.ok) return order;
    const trusted = await requireTrusted(device, to);
    if (!trusted.ok) return trusted;
    const window = await windowForToken(device, token);
    if (!window.ok) return window;
    const paid = await operateOnline(device, {
      operation: {
        type: 'transfer',
        window: window.value,
        token,
        amount,
        to,
        reference: reference ? hashReference(device.suite, reference) : null,
      },
      alongside: (transition) => [
        paymentRecords.put(device, transition.body.precommit, {
          ...newPayment(device, transition),
          order: reference?.order ?? '',
          refundOf: reference?.refundOf ?? null,
        }),
        ...(command
          ? [
              commandRecords.put(device, command, {
                answer: '',
                file: new Uint8Array(),
                payments: [transition.body.precommit],
              }),
            ]
          : []),
      ],
    });
    return paid.ok ? ok(certifiedPayment(paid.value)) : paid;
  });

/** The payment that an earlier call of the same command signed, driven to its end. */
async function repeatPayment(
  device: Device,
  { payment, state, chain, index }: PaymentRecord,
): Promise<Result<CertifiedPayment>> {
  if (!state || !chain || index === null) return fail('E_INTERNAL', 'WAL-7', 'a payment without its state');
  const certificate = await certify(device, state);
  if (!certificate.ok) return certificate;
  const receipts = certificate.value.receipts.length;
  return ok({ payment, grade: 'certified', chain, index, hash: state, receipts });
}
