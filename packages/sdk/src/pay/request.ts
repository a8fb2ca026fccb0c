/** The payee begins (rule SDK-9): it asks for a payment and sees it through to the receipt. */
import { equalBytes, fail, ok, toHex, type Result } from '@dsm/core';
import {
  accept,
  cancel,
  commandRecords,
  findContact,
  readPayment,
  request as requestTurn,
  type Decide,
  type Device,
} from '@dsm/wallet';
import { aborted, type Stoppable } from '../abort.ts';
import { makeAmount, readSum, type Amount } from '../amount.ts';
import { run, type Core } from '../core.ts';
import { ask } from '../link/call.ts';
import type { Link } from '../link/link.ts';
import type { ProvenReceipt } from '../receipt.ts';
import { commandFor, finishCommand, paymentOf, putPayment, wayOf } from './commands.ts';
import { encodeInvoice, matchInvoice, type Invoice } from './invoice.ts';
import { askOptions, type Pace } from './payer.ts';
import { kindOf, messageOf, newId, offeredPayment, takeCommit } from './turns.ts';

export interface RequestTerms {
  /** Name of a contact, or an account's id. */
  readonly from: string;
  /** `7.50 MEAL`. */
  readonly amount: string;
  readonly order?: string | undefined;
  /** `provisional` takes both. Default: `reserved`. */
  readonly minGrade?: 'reserved' | 'provisional' | undefined;
  /** Milliseconds from now. Default: an hour. */
  readonly expiresInMs?: number | undefined;
  /** The same id is the same payment, for ever. Without one: until its outcome was told. */
  readonly id?: string | undefined;
}

export interface PaymentRequest {
  /** For a link, a file or a picture: what the payer's `pay` takes. */
  readonly bytes: Uint8Array;
  readonly amount: Amount;
  readonly order: string;
  /** Milliseconds. */
  readonly expiresAt: number;
  /** Asks over the link, and answers the receipt. Called again after a failure it goes on where it was. */
  receive(link: Link, pace?: Pace): Promise<Result<ProvenReceipt>>;
  /** Gives it up, so that another payment with this payer can begin. */
  cancel(options?: Stoppable): Promise<Result<undefined>>;
}

const HOUR_MS = 3_600_000;

export const makeRequest = (
  core: Core,
  terms: RequestTerms,
  { signal }: Stoppable = {},
): Promise<Result<PaymentRequest>> =>
  run(core, { signal }, async (device) => {
    const { order = '', minGrade = 'reserved', expiresInMs = HOUR_MS } = terms;
    const contact = await findContact(device, terms.from);
    if (!contact.ok) return contact;
    const sum = await readSum(device, terms.amount);
    if (!sum.ok) return sum;
    const { token, policy, amount } = sum.value;
    const { account: payer } = contact.value;
    const command = await commandFor(device, 'sdk-request', [payer, token, amount, order, minGrade], terms.id);
    const file = await requestFile(device, { command, from: payer, token, amount, order, expiryMs: expiresInMs });
    if (!file.ok) return file;
    const invoice: Invoice = {
      network: device.network.id,
      payee: device.account,
      payer,
      token,
      amount,
      order,
      grades: minGrade === 'provisional' ? 1 : 0,
      expiresAt: device.clock() + expiresInMs,
      nonce: command.slice(0, 16),
      file: file.value,
    };
    const bytes = encodeInvoice(invoice);
    return ok({
      bytes,
      amount: makeAmount(amount, token, policy),
      order,
      expiresAt: invoice.expiresAt,
      receive: (link, pace = {}) => receiveOver(core, { command, invoice, bytes }, link, pace),
      cancel: (options = {}) => run(core, options, (own) => giveUp(own, command)),
    });
  });

/** The first payment of two who never exchanged anything needs an offer, and so does one out of nothing set aside. */
const NEEDS_OFFER: ReadonlySet<string> = new Set(['E_STATE', 'E_RESERVATION', 'E_BALANCE', 'E_TOTAL']);

/** The request that the payer only has to sign, or nothing. */
async function requestFile(device: Device, options: Parameters<typeof requestTurn>[1]): Promise<Result<Uint8Array>> {
  // The payer has made an offer of its own: that is what is waited for.
  if ((await wayOf(device, options.command)) === 'accept') return ok(new Uint8Array());
  const requested = await requestTurn(device, options);
  if (requested.ok) return ok(messageOf(requested.value));
  return NEEDS_OFFER.has(requested.error.code) ? ok(new Uint8Array()) : requested;
}

interface Asking {
  readonly command: Uint8Array;
  readonly invoice: Invoice;
  readonly bytes: Uint8Array;
}

async function receiveOver(core: Core, asking: Asking, link: Link, pace: Pace): Promise<Result<ProvenReceipt>> {
  const { signal } = pace;
  if (signal?.aborted) return aborted();
  const first = await ask(link, asking.bytes, askOptions(core.device, pace));
  if (!first.ok) return first;
  const isOffer = kindOf(core.device, first.value) === 'offer';
  const commit = isOffer ? await acceptOver(core, asking, first.value, link, pace) : first;
  if (!commit.ok) return commit;
  const taken = await run(core, pace, async (device) => {
    const received = await takeCommit(device, commit.value);
    if (!received.ok) return received;
    const bound = await paymentOf(device, asking.command);
    return bound && equalBytes(bound.payment, received.value.payment.payment)
      ? received
      : fail('E_MISMATCH', 'SDK-9', 'another payment than the one that was asked for');
  });
  if (!taken.ok) return taken;
  // Courtesy: the payment is received, whether or not its payer learns it now.
  const courtesy = { id: newId(core.device), signal, repeatMs: pace.repeatMs, patienceMs: COURTESY_MS };
  await ask(link, taken.value.ack, courtesy);
  const told = await run(core, {}, (device) => finishCommand(device, asking.command));
  if (!told.ok) return told;
  core.events.emit('received', taken.value.receipt);
  return ok(taken.value.receipt);
}

const COURTESY_MS = 3_000;

async function acceptOver(
  core: Core,
  { command, invoice }: Asking,
  offer: Uint8Array,
  link: Link,
  pace: Pace,
): Promise<Result<Uint8Array>> {
  const accepted = await run(core, pace, async (device) => {
    const bound = await bind(device, command, offer);
    if (!bound.ok) return bound;
    const decide: Decide = async (payment) => matchInvoice(invoice, invoice.payer, payment);
    return accept(device, offer, { decide });
  });
  return accepted.ok ? ask(link, messageOf(accepted.value), askOptions(core.device, pace)) : accepted;
}

/** A request is paid by one payment, and a payment pays one request: an older one is not taken for it. */
async function bind(device: Device, command: Uint8Array, offer: Uint8Array): Promise<Result<undefined>> {
  const payment = offeredPayment(device, offer);
  if (!payment) return fail('E_MISMATCH', 'SDK-9', 'not an offer for this request');
  const before = await paymentOf(device, command);
  if (before && equalBytes(before.payment, payment)) return ok(undefined);
  const [named] = (await commandRecords.read(device, command))?.payments ?? [];
  if (named && equalBytes(named, payment)) return ok(undefined);
  if (await readPayment(device, payment)) {
    return fail('E_MISMATCH', 'SDK-9', `payment ${toHex(payment)} belongs to something else`);
  }
  if (before && (before.grade !== null || before.status === 'accepted')) {
    return fail('E_OPEN', 'SDK-9', 'the request is answered by another payment already');
  }
  return device.store.commit([putPayment(device, command, payment, 'accept')]);
}

async function giveUp(device: Device, command: Uint8Array): Promise<Result<undefined>> {
  const payment = await paymentOf(device, command);
  if (payment && (payment.status === 'requested' || payment.status === 'accepted')) {
    const cancelled = await cancel(device, payment.payment);
    if (!cancelled.ok) return cancelled;
  }
  return finishCommand(device, command);
}
