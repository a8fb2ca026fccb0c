/** The wallet as applications have it. */
import { fail, fromHex, ok, toHex, type Grade, type Result } from '@dsm/core';
import {
  balances,
  cancel,
  exportEvidence,
  findContact,
  findToken,
  history,
  importEvidence,
  listEvidence,
  ownCard,
  backup as backUp,
  readPayment,
  reserve as reserveFor,
  setPolicy,
  type Device,
  type HistoryEntry,
  type PaymentStatus,
} from '@dsm/wallet';
import type { Stoppable } from './abort.ts';
import { makeAmount, readSum, type Amount } from './amount.ts';
import { contactsOf, type Contacts } from './contacts.ts';
import { run, type Core } from './core.ts';
import { makeEvents, type Subscribe } from './events.ts';
import type { Link } from './link/link.ts';
import { makeLock } from './lock.ts';
import { payAsked, type AnswerOptions } from './pay/answer.ts';
import {
  payCertified,
  payOver,
  readRefund,
  refundCertified,
  refundOver,
  type Pace,
  type RefundTerms,
  type Terms,
} from './pay/payer.ts';
import { makeRequest, type PaymentRequest, type RequestTerms } from './pay/request.ts';
import { serve, type ServeOptions } from './pay/serve.ts';
import { nameOf, type ProvenReceipt, type Receipt } from './receipt.ts';
import { tokensOf, type Tokens } from './tokens.ts';
import { syncWallet, watch, type Synced, type WatchOptions } from './watch.ts';

export interface Balance {
  readonly symbol: string;
  /** The token's id, hexadecimal. */
  readonly token: string;
  /** Certified and spendable. */
  readonly available: Amount;
  /** Own value, set aside in reservations. */
  readonly setAside: Amount;
  /** Received as `reserved`, not claimed yet. */
  readonly reserved: Amount;
  /** Received as `provisional`, may still be taken back. */
  readonly provisional: Amount;
}

export interface Reservation {
  /** Hexadecimal. */
  readonly reservation: string;
  readonly amount: Amount;
  /** Milliseconds. */
  readonly until: number;
}

export interface Entry {
  readonly payment: string;
  readonly direction: 'in' | 'out';
  readonly kind: 'online' | 'reserved' | 'provisional' | 'mint';
  readonly status: PaymentStatus;
  readonly grade: Grade | null;
  readonly amount: Amount;
  readonly order: string;
  /** Name of the contact, or the account's id. */
  readonly peer: string;
  /** Milliseconds. */
  readonly at: number;
  readonly refundOf: string | null;
  /** Proof that the payer signed twice where this payment rests. */
  readonly evidence: string | null;
}

/** How this wallet is paid without asking the owner each time: what is provisional is limited, nothing by default. */
export interface TakeTerms {
  /** `none`, `any`, or token units such as `20`. */
  readonly provisional: string;
  /** One contact instead of everybody who has no rule of its own. */
  readonly from?: string;
}

export interface Wallet {
  /** What its owner calls it. */
  readonly name: string;
  /** Account, hexadecimal. */
  readonly id: string;
  /** The 24 words, when this very call has made the wallet: shown once, kept nowhere. */
  readonly words: string | undefined;
  readonly contacts: Contacts;
  readonly tokens: Tokens;
  /** What contacts exchange: a file. */
  card(): Promise<Result<Uint8Array>>;
  balances(): Promise<Result<readonly Balance[]>>;
  /** Of one token. */
  balance(symbol: string): Promise<Result<Balance>>;
  /** Sets value aside for one contact until a date, certified: what pays finally without any network. */
  reserve(
    terms: { readonly for: string; readonly amount: string; readonly until: number | Date },
    options?: Stoppable,
  ): Promise<Result<Reservation>>;
  /** Asks a contact for a payment. */
  request(terms: RequestTerms, options?: Stoppable): Promise<Result<PaymentRequest>>;
  /** To whoever serves the other end of the link, in the grade of the terms. */
  pay(terms: Terms, options: Pace & { readonly link: Link }): Promise<Result<ProvenReceipt>>;
  /** Without a link: through the network, `certified`. */
  pay(terms: Terms, options?: Stoppable): Promise<Result<Receipt>>;
  /** The request that was seen, to the payee who asks over the link. */
  pay(request: Uint8Array, options: AnswerOptions & { readonly link: Link }): Promise<Result<ProvenReceipt>>;
  /** Whatever is asked over the link, once `confirm` says so. */
  pay(link: Link, options: AnswerOptions & Required<Pick<AnswerOptions, 'confirm'>>): Promise<Result<ProvenReceipt>>;
  /** Takes payments from whoever pays over this link. */
  serve(link: Link, options?: ServeOptions): Promise<Result<readonly ProvenReceipt[]>>;
  /** Pays back, all or a part: over a link in a grade, else certified. */
  refund(
    receipt: Pick<Receipt, 'payment'>,
    terms?: RefundTerms,
    options?: Pace & { readonly link?: Link | undefined },
  ): Promise<Result<Receipt>>;
  /** Gives up a payment that is not signed yet. */
  cancel(payment: string): Promise<Result<undefined>>;
  take(terms: TakeTerms): Promise<Result<undefined>>;
  sync(options?: Stoppable): Promise<Result<Synced>>;
  /** Syncs and claims until the signal fires. */
  watch(options?: WatchOptions): Promise<Result<undefined>>;
  history(): Promise<Result<readonly Entry[]>>;
  readonly evidence: {
    list(): Promise<Result<readonly { readonly id: string; readonly device: string }[]>>;
    export(id: string): Promise<Result<Uint8Array>>;
    import(file: Uint8Array): Promise<Result<{ readonly id: string }>>;
  };
  readonly on: Subscribe;
  /** Everything that is not in the 24 words, encrypted. */
  backup(): Promise<Result<Uint8Array>>;
  /** Writes what is left and lets go of the store. */
  close(): Promise<void>;
}

/** What is inside a wallet stays out of reach of whoever only holds it. */
const cores = new WeakMap<Wallet, Core>();

/** For what this package builds on a wallet. */
export function coreOf(wallet: Wallet): Core {
  const core = cores.get(wallet);
  if (!core) throw new TypeError('not a wallet that openWallet made');
  return core;
}

const isLink = (value: object): value is Link => 'receive' in value && 'send' in value;

/** A wallet on a device that is open already. */
export function walletFrom(device: Device, words?: string): Wallet {
  const events = makeEvents();
  const core: Core = { device, suite: device.suite, lock: makeLock(), events };
  const wallet: Wallet = {
    name: device.name,
    id: toHex(device.account),
    words,
    contacts: contactsOf(core),
    tokens: tokensOf(core),
    card: () => run(core, {}, ownCard),
    balances: () => run(core, {}, listBalances),
    balance: (symbol) => run(core, {}, (own) => oneBalance(own, symbol)),
    reserve: (terms, options = {}) => run(core, { signal: options.signal }, (own) => setAside(own, terms)),
    request: (terms, options) => makeRequest(core, terms, options),
    // One function for all of its forms: with a link the receipt has its proof.
    pay: ((what: Terms | Uint8Array | Link, options?: PayOptions) => pay(core, what, options)) as Wallet['pay'],
    serve: (link, options) => serve(core, link, options),
    refund: (receipt, terms = {}, options = {}) => payBack(core, receipt.payment, terms, options),
    cancel: (payment) =>
      run(core, {}, async (own) => {
        const id = readId(payment);
        if (!id.ok) return id;
        const cancelled = await cancel(own, id.value);
        return cancelled.ok ? ok(undefined) : cancelled;
      }),
    take: (terms) => run(core, {}, (own) => setTaking(own, terms)),
    sync: (options) => syncWallet(core, options),
    watch: (options) => watch(core, options),
    history: () => run(core, {}, listHistory),
    evidence: evidenceOf(core),
    on: events.on,
    backup: () => run(core, {}, backUp),
    close: async () => {
      await run(core, {}, async (own) => ok(await own.store.close()));
    },
  };
  cores.set(wallet, core);
  return wallet;
}

interface PayOptions extends AnswerOptions {
  readonly link?: Link | undefined;
}

async function pay(core: Core, what: Terms | Uint8Array | Link, options: PayOptions = {}): Promise<Result<Receipt>> {
  const { link } = options;
  if (what instanceof Uint8Array) {
    if (!link) return fail('E_USAGE', 'SDK-6', 'a request is paid over a link');
    return payAsked(core, link, { ...options, expected: what });
  }
  if (isLink(what)) return payAsked(core, what, options);
  return link ? payOver(core, what, link, options) : payCertified(core, what, options);
}

async function payBack(
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

function readId(text: string): Result<Uint8Array> {
  const id = fromHex(text);
  return id?.length === 32 ? ok(id) : fail('E_NOT_FOUND', 'SDK-6', 'not the id of a payment');
}

async function listBalances(device: Device): Promise<Result<readonly Balance[]>> {
  const all = await balances(device);
  if (!all.ok) return all;
  return ok(
    all.value.map(({ token, policy, available, setAside: aside, reserved, provisional }) => {
      const of = (value: bigint): Amount => makeAmount(value, token, policy);
      return {
        symbol: policy.symbol,
        token: toHex(token),
        available: of(available),
        setAside: of(aside),
        reserved: of(reserved),
        provisional: of(provisional),
      };
    }),
  );
}

async function oneBalance(device: Device, symbol: string): Promise<Result<Balance>> {
  const token = await findToken(device, symbol);
  if (!token.ok) return token;
  const all = await listBalances(device);
  if (!all.ok) return all;
  const found = all.value.find((one) => one.token === toHex(token.value.token));
  return found ? ok(found) : fail('E_TOKEN', 'SDK-1', `this wallet has not met a token ${symbol}`);
}

async function setAside(
  device: Device,
  terms: { readonly for: string; readonly amount: string; readonly until: number | Date },
): Promise<Result<Reservation>> {
  const contact = await findContact(device, terms.for);
  if (!contact.ok) return contact;
  const sum = await readSum(device, terms.amount);
  if (!sum.ok) return sum;
  const until = Number(terms.until);
  if (!Number.isSafeInteger(until) || until < 0) return fail('E_USAGE', 'SDK-1', 'until is no date');
  const { token, policy, amount } = sum.value;
  const made = await reserveFor(device, { for: contact.value.account, token, amount, until });
  if (!made.ok) return made;
  return ok({ reservation: toHex(made.value.reservation), amount: makeAmount(amount, token, policy), until });
}

async function setTaking(device: Device, { provisional, from }: TakeTerms): Promise<Result<undefined>> {
  const contact = from === undefined ? undefined : await findContact(device, from);
  if (contact && !contact.ok) return contact;
  const set = await setPolicy(device, {
    provisionalMax: provisional,
    ...(contact && { contact: contact.value.account }),
  });
  return set.ok ? ok(undefined) : set;
}

async function listHistory(device: Device): Promise<Result<readonly Entry[]>> {
  const all = await history(device);
  if (!all.ok) return all;
  const entries: Entry[] = [];
  for (const { payment, policy, status, evidence } of all.value) {
    if (!policy) continue;
    entries.push({
      payment: toHex(payment.payment),
      direction: payment.direction,
      kind: payment.kind,
      status,
      grade: payment.grade,
      amount: makeAmount(payment.amount, payment.token, policy),
      order: payment.order,
      peer: await nameOf(device, payment.peer),
      at: payment.at,
      refundOf: payment.refundOf && toHex(payment.refundOf),
      evidence: evidence ? toHex(evidence) : null,
    });
  }
  return ok(entries);
}

const evidenceOf = (core: Core): Wallet['evidence'] => ({
  list: () =>
    run(core, {}, async (device) => {
      const all = await listEvidence(device);
      return all.ok ? ok(all.value.map(({ id, device: accused }) => ({ id: toHex(id), device: toHex(accused) }))) : all;
    }),
  export: (id) => run(core, {}, (device) => exportEvidence(device, id)),
  import: (file) =>
    run(core, {}, async (device) => {
      const kept = await importEvidence(device, file);
      return kept.ok ? ok({ id: toHex(kept.value.id) }) : kept;
    }),
});
