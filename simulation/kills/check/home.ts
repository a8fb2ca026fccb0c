/** Whether a home still says what its commands have said. Needs no passphrase: records of a wallet are public to its owner. */
import { toHex, type CryptoSuite, type Network, type Store } from '@dsm/core';
import { systemClock } from '@dsm/platform/node';
import {
  balances,
  history,
  listContacts,
  listReservations,
  listTokens,
  readWallet,
  showChain,
  type ChainState,
  type Device,
  type ReservationRecord,
} from '@dsm/wallet';
import { mayBecome, type Fact } from '../facts.ts';
import type { Violations } from './violations.ts';

export interface PaymentView {
  readonly status: string;
  readonly direction: string;
  readonly order: string;
  readonly amount: bigint;
}

export interface HomeView {
  readonly home: string;
  readonly account: string;
  /** Of the own account, by index. */
  readonly states: readonly ChainState[];
  /** `source index` of every final credit. */
  readonly credits: ReadonlySet<string>;
  readonly payments: ReadonlyMap<string, PaymentView>;
  readonly reservations: ReadonlyMap<string, ReservationRecord>;
  readonly vaults: ReadonlyMap<string, readonly ChainState[]>;
  readonly tokens: ReadonlySet<string>;
  readonly contacts: ReadonlySet<string>;
  readonly balances: readonly {
    readonly token: string;
    readonly available: bigint;
    readonly setAside: bigint;
    readonly reserved: bigint;
    readonly provisional: bigint;
  }[];
}

const value = <T>(
  home: string,
  result: { ok: true; value: T } | { ok: false; error: { code: string; message: string } },
): T => {
  if (!result.ok) throw new Error(`${home}: ${result.error.code} ${result.error.message}`);
  return result.value;
};

/** Everything that facts are about. Throws when the home cannot be read. */
export async function readHome(
  { suite, network }: { readonly suite: CryptoSuite; readonly network: Network },
  home: string,
  store: Store,
): Promise<HomeView> {
  const { wallet } = value(home, await readWallet({ store, suite }));
  // What only shows uses neither keys nor transport.
  const look = { store, suite, clock: systemClock, network, name: wallet.name, account: wallet.account } as Device;
  const states = value(home, await showChain(look));
  const reservations = await listReservations(look);
  const vaults = new Map<string, readonly ChainState[]>();
  for (const { vault, status } of reservations) {
    const shown = status === 'pending' ? undefined : await showChain(look, { chain: vault });
    // A payee that was told of a reservation and has claimed nothing yet keeps no states of it.
    if (shown?.ok === true || (shown && shown.error.code !== 'E_NOT_FOUND'))
      vaults.set(toHex(vault), value(home, shown));
  }
  const credits = states.flatMap(({ status, operation }) =>
    status === 'final' && operation?.kind === 'account' && operation.operation.type === 'receive'
      ? [`${toHex(operation.operation.source)} ${operation.operation.index}`]
      : [],
  );
  return {
    home,
    account: toHex(wallet.account),
    states,
    credits: new Set(credits),
    payments: new Map(
      value(home, await history(look)).map(({ payment, status }) => [
        toHex(payment.payment),
        { status, direction: payment.direction, order: payment.order, amount: payment.amount },
      ]),
    ),
    reservations: new Map(reservations.map((one) => [toHex(one.vault), one])),
    vaults,
    tokens: new Set((await listTokens(look)).map(({ token }) => toHex(token))),
    contacts: new Set(value(home, await listContacts(look)).map(({ account }) => toHex(account))),
    balances: value(home, await balances(look)).map(({ token, available, setAside, reserved, provisional }) => ({
      token: toHex(token),
      available,
      setAside,
      reserved,
      provisional,
    })),
  };
}

/** Undefined when the fact is still true, else what is the matter. */
export function brokenFact(view: HomeView, fact: Exclude<Fact, { type: 'file' }>): string | undefined {
  switch (fact.type) {
    case 'state': {
      const state = view.states[fact.index];
      if (fact.chain !== view.account) return `state ${fact.index} is of another chain than the account`;
      if (!state) return `state ${fact.index} of the account was certified and is missing`;
      if (toHex(state.hash) !== fact.hash) return `state ${fact.index} of the account was ${fact.hash} and is another`;
      return state.status === 'final' ? undefined : `state ${fact.index} was certified and is ${state.status}`;
    }
    case 'payment': {
      const now = view.payments.get(fact.payment)?.status;
      if (now === undefined) return `payment ${fact.payment} was ${fact.status} and is missing`;
      return mayBecome(fact.status, now) ? undefined : `payment ${fact.payment} was ${fact.status} and is ${now}`;
    }
    case 'credit':
      return view.credits.has(`${fact.chain} ${fact.index}`)
        ? undefined
        : `the credit of state ${fact.index} of ${fact.chain} is missing`;
    case 'claim': {
      const claimed = view.reservations.get(fact.reservation)?.claimed;
      return claimed !== undefined && claimed >= BigInt(fact.total)
        ? undefined
        : `${fact.total} of reservation ${fact.reservation} was claimed, now ${claimed ?? 'nothing'}`;
    }
    case 'reservation':
      return view.reservations.has(fact.reservation) ? undefined : `reservation ${fact.reservation} is missing`;
    case 'token':
      return view.tokens.has(fact.token) ? undefined : `token ${fact.token} is missing`;
    case 'contact':
      return view.contacts.has(fact.account) ? undefined : `contact ${fact.account} is missing`;
  }
}

export function checkFacts(view: HomeView, facts: Iterable<Fact>, violations: Violations): number {
  let count = 0;
  for (const fact of facts) {
    if (fact.type === 'file') continue;
    count++;
    const broken = brokenFact(view, fact);
    if (broken !== undefined) violations.add(`home ${view.home}: ${broken}`);
  }
  return count;
}
