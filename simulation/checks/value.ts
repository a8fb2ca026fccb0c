/** The books of the whole world, kept from final states alone and in whole numbers. */
import {
  amount as amountCodec,
  balanceLeaf,
  creditNullifier,
  editLeaves,
  fromHex,
  outputsOf,
  toHex,
  tokenId,
  type AccountOperation,
  type Operation,
  type TokenId,
} from '@dsm/core';
import { openChain } from '../../packages/wallet/src/chain/draft.ts';
import { honestSeats } from '../world/finish.ts';
import type { DeviceSeat } from '../world/device.ts';
import type { MakeCheck } from './check.ts';
import { placeText, type Chronicle, type Final } from './chronicle.ts';

interface Token {
  readonly cap: bigint;
  readonly issuer: string;
  minted: bigint;
  burned: bigint;
}

interface Vault {
  readonly token: string;
  readonly funded: bigint;
  readonly until: number;
  readonly payer: string;
  readonly payee: string;
  claimed: bigint;
  released: boolean;
}

interface Credit {
  readonly to: string;
  readonly token: string;
  readonly amount: bigint;
  /** When the debit was known to be final. */
  readonly atMs: number;
  /** The state that pays it. */
  readonly source: Final;
  taken: boolean;
}

interface Books {
  readonly tokens: Map<string, Token>;
  /** Account and token → base units. */
  readonly balances: Map<string, bigint>;
  readonly vaults: Map<string, Vault>;
  /** Nullifier → debit that is on its way. */
  readonly credits: Map<string, Credit>;
  /** Chain → index up to which its final states are in the books. */
  readonly heights: Map<string, number>;
}

/** What is wrong, `later` if something is not known yet, nothing if all is well. */
type Posting = string | undefined;

/** Adds to a balance; what is wrong with that, if anything. */
function post(books: Books, chain: string, token: string, amount: bigint): string | undefined {
  const key = `${chain} ${token}`;
  const balance = (books.balances.get(key) ?? 0n) + amount;
  books.balances.set(key, balance);
  return balance < 0n ? `account ${chain.slice(0, 8)} has ${balance}` : undefined;
}

function postAccount(books: Books, chain: string, operation: AccountOperation): Posting {
  switch (operation.type) {
    case 'mint': {
      const token = toHex(operation.token);
      const known = books.tokens.get(token);
      if (!known || known.issuer !== chain) return `${chain.slice(0, 8)} mints a token that is not its own`;
      known.minted += operation.amount;
      if (known.minted > known.cap) return `${known.minted} minted of a token capped at ${known.cap}`;
      return post(books, chain, token, operation.amount);
    }
    case 'burn': {
      const token = toHex(operation.token);
      const known = books.tokens.get(token);
      if (known) known.burned += operation.amount;
      return post(books, chain, token, -operation.amount);
    }
    case 'transfer':
      return post(books, chain, toHex(operation.token), -operation.amount);
    case 'fund': {
      const vault = toHex(operation.vault);
      if (books.vaults.has(vault)) return 'a vault is funded twice';
      books.vaults.set(vault, {
        token: toHex(operation.token),
        funded: operation.amount,
        until: operation.until,
        payer: chain,
        payee: toHex(operation.payee),
        claimed: 0n,
        released: false,
      });
      return post(books, chain, toHex(operation.token), -operation.amount);
    }
    default:
      return undefined;
  }
}

/** Whole numbers only: what every token has, is where it must be. */
function findImbalance(books: Books): string | undefined {
  const sums = new Map<string, bigint>();
  const add = (token: string, amount: bigint): void => void sums.set(token, (sums.get(token) ?? 0n) + amount);
  for (const [key, balance] of books.balances) add(key.slice(65), balance);
  for (const vault of books.vaults.values()) if (!vault.released) add(vault.token, vault.funded - vault.claimed);
  for (const credit of books.credits.values()) if (!credit.taken) add(credit.token, credit.amount);
  for (const [token, { minted, burned }] of books.tokens) {
    const sum = sums.get(token) ?? 0n;
    if (sum !== minted - burned)
      return `${sum} of token ${token.slice(0, 8)} are there, ${minted - burned} were issued`;
  }
  return undefined;
}

export const value: MakeCheck = (world, chronicle) => {
  const { suite, facts } = world;
  const books: Books = {
    tokens: new Map(),
    balances: new Map(),
    vaults: new Map(),
    credits: new Map(),
    heights: new Map(),
  };
  let waiting: Final[] = [];

  const postVault = (chain: string, { operation }: Operation & { kind: 'vault' }): Posting => {
    const vault = books.vaults.get(chain);
    if (!vault) return 'later';
    if (operation.type === 'claim') {
      if (operation.window.until > vault.until) return 'a claim is final whose window goes beyond E';
      if (operation.total > vault.funded || operation.total <= vault.claimed)
        return `a claim of ${operation.total} of ${vault.funded} is final`;
      if (operation.amount !== operation.total - vault.claimed || toHex(operation.to) !== vault.payee)
        return 'a claim pays out something else';
      if (vault.released) return 'a claim is final after the release';
      vault.claimed = operation.total;
    }
    if (operation.type === 'release') {
      if (operation.window.from < vault.until + facts.gapMs) return 'a release is final before E and the gap';
      if (operation.amount !== vault.funded - vault.claimed || toHex(operation.to) !== vault.payer)
        return 'a release pays out something else';
      if (vault.released) return 'a reservation is released twice';
      vault.released = true;
    }
    return undefined;
  };

  const takeCredit = (chain: string, operation: AccountOperation & { type: 'receive' }): Posting => {
    const { source, index, output, token, amount } = operation;
    const credit = books.credits.get(toHex(creditNullifier(suite, source, index, output)));
    if (!credit) return 'later';
    if (credit.taken) return `a debit of ${amount} is credited twice`;
    if (credit.to !== chain || credit.amount !== amount || credit.token !== toHex(token))
      return 'a credit is not its debit';
    credit.taken = true;
    return post(books, chain, toHex(token), amount);
  };

  const postFinal = (final: Final): Posting => {
    const chain = toHex(final.chain);
    if ((books.heights.get(chain) ?? 0) !== final.index - 1) return 'later';
    const operation = operationOf(chronicle, final);
    if (!operation) return 'later';
    let posted: Posting;
    if (operation.kind === 'account' && operation.operation.type === 'createToken') {
      const { policy } = operation.operation;
      const token = toHex(tokenId(suite, policy));
      books.tokens.set(token, { cap: policy.cap, issuer: toHex(policy.issuer), minted: 0n, burned: 0n });
    } else if (operation.kind === 'account' && operation.operation.type === 'receive') {
      posted = takeCredit(chain, operation.operation);
    } else if (operation.kind === 'account') {
      posted = postAccount(books, chain, operation.operation);
    } else if (operation.kind === 'vault') {
      posted = postVault(chain, operation);
    }
    if (posted !== undefined) return posted;
    books.heights.set(chain, final.index);
    const isFund = operation.kind === 'account' && operation.operation.type === 'fund';
    for (const [output, { to, token, amount }] of isFund ? [] : outputsOf(operation).entries()) {
      const key = toHex(creditNullifier(suite, final.chain, final.index, output));
      books.credits.set(key, {
        to: toHex(to),
        token: toHex(token),
        amount,
        atMs: world.scheduler.nowMs(),
        source: final,
        taken: false,
      });
    }
    return undefined;
  };

  /** What a device shows of its account is what the final states add up to. */
  const compareLeaves = async ({ who, device }: DeviceSeat): Promise<string | undefined> => {
    const held = device && (await openChain(device, device.account));
    if (!held || held.record.certifiedTip.index !== held.record.tip.index) return undefined;
    const chain = toHex(held.chain);
    if (books.heights.get(chain) !== held.record.tip.index) return undefined;
    for (const token of books.tokens.keys()) {
      const leaf = editLeaves(suite, held.tree).read(balanceLeaf(fromHex(token) as TokenId), amountCodec);
      const balance = books.balances.get(`${chain} ${token}`) ?? 0n;
      if (leaf.ok && (leaf.value ?? 0n) !== balance) {
        return `the account of ${who.name} shows ${leaf.value ?? 0n}, its final states add up to ${balance}`;
      }
    }
    return undefined;
  };

  /** Somebody who still tells holds it: a payer may be gone, and with it the one copy of a certificate. */
  const canBeLearnt = ({ chain, index, by }: Final): boolean =>
    honestSeats(world).some(({ who }) => who === by) ||
    world.nodeSeats.some(({ who }) => {
      const slot = who.honest ? chronicle.slots.get(who.name)?.get(placeText(chain, index)) : undefined;
      return slot !== undefined && slot.final !== null;
    });

  /** What was paid to an honest device long before the last exchange is in its account. */
  const findUncredited = (seats: readonly DeviceSeat[]): string | undefined => {
    const accounts = new Map(seats.flatMap(({ account, who }) => (account ? [[toHex(account), who.name]] : [])));
    const last = world.exchanges.at(-2) ?? 0;
    for (const { to, taken, amount, atMs, source } of books.credits.values()) {
      const name = accounts.get(to);
      if (name !== undefined && !taken && atMs < last && canBeLearnt(source))
        return `${name} never credited ${amount} that it was paid`;
    }
    return undefined;
  };

  return {
    name: 'value',
    sentence:
      'Value is conserved per token, nothing negative, minted ≤ cap; every debit is credited at most once; nothing leaves a reservation but by its rules.',
    afterEvent() {
      if (chronicle.newFinals.length === 0 && waiting.length === 0) return undefined;
      if (chronicle.newFinals.length === 0) return undefined;
      waiting.push(...chronicle.newFinals);
      for (let moved = true; moved;) {
        moved = false;
        const left: Final[] = [];
        for (const final of waiting) {
          const posted = postFinal(final);
          if (posted === 'later') left.push(final);
          else if (posted !== undefined) return posted;
          else moved = true;
        }
        waiting = left;
      }
      return findImbalance(books);
    },
    async atEnd() {
      const seats = honestSeats(world);
      for (const seat of seats) {
        const what = await compareLeaves(seat);
        if (what !== undefined) return what;
      }
      const uncredited = findUncredited(seats);
      if (uncredited !== undefined) return uncredited;
      const unexplained = waiting.find((final) => {
        const operation = operationOf(chronicle, final);
        return (books.heights.get(toHex(final.chain)) ?? 0) === final.index - 1 && operation !== undefined;
      });
      return unexplained && `state ${unexplained.index} credits something that nobody paid`;
    },
  };
};

function operationOf(chronicle: Chronicle, { hash }: Final): Operation | undefined {
  const body = chronicle.body(hash);
  return body && chronicle.operation(toHex(body.op));
}
