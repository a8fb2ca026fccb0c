/** The wallet as applications have it. */
import { fail, ok, toHex, type Result } from '@dsm/core';
import type { Machine } from '@dsm/machine';
import { anchor, backup as backUp, cancel, closeReservations, ownCard, releaseExpired, type Device } from '@dsm/wallet';
import type { Stoppable } from './abort.ts';
import type { Amount } from './amount.ts';
import { contactsOf, type Contacts } from './contacts.ts';
import { run, type Core } from './core.ts';
import { makeEvents, type Subscribe } from './events.ts';
import type { Link } from './link/link.ts';
import { makeLock } from './lock.ts';
import { machinesOf, type Machines } from './machine.ts';
import { payAsked, type AnswerOptions } from './pay/answer.ts';
import { payCertified, payOver, type Pace, type RefundTerms, type Terms } from './pay/payer.ts';
import { payBack, readId } from './pay/refund.ts';
import { makeRequest, type PaymentRequest, type RequestTerms } from './pay/request.ts';
import { serve, type ServeOptions } from './pay/serve.ts';
import type { ProvenReceipt, Receipt } from './receipt.ts';
import { moveBack, setAside, setTaking, type Reservation, type TakeTerms } from './reservations.ts';
import { tokensOf, type Tokens } from './tokens.ts';
import { evidenceOf, listBalances, listHistory, oneBalance, type Balance, type Entry, type Evidence } from './view.ts';
import { syncWallet, watch, type Synced, type WatchOptions } from './watch.ts';

/** Where an anchor stands. */
export interface Anchored {
  /** Account, hexadecimal. */
  readonly account: string;
  readonly index: number;
  /** Hash of the certified state, hexadecimal. */
  readonly state: string;
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
  /** State shared with contacts under the rules of this machine. */
  machine<State, Params, Inputs>(
    machine: Machine<State, Params, Inputs>,
    older?: readonly Machine[],
  ): Machines<State, Params, Inputs>;
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
  /** Gives back to a contact what it has set aside for this wallet; what was paid out of it is claimed first. */
  giveBack(contact: string, options?: Stoppable): Promise<Result<readonly Amount[]>>;
  /** Takes back what is left of reservations for a contact that are over. */
  takeBack(contact: string, options?: Stoppable): Promise<Result<readonly Amount[]>>;
  /** Has 32 bytes of an application's own certified on the account: which, and in which order. Nodes see them. */
  anchor(value: Uint8Array, options?: Stoppable): Promise<Result<Anchored>>;
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
  readonly evidence: Evidence;
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
    machine: (machine, older = []) => machinesOf(core, machine, older),
    card: () => run(core, {}, ownCard),
    balances: () => run(core, {}, listBalances),
    balance: (symbol) => run(core, {}, (own) => oneBalance(own, symbol)),
    reserve: (terms, options = {}) => run(core, { signal: options.signal }, (own) => setAside(own, terms)),
    giveBack: (contact, options = {}) => moveBack(core, closeReservations, contact, options),
    takeBack: (contact, options = {}) => moveBack(core, releaseExpired, contact, options),
    anchor: (value, options = {}) =>
      run(core, { signal: options.signal }, async (own) => {
        const made = await anchor(own, value);
        if (!made.ok) return made;
        const { chain, index, state } = made.value;
        return ok({ account: toHex(chain), index, state: toHex(state) });
      }),
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
