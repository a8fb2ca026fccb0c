/** Paying back, through the network or over a link (spec REL-24). */
import { fail, fromHex, ok, toHex, type Result } from '@dsm/core';
import { history, readPayment, type HistoryEntry, type PaymentStatus } from '@dsm/wallet';
import { run, type Core } from '../core.ts';
import type { Link } from '../link/link.ts';
import type { Receipt } from '../receipt.ts';
import { readRefund, refundCertified, refundOver, type Pace, type RefundTerms } from './payer.ts';

export async function payBack(
  core: Core,
  payment: string,
  terms: RefundTerms,
  options: Pace & { readonly link?: Link | undefined },
): Promise<Result<Receipt>> {
  const id = readId(payment);
  if (!id.ok) return id;
  if (options.link) return refundOver(core, id.value, terms, options.link, options);
  const certified = await run(core, options, async (device) => {
    const original = await readPayment(device, id.value);
    const entries = await history(device);
    const policy = entries.ok
      ? entries.value.find((entry) => toHex(entry.payment.payment) === payment)?.policy
      : undefined;
    if (!original || !policy) return fail('E_NOT_FOUND', 'REL-24', 'there is no such payment');
    if (original.direction !== 'in' || original.grade === null) {
      return fail('E_STATE', 'REL-24', 'only a payment that was received is paid back');
    }
    const left = original.amount - refunded(entries.ok ? entries.value : [], payment);
    const asked = terms.amount === undefined ? ok(left) : await readRefund(device, id.value, terms.amount);
    if (!asked.ok) return asked;
    if (asked.value > left || left === 0n) return fail('E_AMOUNT', 'REL-24', 'more than is left of that payment');
    return ok({ original, amount: asked.value, policy, id: terms.id });
  });
  return certified.ok ? refundCertified(core, id.value, certified.value, options) : certified;
}

const UNPAID: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['cancelled', 'expired', 'lost', 'void']);

const refunded = (entries: readonly HistoryEntry[], payment: string): bigint =>
  entries
    .filter(
      ({ payment: one, status }) =>
        one.direction === 'out' && one.refundOf && toHex(one.refundOf) === payment && !UNPAID.has(status),
    )
    .reduce((sum, { payment: one }) => sum + one.amount, 0n);

/** A payment's id as receipts show it. */
export function readId(text: string): Result<Uint8Array> {
  const id = fromHex(text);
  return id?.length === 32 ? ok(id) : fail('E_NOT_FOUND', 'SDK-6', 'not the id of a payment');
}
