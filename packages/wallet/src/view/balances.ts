/** What this device has: four disjoint amounts for each token. */
import {
  amount as amountCodec,
  balanceLeaf,
  editLeaves,
  equalBytes,
  must,
  ok,
  toHex,
  type Result,
  type TokenId,
} from '@dsm/core';
import { listTokens, type Token } from '../account/token.ts';
import { requireChain, type HeldChain } from '../chain/draft.ts';
import { openRun, readAccountOperation } from '../chain/own.ts';
import type { Device } from '../device.ts';
import { heldPayments } from '../exchange/totals.ts';
import { guardStore } from '../guard.ts';
import { listReservations } from '../records/reservation.ts';

export interface Balance extends Token {
  /** Base units, as all below: certified and spendable. */
  readonly available: bigint;
  /** Own value, set aside in reservations and not paid out of them. */
  readonly setAside: bigint;
  /** Received as `reserved`, not claimed yet. */
  readonly reserved: bigint;
  /** Received as `provisional`, not settled yet. */
  readonly provisional: bigint;
}

type Sums = ReadonlyMap<string, bigint>;

/** Of every token that this device has met, by symbol. */
export const balances = (device: Device): Promise<Result<readonly Balance[]>> =>
  guardStore(async () => {
    const held = await requireChain(device, device.account);
    if (!held.ok) return held;
    const incoming = await uncertainCredits(device);
    if (!incoming.ok) return incoming;
    const { setAside, reserved } = await reservationSums(device);
    const provisional = sumUp(await heldPayments(device, 'provisional'));
    const rows = (await listTokens(device)).map(({ token, policy }): Balance => {
      const of = (sums: Sums): bigint => sums.get(toHex(token)) ?? 0n;
      return {
        token,
        policy,
        available: tipBalance(device, held.value, token) - of(incoming.value),
        setAside: of(setAside),
        reserved: of(reserved),
        provisional: of(provisional),
      };
    });
    return ok(rows.toSorted((a, b) => (a.policy.symbol < b.policy.symbol ? -1 : 1)));
  });

const tipBalance = ({ suite }: Device, { tree }: HeldChain, token: TokenId): bigint =>
  must(editLeaves(suite, tree).read(balanceLeaf(token), amountCodec)) ?? 0n;

/** What open states of the account add: in the tip's leaves already, and not spendable before it is certified. */
async function uncertainCredits(device: Device): Promise<Result<Sums>> {
  const run = await openRun(device);
  if (!run.ok) return run;
  const credits: { token: TokenId; amount: bigint }[] = [];
  for (const { hash } of run.value) {
    const operation = await readAccountOperation(device, hash);
    if (operation?.type === 'receive' || operation?.type === 'mint') credits.push(operation);
  }
  return ok(sumUp(credits));
}

/** A payer's total belongs to the payee from its signature on, claimed or not. */
async function reservationSums(device: Device): Promise<{ readonly setAside: Sums; readonly reserved: Sums }> {
  const open = (await listReservations(device)).filter(({ status }) => status !== 'released');
  const paidOut = ({ total, claimed }: { readonly total: bigint; readonly claimed: bigint }): bigint =>
    total > claimed ? total : claimed;
  const mine = open.filter(({ payer }) => equalBytes(payer, device.account));
  const toMe = open.filter(({ payee }) => equalBytes(payee, device.account));
  return {
    setAside: sumUp(mine.map((one) => ({ token: one.token, amount: one.funded - paidOut(one) }))),
    reserved: sumUp(toMe.map((one) => ({ token: one.token, amount: paidOut(one) - one.claimed }))),
  };
}

function sumUp(entries: readonly { readonly token: TokenId; readonly amount: bigint }[]): Sums {
  const sums = new Map<string, bigint>();
  for (const { token, amount } of entries) sums.set(toHex(token), (sums.get(toHex(token)) ?? 0n) + amount);
  return sums;
}
