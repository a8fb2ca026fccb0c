/** The payer begins (rule SDK-6): offer, accept, commit, ack, as questions and answers over a link. */
import { fail, ok, type ChainId, type Result } from '@dsm/core';
import {
  cancel,
  commit,
  findContact,
  offer,
  payOnline,
  readPayment,
  refund,
  type Device,
  type Exchanged,
} from '@dsm/wallet';
import type { Stoppable } from '../abort.ts';
import { readSum, type Sum } from '../amount.ts';
import { run, type Core } from '../core.ts';
import { ask, type AskOptions } from '../link/call.ts';
import type { Link } from '../link/link.ts';
import { makeReceipt, type ProvenReceipt, type Receipt } from '../receipt.ts';
import { commandFor, finishCommand } from './commands.ts';
import { kindOf, messageOf, newId, takeConfirmation } from './turns.ts';

export interface Terms {
  /** Name of a contact, or an account's id. */
  readonly to: string;
  /** `7.50 MEAL`. */
  readonly amount: string;
  /** What it is for; both sides keep it, nodes do not see it. */
  readonly order?: string | undefined;
  /** `provisional` pays straight from the account where nothing is set aside. Default: `reserved`. */
  readonly grade?: 'reserved' | 'provisional' | undefined;
  /** The same id is the same payment, for ever. Without one: until its outcome was told. */
  readonly id?: string | undefined;
}

/** How long to wait for the other side of a link. */
export interface Pace extends Stoppable {
  /** Before a message is said again, on links that may lose some. Default: 500. */
  readonly repeatMs?: number | undefined;
  /** For one answer. Default: 30,000. */
  readonly patienceMs?: number | undefined;
}

export const askOptions = (device: Device, { signal, repeatMs, patienceMs }: Pace): AskOptions => ({
  id: newId(device),
  signal,
  repeatMs,
  patienceMs,
});

interface Payable {
  readonly to: ChainId;
  readonly sum: Sum;
}

async function readTerms(device: Device, { to, amount }: Pick<Terms, 'to' | 'amount'>): Promise<Result<Payable>> {
  const contact = await findContact(device, to);
  if (!contact.ok) return contact;
  const sum = await readSum(device, amount);
  return sum.ok ? ok({ to: contact.value.account, sum: sum.value }) : sum;
}

/** Through the network, certified. `E_PENDING`: signed, and `sync` or the same call again finishes it. */
export const payCertified = (core: Core, terms: Terms, { signal }: Stoppable): Promise<Result<Receipt>> =>
  run(core, { signal }, async (device) => {
    const payable = await readTerms(device, terms);
    if (!payable.ok) return payable;
    const { to, sum } = payable.value;
    const { order = '' } = terms;
    const words = [to, sum.token, sum.amount, order];
    const command = await commandFor(device, 'sdk-pay-certified', words, terms.id);
    const receipt = await payThrough(device, command, { to, ...sum, order, refundOf: null });
    if (!receipt.ok) return receipt;
    core.events.emit('paid', receipt.value);
    return receipt;
  });

interface Certifiable extends Sum {
  readonly to: ChainId;
  readonly order: string;
  readonly refundOf: Uint8Array | null;
}

async function payThrough(
  device: Device,
  command: Uint8Array,
  { to, token, policy, amount, order, refundOf }: Certifiable,
): Promise<Result<Receipt>> {
  const isPlain = order === '' && refundOf === null;
  const reference = { salt: command.slice(0, 16), order, refundOf };
  const paid = await payOnline(device, { to, token, amount, command, ...(!isPlain && { reference }) });
  if (!paid.ok) return paid;
  const payment = await readPayment(device, paid.value.payment);
  if (!payment) return fail('E_INTERNAL', 'SDK-6', 'a payment that left no record');
  const finished = await finishCommand(device, command);
  return finished.ok ? ok(await makeReceipt(device, payment, policy, 'certified', null)) : finished;
}

/** To whoever serves the other end of the link. */
export async function payOver(core: Core, terms: Terms, link: Link, pace: Pace): Promise<Result<ProvenReceipt>> {
  const { order = '', grade = 'reserved' } = terms;
  const offered = await run(core, pace, async (device) => {
    const payable = await readTerms(device, terms);
    if (!payable.ok) return payable;
    const { to, sum } = payable.value;
    const { token, amount } = sum;
    const command = await commandFor(device, 'sdk-pay', [to, token, amount, order, grade], terms.id);
    const made = await offer(device, { command, to, token, amount, order, provisional: grade === 'provisional' });
    return made.ok ? ok({ command, offered: made.value }) : made;
  });
  return offered.ok ? carryOffer(core, offered.value, link, pace) : offered;
}

export interface RefundTerms extends Pick<Terms, 'grade' | 'id'> {
  /** All that is left of the payment when left out. */
  readonly amount?: string | undefined;
}

/** A payment back that names the original, to whoever serves the other end of the link. */
export async function refundOver(
  core: Core,
  payment: Uint8Array,
  terms: RefundTerms,
  link: Link,
  pace: Pace,
): Promise<Result<ProvenReceipt>> {
  const offered = await run(core, pace, async (device) => {
    const sum = terms.amount === undefined ? ok(undefined) : await readRefund(device, payment, terms.amount);
    if (!sum.ok) return sum;
    const provisional = terms.grade === 'provisional';
    const words = [payment, sum.value ?? null, Number(provisional)];
    const command = await commandFor(device, 'sdk-refund', words, terms.id);
    const made = await refund(device, { command, payment, amount: sum.value, provisional });
    return made.ok ? ok({ command, offered: made.value }) : made;
  });
  return offered.ok ? carryOffer(core, offered.value, link, pace) : offered;
}

/** Base units in the token of the payment. */
export async function readRefund(device: Device, id: Uint8Array, text: string): Promise<Result<bigint>> {
  const payment = await readPayment(device, id);
  if (!payment) return fail('E_NOT_FOUND', 'REL-24', 'there is no such payment');
  const sum = await readSum(device, text);
  if (!sum.ok) return sum;
  return sum.value.token.every((byte, i) => byte === payment.token[i])
    ? ok(sum.value.amount)
    : fail('E_TOKEN', 'SDK-1', 'a refund is in the token of the payment');
}

/** Through the network, certified. */
export const refundCertified = (core: Core, id: Uint8Array, terms: Certified, pace: Pace): Promise<Result<Receipt>> =>
  run(core, pace, async (device) => {
    const { original, amount, policy, id: callId } = terms;
    const words = [id, amount];
    const command = await commandFor(device, 'sdk-refund-certified', words, callId);
    const { peer: to, token, order } = original;
    return payThrough(device, command, { to, token, policy, amount, order, refundOf: id });
  });

export interface Certified {
  readonly original: NonNullable<Awaited<ReturnType<typeof readPayment>>>;
  readonly amount: bigint;
  readonly policy: Sum['policy'];
  readonly id: string | undefined;
}

interface Offered {
  readonly command: Uint8Array;
  readonly offered: Exchanged;
}

async function carryOffer(
  core: Core,
  { command, offered }: Offered,
  link: Link,
  pace: Pace,
): Promise<Result<ProvenReceipt>> {
  const { payment } = offered.payment;
  const accepted = await ask(link, messageOf(offered), askOptions(core.device, pace));
  if (!accepted.ok) return withdraw(core, payment, accepted);
  const committed = await run(core, pace, async (device) => {
    if (kindOf(device, accepted.value) !== 'accept') {
      return fail('E_MISMATCH', 'SDK-6', 'the other side answers an offer with something else');
    }
    return commit(device, accepted.value);
  });
  if (!committed.ok) return withdraw(core, payment, committed);
  const proof = messageOf(committed.value);
  const ack = await ask(link, proof, askOptions(core.device, pace));
  if (!ack.ok) return unconfirmed(ack);
  return run(core, pace, (device) => confirmPayment(core, device, { command, ack: ack.value, payment, proof }));
}

export interface Confirmation {
  readonly command: Uint8Array;
  readonly ack: Uint8Array;
  readonly payment: Uint8Array;
  readonly proof: Uint8Array;
}

/** The last turn, on either way there. */
export async function confirmPayment(
  { events }: Core,
  device: Device,
  { command, ack, payment, proof }: Confirmation,
): Promise<Result<ProvenReceipt>> {
  const receipt = await takeConfirmation(device, ack, payment, proof);
  if (!receipt.ok) return receipt;
  const finished = await finishCommand(device, command);
  if (!finished.ok) return finished;
  events.emit('paid', receipt.value);
  return receipt;
}

const TRY_AGAIN: ReadonlySet<string> = new Set(['E_ABORTED', 'E_UNREACHABLE']);

/** What the other side refuses is withdrawn, so that another payment can begin; what may go on stays open. */
export async function withdraw(core: Core, payment: Uint8Array, failed: Result<never>): Promise<Result<never>> {
  if (failed.ok || TRY_AGAIN.has(failed.error.code)) return failed;
  await run(core, {}, async (device) => {
    const row = await readPayment(device, payment);
    return row?.status === 'offered' ? cancel(device, payment) : ok(undefined);
  });
  return failed;
}

/** Signed and sent: whether it has arrived is not known. */
export function unconfirmed(failed: Result<never>): Result<never> {
  if (failed.ok || failed.error.code !== 'E_UNREACHABLE') return failed;
  const message = 'the payment is signed, and not confirmed yet: the same call again says what became of it';
  return fail('E_UNREACHABLE', 'SDK-7', message);
}
