/**
 * Value, recomputed from the final operations of every account and reservation: what was issued is what is there, every
 * credit takes one output of a final state and takes it once, and what each wallet shows is what follows.
 */
import { outputsOf, toHex, type Operation } from '@dsm/core';
import type { ChainState } from '@dsm/wallet';
import type { HomeView } from './home.ts';
import type { Violations } from './violations.ts';

export interface ValueReport {
  readonly issued: bigint;
  readonly payments: number;
  readonly credits: number;
}

interface Output {
  readonly to: string;
  readonly amount: bigint;
  taken: boolean;
}

interface Books {
  readonly issued: bigint;
  readonly balances: ReadonlyMap<string, bigint>;
  readonly outputs: ReadonlyMap<string, Output>;
  readonly credits: readonly Credit[];
}

interface Credit {
  readonly account: string;
  readonly place: string;
  readonly amount: bigint;
}

const finalOperations = (states: readonly ChainState[]): readonly (readonly [ChainState, Operation])[] =>
  states.flatMap((state) => (state.status === 'final' && state.operation ? [[state, state.operation] as const] : []));

/** One token is in use. */
function keepBooks(views: readonly HomeView[]): Books {
  const balances = new Map<string, bigint>();
  const outputs = new Map<string, Output>();
  const credits: Credit[] = [];
  let issued = 0n;
  const move = (account: string, amount: bigint): void =>
    void balances.set(account, (balances.get(account) ?? 0n) + amount);
  for (const { account, states } of views) {
    move(account, 0n);
    for (const [{ index }, { kind, operation }] of finalOperations(states)) {
      if (kind !== 'account') continue;
      const place = `${account} ${index} 0`;
      if (operation.type === 'mint') {
        issued += operation.amount;
        move(account, operation.amount);
      } else if (operation.type === 'transfer') {
        move(account, -operation.amount);
        outputs.set(place, { to: toHex(operation.to), amount: operation.amount, taken: false });
      } else if (operation.type === 'fund') {
        move(account, -operation.amount);
      } else if (operation.type === 'receive') {
        const { source, index: from, output, amount } = operation;
        move(account, amount);
        credits.push({ account, place: `${toHex(source)} ${from} ${output}`, amount });
      }
    }
  }
  return { issued, balances, outputs, credits };
}

/** What the final states of an account leave in it. */
export const balanceOf = (view: HomeView): bigint => keepBooks([view]).balances.get(view.account) ?? 0n;

/** What reservations pay out, once for each, whoever knows of it. */
function addVaults(views: readonly HomeView[], outputs: Map<string, Output>): Map<string, bigint> {
  const left = new Map<string, bigint>();
  for (const { vaults, reservations } of views) {
    for (const [vault, states] of vaults) {
      const terms = reservations.get(vault);
      // The payee keeps the claims; the payer knows what was set aside.
      if (!terms) continue;
      if (!left.has(vault)) left.set(vault, terms.funded);
      for (const [{ index }, operation] of finalOperations(states)) {
        // A claim or a release pays out of the vault; a void pays nothing.
        for (const [output, { to, amount }] of outputsOf(operation).entries()) {
          const place = `${vault} ${index} ${output}`;
          if (outputs.has(place)) continue;
          outputs.set(place, { to: toHex(to), amount, taken: false });
          left.set(vault, (left.get(vault) ?? 0n) - amount);
        }
      }
    }
  }
  return left;
}

/** To be called when nothing moves any more. */
export function checkValue(views: readonly HomeView[], violations: Violations): ValueReport {
  const books = keepBooks(views);
  const outputs = new Map(books.outputs);
  const left = addVaults(views, outputs);
  for (const { account, place, amount } of books.credits) {
    const output = outputs.get(place);
    if (!output) violations.add(`account ${account} has credited ${place}, which pays nothing`);
    else if (output.taken) violations.add(`${place} is credited twice`);
    else if (output.to !== account) violations.add(`${place} pays ${output.to}, and ${account} has credited it`);
    else if (output.amount !== amount) violations.add(`${place} pays ${output.amount}, and ${amount} is credited`);
    if (output) output.taken = true;
  }
  let waiting = 0n;
  for (const [place, output] of outputs) {
    if (output.amount < 0n) violations.add(`${place} pays less than nothing`);
    if (output.taken) continue;
    waiting += output.amount;
    violations.add(`${output.amount} of ${place} never arrived at ${output.to}`);
  }
  for (const [account, balance] of books.balances) {
    if (balance < 0n) violations.add(`account ${account} holds ${balance}`);
  }
  for (const [vault, amount] of left) if (amount < 0n) violations.add(`reservation ${vault} holds ${amount}`);
  const held = [...books.balances.values(), ...left.values()].reduce((sum, one) => sum + one, waiting);
  if (held !== books.issued) violations.add(`${books.issued} was issued, and ${held} is there`);
  checkShown(views, books, violations);
  return { issued: books.issued, payments: outputs.size, credits: books.credits.length };
}

/** What the wallets show, together and one by one. */
function checkShown(views: readonly HomeView[], books: Books, violations: Violations): void {
  let shown = 0n;
  for (const { home, account, balances } of views) {
    const [own] = balances;
    if (!own) continue;
    shown += own.available + own.setAside + own.reserved + own.provisional;
    const expected = books.balances.get(account) ?? 0n;
    if (own.available !== expected) violations.add(`home ${home} shows ${own.available}, its states say ${expected}`);
  }
  if (shown !== books.issued) violations.add(`${books.issued} was issued, and the wallets together show ${shown}`);
}

/** Both sides of a payment say the same once nothing moves any more. */
export function checkSides(views: readonly HomeView[], violations: Violations): number {
  const sides = new Map<string, { readonly home: string; readonly status: string; readonly amount: bigint }[]>();
  for (const { home, payments } of views) {
    for (const [payment, { status, amount }] of payments) {
      const known = sides.get(payment) ?? [];
      known.push({ home, status, amount });
      sides.set(payment, known);
    }
  }
  let count = 0;
  for (const [payment, known] of sides) {
    const [one, other] = known;
    if (!one || !other) continue;
    count++;
    if (one.amount !== other.amount) violations.add(`payment ${payment}: ${one.amount} here and ${other.amount} there`);
    if ((one.status === 'final') !== (other.status === 'final')) {
      violations.add(`payment ${payment} is ${one.status} for ${one.home} and ${other.status} for ${other.home}`);
    }
  }
  return count;
}
