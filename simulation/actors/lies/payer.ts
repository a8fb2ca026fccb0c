/** A payer that lies: offers of what is not there, commits to what was not agreed. */
import {
  decodeFileOf,
  encodeFile,
  equalBytes,
  must,
  nameOf,
  verifyReservation,
  type BundleItem,
  type ChainId,
  type Pay,
  type TokenId,
} from '@dsm/core';
import { accept, cancel, commit, history, offer, receive, reserve, type Device } from '@dsm/wallet';
import { runAlone } from '../../../packages/wallet/src/evidence/run-with.ts';
import { beginRelationship } from '../../../packages/wallet/src/exchange/relationship.ts';
import { reservationRecords } from '../../../packages/wallet/src/records/reservation.ts';
import { PAYMENTS } from '../../../packages/wallet/src/exchange/records.ts';
import { DEFAULT_RULES } from '../../../packages/wallet/src/exchange/terms.ts';
import { runCommand } from '../../world/device.ts';
import { introduce } from '../troupe.ts';
import { bendHalf, dreamOf, exchangeItems, hand, signBent, type Bent, type Lie, type Liar } from './kit.ts';
import { AMOUNT, occasionOf, offerTruly, payOnce, take, type Occasion } from './occasion.ts';

/** The truth that the lie is bent from: an offer as the shipped program writes it, in a dream. */
interface Offered {
  readonly dream: Device;
  readonly before: Occasion;
  readonly message: Uint8Array;
  readonly pay: Pay;
}

async function dreamOffer(liar: Liar): Promise<Offered | undefined> {
  const { cheat, honest } = liar;
  const reservation = await payOnce(liar, cheat, honest);
  if (!reservation || !cheat.device) return undefined;
  const dream = await dreamOf(cheat.device);
  const before = await occasionOf(dream, honest, reservation);
  const message = before && (await offerTruly(liar, cheat, honest, dream));
  const pay = message && payIn(dream, message);
  return before && message && pay ? { dream, before, message, pay } : undefined;
}

function payIn({ suite }: Device, message: Uint8Array): Pay | undefined {
  const file = must(decodeFileOf(suite, 'offer', message));
  const pays = file.items.flatMap((item): Pay[] =>
    item.type === 'operation' && item.operation.kind === 'half' && item.operation.operation.type === 'pay'
      ? [item.operation.operation]
      : [],
  );
  return pays.toSorted((a, b) => (a.total < b.total ? 1 : -1))[0];
}

function bendOffer({ dream, before, message }: Offered, operation: Pay, more: readonly BundleItem[] = []): Uint8Array {
  const { content, items } = must(decodeFileOf(dream.suite, 'offer', message));
  const bent = bendHalf(dream, before.own, operation);
  const said = exchangeItems(dream, items, content.state, bent.items);
  return encodeFile(dream.suite, 'offer', { ...content, state: bent.hash }, withMore(dream, said, more));
}

/** Each item once, in their order. */
export function withMore({ suite }: Device, items: readonly BundleItem[], more: readonly BundleItem[]): BundleItem[] {
  const named = new Map([...items, ...more].map((item) => [nameOf(suite, item), item]));
  return [...named].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/** One field of the offer is false. */
const falseOffer =
  (change: (pay: Pay, occasion: Occasion) => Partial<Pay>): Lie =>
  async (liar) => {
    const offered = await dreamOffer(liar);
    if (!offered) return false;
    await hand(liar, 'offer', bendOffer(offered, { ...offered.pay, ...change(offered.pay, offered.before) }));
    return true;
  };

/** Out of what is set aside for somebody else, with the proof that it is. */
const otherPayee: Lie = async (liar) => {
  const { world, cheat, honest } = liar;
  const offered = await dreamOffer(liar);
  const other = world.seats.find(({ account }) => account && account !== honest.account && account !== cheat.account);
  if (!offered || !other?.account || !cheat.device) return false;
  await introduce(cheat, other);
  const until = world.scheduler.nowMs() + world.facts.marginMs + 900_000;
  const terms = { for: other.account, token: world.token as TokenId, amount: 9n, until };
  const set = await runCommand(world, cheat, 'reserve', (device) => reserve(device, terms));
  if (set.type === 'crashed' || !set.result.ok) return false;
  const vault: ChainId = set.result.value.reservation;
  const { used } = await runAlone(cheat.device, [], (context) => verifyReservation(context, vault));
  await hand(liar, 'offer', bendOffer(offered, { ...offered.pay, vault, total: AMOUNT }, used));
  return true;
};

/** The half as it was before the last payment: the same place and the same total for another payment. */
const totalTwice: Lie = async (liar) => {
  const offered = await dreamOffer(liar);
  if (!offered) return false;
  const { cheat, honest } = liar;
  const first = await offerTruly(liar, cheat, honest);
  const accepted = first && (await take(liar, honest, 'offer', first, accept));
  const committed = accepted && (await take(liar, cheat, 'accept', accepted, commit));
  if (!committed) return false;
  await take(liar, honest, 'commit', committed, receive);
  await hand(liar, 'offer', offered.message);
  return true;
};

/** A second relationship with the same payee, in which the same reservation begins anew. */
const newHalf: Lie = async (liar) => {
  const { cheat, honest, random, world } = liar;
  const reservation = await payOnce(liar, cheat, honest);
  if (!reservation || !cheat.device || !honest.account) return false;
  const dream = await dreamOf(cheat.device);
  const begun = await beginRelationship(dream, honest.account, {
    purpose: PAYMENTS,
    rules: DEFAULT_RULES,
    nonce: random.bytes(16),
  });
  if (!begun.ok) return false;
  await dream.store.commit([reservationRecords.put(dream, reservation.vault, { ...reservation, total: 0n })]);
  const amount = reservation.total;
  const options = {
    command: random.bytes(32),
    to: honest.account,
    token: world.token as TokenId,
    amount,
    order: '',
    provisional: false,
  };
  const made = await offer(dream, options);
  if (!made.ok || !made.value.message) return false;
  await hand(liar, 'offer', made.value.message);
  return true;
};

/** An accept of the honest payee for an offer made in a dream, and the commit that the dream would write. */
async function agreeInDream(liar: Liar): Promise<(Offered & { readonly accepted: Uint8Array }) | undefined> {
  const offered = await dreamOffer(liar);
  const accepted = offered && (await take(liar, liar.honest, 'offer', offered.message, accept));
  return offered && accepted ? { ...offered, accepted } : undefined;
}

/** Commits to another state of the same place, rightly signed, as if that had been accepted. */
const otherCommit =
  (change: (pay: Pay) => Partial<Pay>): Lie =>
  async (liar) => {
    const agreed = await agreeInDream(liar);
    if (!agreed) return false;
    const { dream, before, accepted, pay } = agreed;
    const truth = await commit(dream, accepted);
    if (!truth.ok || !truth.value.message) return false;
    const { content, items } = must(decodeFileOf(dream.suite, 'commit', truth.value.message));
    const bent: Bent = bendHalf(dream, before.own, { ...pay, ...change(pay) });
    const said = exchangeItems(dream, items, content.proposal.state, [...bent.items, signBent(dream, bent)]);
    const false_ = { ...content, proposal: { ...content.proposal, state: bent.hash } };
    await hand(liar, 'commit', encodeFile(dream.suite, 'commit', false_, withMore(dream, said, [])));
    return true;
  };

/** Two offers for one place, both accepted, both committed: at most one of them is worth anything. */
const commitTwice: Lie = async (liar) => {
  const [one, other] = [await agreeInDream(liar), await agreeInDream(liar)];
  if (!one || !other) return false;
  const [first, second] = [await commit(one.dream, one.accepted), await commit(other.dream, other.accepted)];
  if (!first.ok || !second.ok || !first.value.message || !second.value.message) return false;
  await hand(liar, 'commit', first.value.message, false);
  const known = liar.honest.device && (await history(liar.honest.device));
  const { payment } = first.value.payment;
  const isTaken =
    known?.ok === true &&
    known.value.some((row) => equalBytes(row.payment.payment, payment) && row.payment.grade !== null);
  await hand(liar, 'commit', second.value.message, isTaken);
  return true;
};

/** The clock of the liar stands still until its signature is made; the accept has long expired. */
const commitLate =
  (pastMargin: boolean): Lie =>
  async (liar) => {
    const { world } = liar;
    const agreed = await agreeInDream(liar);
    if (!agreed) return false;
    const { dream, accepted, before, pay } = agreed;
    const overMs = pastMargin ? before.reservation.until - world.facts.marginMs : pay.window.until;
    const waitMs = overMs + 5_000 - world.scheduler.nowMs();
    await world.scheduler.wait(Math.max(0, waitMs), 'a liar waits');
    const then = { ...dream, clock: () => pay.window.from + 1 };
    const late = await commit(then, accepted);
    if (!late.ok || !late.value.message) return false;
    await hand(liar, 'commit', late.value.message, false);
    return true;
  };

/** Signed though the payee has withdrawn: what it accepted stays good until it expires. */
const commitWithdrawn: Lie = async (liar) => {
  const agreed = await agreeInDream(liar);
  const { device } = liar.honest;
  if (!agreed || !device) return false;
  const made = await commit(agreed.dream, agreed.accepted);
  if (!made.ok || !made.value.message) return false;
  const { payment } = made.value.payment;
  await runCommand(liar.world, liar.honest, 'cancel', (own) => cancel(own, payment));
  await hand(liar, 'commit', made.value.message, false);
  return true;
};

export const PAYER_LIES: Readonly<Record<string, Lie>> = {
  offerLowerTotal: falseOffer(({ total }) => ({ total: total - AMOUNT - 1n })),
  offerSameTotal: falseOffer(({ total }) => ({ total: total - AMOUNT })),
  offerOtherAmount: falseOffer(() => ({ amount: 2n * AMOUNT })),
  offerNothing: falseOffer(({ total }) => ({ amount: 0n, total: total - AMOUNT })),
  offerTooMuch: falseOffer((_, { reservation }) => ({
    amount: reservation.funded + AMOUNT,
    total: reservation.total + reservation.funded + AMOUNT,
  })),
  offerTooLong: falseOffer(({ window }, { reservation }) => ({ window: { ...window, until: reservation.until } })),
  offerOtherVault: falseOffer(({ salt }) => ({ vault: new Uint8Array([...salt, ...salt]) as never, total: AMOUNT })),
  offerOfAnotherPayee: otherPayee,
  offerSameTotalTwice: totalTwice,
  offerOnNewHalf: newHalf,
  commitOtherTotal: otherCommit(({ total }) => ({ total: total + 1n })),
  commitLess: otherCommit(({ total }) => ({ amount: 1n, total: total - AMOUNT + 1n })),
  commitOtherOrder: otherCommit(() => ({ order: 'something else' })),
  commitTwice,
  commitAfterExpiry: commitLate(false),
  commitAfterMargin: commitLate(true),
  commitWithdrawn,
};
