/** Payments through the network, certified at once. */
import { hashReference, ok, type ChainId, type Reference, type Result, type TokenId } from '@dsm/core';
import { operateOnline } from '../chain/own.ts';
import type { Device } from '../device.ts';
import { requireTrusted } from '../evidence/store.ts';
import { checkOrder } from '../exchange/common.ts';
import { guardStore } from '../guard.ts';
import { paymentRecords } from '../records/payment.ts';
import { certifiedPayment, newPayment, type CertifiedPayment } from './records.ts';
import { windowForToken } from './token.ts';

export interface OnlinePayment {
  readonly to: ChainId;
  readonly token: TokenId;
  /** Base units. */
  readonly amount: bigint;
  /** Stands in the state by its hash; the payee learns it from the payer. */
  readonly reference?: Reference;
}

/** Pays out of the certified balance. `E_PENDING`: signed, too few nodes answered; `sync` finishes it. */
export const payOnline = (device: Device, payment: OnlinePayment): Promise<Result<CertifiedPayment>> =>
  guardStore(async () => {
    const { to, token, amount, reference } = payment;
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
      ],
    });
    return paid.ok ? ok(certifiedPayment(paid.value)) : paid;
  });
