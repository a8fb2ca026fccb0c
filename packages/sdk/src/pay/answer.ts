/** The payer's side where a payee asks (rule SDK-9): commits to the request, or offers and commits. */
import { equalBytes, fail, ok, toHex, type Result } from '@dsm/core';
import {
  commandKey,
  commit,
  findContact,
  listTokens,
  offer,
  type Decide,
  type Device,
  type Exchanged,
} from '@dsm/wallet';
import { aborted, anySignal } from '../abort.ts';
import { makeAmount } from '../amount.ts';
import { run, type Core } from '../core.ts';
import { answering, type Question } from '../link/call.ts';
import type { Link } from '../link/link.ts';
import type { ProvenReceipt } from '../receipt.ts';
import { paymentOf, putPayment, wayOf } from './commands.ts';
import { checkInvoice, decodeInvoice, matchInvoice, sameInvoice, type Invoice } from './invoice.ts';
import { confirmPayment, unconfirmed, type Pace } from './payer.ts';
import { isAllowed, kindOf, messageOf, refused, type Asked, type Policy } from './turns.ts';

export interface AnswerOptions extends Pace {
  /** Asked before anything is offered or signed. */
  readonly confirm?: Policy | undefined;
  /** The request that was seen already, in a file or a picture: no other is paid. */
  readonly expected?: Uint8Array | undefined;
}

/** What was said so far in this conversation. */
interface Progress {
  invoice?: Invoice;
  command?: Uint8Array;
  payment?: Uint8Array;
  /** The commit. */
  proof?: Uint8Array;
}

const DEFAULT_PATIENCE_MS = 30_000;

/** Pays what the other end of the link asks for, once the owner says so. */
export async function payAsked(core: Core, link: Link, options: AnswerOptions): Promise<Result<ProvenReceipt>> {
  const expected = options.expected && decodeInvoice(options.expected);
  if (expected && !expected.ok) return expected;
  if (expected) {
    const mine = checkInvoice(core.device, expected.value);
    if (!mine.ok) return mine;
  }
  const { signal, patienceMs = DEFAULT_PATIENCE_MS } = options;
  const questions = answering(link);
  const progress: Progress = {};
  for (;;) {
    // Nobody knows when the payee begins; once it has, it is quick.
    const patience = progress.invoice ? AbortSignal.timeout(patienceMs) : undefined;
    const question = await questions.next({ signal: patience ? anySignal(signal, patience) : signal });
    if (!question.ok) return leave(question, progress, signal);
    const taken = await takeQuestion(core, progress, question.value, { ...options, expectedInvoice: expected?.value });
    const sent = await question.value.answer(taken.answer);
    if (taken.receipt) return ok(taken.receipt);
    if (!taken.answer.ok && taken.isOver) return taken.answer;
    if (!sent.ok) return leave(sent, progress, signal);
  }
}

function leave(failed: Result<unknown>, { proof }: Progress, signal: AbortSignal | undefined): Result<never> {
  if (failed.ok || signal?.aborted) return aborted();
  const { code, rule, message } = failed.error;
  const why =
    code === 'E_ABORTED' ? fail('E_UNREACHABLE', 'SDK-5', 'no question came over the link') : fail(code, rule, message);
  return proof ? unconfirmed(why) : why;
}

interface Reply {
  readonly answer: Result<Uint8Array>;
  readonly receipt?: ProvenReceipt;
  /** The refusal is the end of it. */
  readonly isOver?: boolean;
}

interface Context extends AnswerOptions {
  readonly expectedInvoice: Invoice | undefined;
}

async function takeQuestion(core: Core, progress: Progress, { body }: Question, context: Context): Promise<Reply> {
  const invoice = decodeInvoice(body);
  if (invoice.ok) return takeInvoice(core, progress, invoice.value, context);
  const kind = kindOf(core.device, body);
  if (kind === 'accept') return takeAccept(core, progress, body, context);
  if (kind === 'ack' && progress.proof) {
    const { command, payment, proof } = progress as Required<Progress>;
    const confirmed = await run(core, {}, (device) =>
      confirmPayment(core, device, { command, ack: body, payment, proof }),
    );
    return confirmed.ok ? { answer: ok(new Uint8Array()), receipt: confirmed.value } : { answer: confirmed };
  }
  return { answer: fail('E_FORMAT', 'SDK-6', 'this end pays what it is asked for, and answers nothing else') };
}

async function takeInvoice(core: Core, progress: Progress, invoice: Invoice, context: Context): Promise<Reply> {
  const { expectedInvoice, signal } = context;
  if (expectedInvoice && !sameInvoice(expectedInvoice, invoice)) {
    return { answer: fail('E_MISMATCH', 'SDK-9', 'another request than the one that was seen') };
  }
  // A request that was decided is not asked about again.
  const command = commandKey(core.suite, 'sdk-invoice', [invoice.payee, invoice.nonce]);
  const asked = await run(core, { signal }, async (device) =>
    (await paymentOf(device, command)) ? ok(undefined) : describeInvoice(device, invoice),
  );
  if (!asked.ok) return { answer: asked, isOver: true };
  if (asked.value && !(await isConfirmed(asked.value, context))) return { answer: refused(), isOver: true };
  const turn = await run(core, { signal }, (device) => answerInvoice(device, command, invoice));
  if (!turn.ok) return { answer: turn, isOver: true };
  progress.invoice = invoice;
  progress.command = command;
  return noteTurn(progress, turn.value);
}

function noteTurn(progress: Progress, exchanged: Exchanged): Reply {
  const message = messageOf(exchanged);
  progress.payment = exchanged.payment.payment;
  if (exchanged.turn === 'committed') progress.proof = message;
  return { answer: ok(message) };
}

/** What the owner is asked about; a failure for what cannot be paid from here. */
async function describeInvoice(device: Device, invoice: Invoice): Promise<Result<Asked>> {
  const mine = checkInvoice(device, invoice);
  if (!mine.ok) return mine;
  const contact = await findContact(device, toHex(invoice.payee));
  if (!contact.ok) return contact;
  const known = (await listTokens(device)).find(({ token }) => equalBytes(token, invoice.token));
  if (!known) return fail('E_TOKEN', 'SDK-9', 'a token is asked for that this wallet has not met');
  return ok({
    from: device.name,
    to: contact.value.name,
    amount: makeAmount(invoice.amount, known.token, known.policy),
    order: invoice.order,
    grade: invoice.grades === 1 ? 'provisional' : 'reserved',
    refundOf: null,
  });
}

/** Whoever hands the request over itself has decided, unless there is more to ask. */
async function isConfirmed(asked: Asked, { confirm, expectedInvoice, signal }: Context): Promise<boolean> {
  return confirm ? isAllowed(confirm, asked, signal) : expectedInvoice !== undefined;
}

/** Two turns where the request can be signed as it is, three otherwise. */
async function answerInvoice(device: Device, command: Uint8Array, invoice: Invoice): Promise<Result<Exchanged>> {
  const way = await wayOf(device, command);
  if (invoice.file.length > 0 && way !== '') {
    const committed = await commitTo(device, command, invoice);
    if (committed.ok || way === 'commit' || committed.error.code !== 'E_STALE') return committed;
  }
  const { payee: to, token, amount, order } = invoice;
  const terms = { command, to, token, amount, order };
  const reserved = await offer(device, { ...terms, provisional: false });
  const isShort = !reserved.ok && (reserved.error.code === 'E_RESERVATION' || reserved.error.code === 'E_BALANCE');
  return isShort && invoice.grades === 1 ? offer(device, { ...terms, provisional: true }) : reserved;
}

async function commitTo(device: Device, command: Uint8Array, invoice: Invoice): Promise<Result<Exchanged>> {
  const decide: Decide = async (payment) => matchInvoice(invoice, invoice.payee, payment);
  const committed = await commit(device, invoice.file, { decide });
  if (!committed.ok) return committed;
  const { payment } = committed.value;
  // One that was committed to before is not decided again.
  const same = matchInvoice(invoice, invoice.payee, payment);
  if (!same.ok) return same;
  const noted = await device.store.commit([putPayment(device, command, payment.payment, 'commit')]);
  return noted.ok ? committed : noted;
}

async function takeAccept(core: Core, progress: Progress, body: Uint8Array, { signal }: Context): Promise<Reply> {
  const { payment } = progress;
  if (!payment) return { answer: fail('E_MISMATCH', 'SDK-6', 'an accept before any offer') };
  const committed = await run(core, { signal }, (device) => commit(device, body));
  if (!committed.ok) return { answer: committed };
  return equalBytes(committed.value.payment.payment, payment)
    ? noteTurn(progress, committed.value)
    : { answer: fail('E_MISMATCH', 'SDK-6', 'an accept of another offer') };
}
