/** What a payment came to, for either side. */
import { equalBytes, toHex, type Grade, type TokenPolicy } from '@dsm/core';
import { listContacts, type Device, type PaymentRecord } from '@dsm/wallet';
import { makeAmount, type Amount } from './amount.ts';

export interface Receipt {
  /** Names the payment, the same on both sides; hexadecimal. */
  readonly payment: string;
  readonly direction: 'in' | 'out';
  /** How final it is: what the payee may rely on. */
  readonly grade: Grade;
  readonly amount: Amount;
  readonly order: string;
  /** Name of the contact, or the account's id for whom this wallet does not know. */
  readonly from: string;
  readonly to: string;
  /** Account of the other side, hexadecimal. */
  readonly peer: string;
  /** `reserved`: claimed by then, it is final. Milliseconds. */
  readonly claimBy: number | null;
  /** `provisional`: certified by then, or it does not count. Milliseconds. */
  readonly settleBy: number | null;
  /** The payment this one pays back. */
  readonly refundOf: string | null;
  /** The file that anybody verifies; null where only the chain of the payer shows it. */
  readonly proof: Uint8Array | null;
}

/** Of a payment over a link. */
export interface ProvenReceipt extends Receipt {
  readonly proof: Uint8Array;
}

/** The contact's name, else the account in hexadecimal. */
export async function nameOf(device: Device, account: Uint8Array): Promise<string> {
  if (equalBytes(account, device.account)) return device.name;
  const contacts = await listContacts(device);
  const known = contacts.ok ? contacts.value.find((contact) => equalBytes(contact.account, account)) : undefined;
  return known?.name ?? toHex(account);
}

export async function makeReceipt<P extends Uint8Array | null>(
  device: Device,
  payment: PaymentRecord,
  policy: TokenPolicy,
  grade: Grade,
  proof: P,
): Promise<Receipt & { readonly proof: P }> {
  const peer = await nameOf(device, payment.peer);
  const isIn = payment.direction === 'in';
  return {
    payment: toHex(payment.payment),
    direction: payment.direction,
    grade,
    amount: makeAmount(payment.amount, payment.token, policy),
    order: payment.order,
    from: isIn ? peer : device.name,
    to: isIn ? device.name : peer,
    peer: toHex(payment.peer),
    claimBy: grade === 'reserved' ? payment.claimBy : null,
    settleBy: grade === 'provisional' ? payment.settleBy : null,
    refundOf: payment.refundOf && toHex(payment.refundOf),
    proof,
  };
}
