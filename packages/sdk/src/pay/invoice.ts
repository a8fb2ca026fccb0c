/**
 * What a payee asks for (rule SDK-9): one item that a link, a file or a picture carries. It proves nothing and moves
 * nothing: the payer's wallet offers or commits to exactly this, or refuses.
 */
import {
  amount,
  bytes,
  check,
  decodeItem,
  encodeItem,
  equalBytes,
  fail,
  hash,
  label,
  LIMITS,
  literal,
  ok,
  record,
  uint,
  type ChainId,
  type Codec,
  type NetworkId,
  type Result,
  type TokenId,
} from '@dsm/core';
import type { Device } from '@dsm/wallet';

export interface Invoice {
  readonly network: NetworkId;
  readonly payee: ChainId;
  readonly payer: ChainId;
  readonly token: TokenId;
  /** Base units. */
  readonly amount: bigint;
  readonly order: string;
  /** 0 reserved, 1 provisional too. */
  readonly grades: number;
  /** Milliseconds. */
  readonly expiresAt: number;
  readonly nonce: Uint8Array;
  /** A request that can be committed to at once (spec REL-17), or empty: then the payer offers. */
  readonly file: Uint8Array;
}

interface InvoiceItem extends Invoice {
  readonly tag: 'dsm-invoice';
  readonly version: 1;
}

const codec: Codec<InvoiceItem> = record<InvoiceItem>({
  tag: literal('dsm-invoice'),
  version: literal(1),
  network: hash<NetworkId>(),
  payee: hash<ChainId>(),
  payer: hash<ChainId>(),
  token: hash<TokenId>(),
  amount,
  order: label(LIMITS.orderBytes),
  grades: uint(1),
  expiresAt: uint(),
  nonce: bytes(16),
  file: bytes(0, LIMITS.fileBytes),
});

export const encodeInvoice = (invoice: Invoice): Uint8Array =>
  encodeItem(codec.toItem({ tag: 'dsm-invoice', version: 1, ...invoice }));

export function decodeInvoice(encoded: Uint8Array): Result<Invoice> {
  const item = decodeItem(encoded);
  const read = item.ok ? codec.fromItem(item.value, 'invoice') : item;
  return read.ok ? read : fail('E_FORMAT', 'SDK-9', 'not a request for a payment');
}

export const sameInvoice = (a: Invoice, b: Invoice): boolean =>
  equalBytes(a.nonce, b.nonce) && equalBytes(a.payee, b.payee);

/** `E_NETWORK`, `E_MISMATCH`, `E_EXPIRED`: not for this wallet, or not any more. */
export function checkInvoice(device: Device, invoice: Invoice): Result<undefined> {
  if (!equalBytes(invoice.network, device.network.id)) {
    return fail('E_NETWORK', 'SDK-9', 'the request is of another network');
  }
  if (!equalBytes(invoice.payer, device.account)) {
    return fail('E_MISMATCH', 'SDK-9', 'the request is meant for somebody else');
  }
  return check(device.clock() <= invoice.expiresAt, 'E_EXPIRED', 'SDK-9', 'the request has expired');
}

/** What both sides compare a payment with before they sign. */
export interface Matching {
  readonly peer: ChainId;
  readonly token: TokenId;
  readonly amount: bigint;
  readonly order: string;
  readonly kind: string;
}

export function matchInvoice(invoice: Invoice, peer: ChainId, payment: Matching): Result<undefined> {
  const isSame =
    equalBytes(payment.peer, peer) &&
    equalBytes(payment.token, invoice.token) &&
    payment.amount === invoice.amount &&
    payment.order === invoice.order;
  if (!isSame) return fail('E_MISMATCH', 'SDK-9', 'this is not the payment that was asked for');
  return payment.kind === 'reserved' || invoice.grades === 1
    ? ok(undefined)
    : fail('E_POLICY', 'SDK-9', 'a reserved payment is asked for');
}
