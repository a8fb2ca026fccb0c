/** The payee's turn: it judges the offer and co-signs the pre-commitment on its own half (spec REL-15, REL-16). */
import {
  compareBytes,
  equalBytes,
  fail,
  ok,
  tokenId,
  verifyAccept,
  verifyOffer,
  type BundleItem,
  type ErrorCode,
  type Context,
  type HalfOperation,
  type OfferFacts,
  type Outcome,
  type OutcomeRecord,
  type Proposal,
  type Result,
  type StateHash,
  type Transition,
  type Write,
  itemNames,
  indexItems,
  stateHash,
  LIMITS,
} from '@dsm/core';
import { appendState, finishIntent } from '../chain/append.ts';
import type { Device } from '../device.ts';
import { readChain } from '../records/chain.ts';
import { putItems, readItem } from '../records/item.ts';
import { listPayments, paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { reservationRecords } from '../records/reservation.ts';
import { readRestore } from '../records/restore.ts';
import { putToken } from '../records/token.ts';
import { requireOpenHalf } from '../restore/guard.ts';
import { learnRestored, requireSuccession } from '../restore/halves.ts';
import { requireNewer } from '../restore/older.ts';
import { answerTurn, exchangeOf, openMessage, openPayments, type Decide, type Exchanged } from './common.ts';
import { adoptCondition, adoptWrites, replayTo, type Replay } from './halves.ts';
import { judgeOffer, knownReservation } from './judge.ts';
import { holdsWrites } from './peer-holds.ts';
import { seenOf } from './offer.ts';
import {
  exchangeRecords,
  outcomeKey,
  pendingOutcomeRecords,
  relationshipRecords,
  SALT_BYTES,
  type RelationshipRecord,
} from './records.ts';
import { beginRelationship } from './relationship.ts';
import { runOverMessage } from './steps.ts';
import { DEFAULT_EXPIRY_MS } from './terms.ts';

export interface AcceptOptions {
  readonly expiryMs?: number | undefined;
  readonly compact?: boolean | undefined;
  readonly decide?: Decide | undefined;
}

export async function accept(
  device: Device,
  bytes: Uint8Array,
  options: AcceptOptions = {},
): Promise<Result<Exchanged>> {
  const file = openMessage(device, 'offer', bytes);
  if (!file.ok) return file;
  const { content: proposal, items } = file.value;
  const read = await readOffer(device, proposal, items);
  if (!read.ok) return read;
  const { facts } = read.value;
  const earlier = await paymentRecords.read(device, facts.transition.body.precommit);
  if (earlier) return repeatAccept(device, earlier, options.compact ?? false);
  const open = await requireOpenHalf(device, facts.half);
  if (!open.ok) return open;
  const newer = await requireNewer(device, facts, read.value.used);
  if (!newer.ok) return newer;
  const judged = await judgeOffer(device, facts);
  if (!judged.ok) return judged;
  const crossed = await crossedOffers(device, facts);
  if (!crossed.ok) return crossed;
  const payable = paymentOf(device, facts, facts.transition.body.window.until);
  const decided = (await options.decide?.(payable, facts.policy)) ?? ok(undefined);
  if (!decided.ok) return decided;
  const relationship = await relationshipOf(device, facts);
  if (!relationship.ok) return relationship;
  const payment = await appendAccept(device, {
    ...read.value,
    proposal,
    items,
    crossed: crossed.value,
    relationship: relationship.value,
    options,
  });
  return payment.ok ? answerAccept(device, payment.value, options.compact ?? false) : payment;
}

export interface ReadOffer {
  readonly facts: OfferFacts;
  /** Everything that the verification used, to be kept. */
  readonly used: readonly BundleItem[];
  /** The payer's half up to its newest signed state or its genesis. */
  readonly base: Replay | undefined;
}

/** Verifies an offer over what came along and what is held; repeats the payer's half where the peer left that out. */
async function readOffer(device: Device, proposal: Proposal, items: readonly BundleItem[]): Promise<Result<ReadOffer>> {
  const genesis = await halfGenesisHash(device, items, proposal);
  if (!genesis.ok) return genesis;
  // Only what is signed is adopted: of a new half nothing but its genesis.
  const isNew = (await readChain(device, proposal.half)) === undefined;
  const base = isNew ? await replayTo(device, items, proposal.half, genesis.value) : undefined;
  if (base && !base.ok) return base;
  const replay = await replayProposal(device, proposal, items);
  if (!replay.ok && !(await isForgotten(device, replay.error.code, items))) return replay;
  const verify = (context: Context) => verifyOffer(context, proposal);
  const witnesses = replay.ok ? missingWitnesses(items, replay.value) : [];
  const { result, used } = await runOverMessage(device, items, [proposal.state], verify, witnesses);
  return result.ok ? ok({ facts: result.value, used, base: base?.value }) : result;
}

/**
 * The lost device has seen older steps that this one has not. The offer shows what its own step needs, and the commit,
 * which knows of the restore by then, shows them again.
 */
const isForgotten = async (device: Device, code: ErrorCode, items: readonly BundleItem[]): Promise<boolean> =>
  code === 'E_INCOMPLETE' && items.some((item) => item.type === 'witness') && (await readRestore(device)) !== undefined;

/** Witnesses of the repeated steps, unless the peer sent its own. */
const missingWitnesses = (items: readonly BundleItem[], witnesses: readonly BundleItem[]): readonly BundleItem[] =>
  items.some((item) => item.type === 'witness') ? [] : witnesses;

async function halfGenesisHash(
  device: Device,
  items: readonly BundleItem[],
  { half }: Proposal,
): Promise<Result<StateHash>> {
  const name = itemNames.genesis(half);
  const item = indexItems(device.suite, items).get(name) ?? (await readItem(device, name));
  if (item?.type !== 'body') return fail('E_INCOMPLETE', 'BND-2', `missing: ${name}`, { missing: [name] });
  return ok(stateHash(device.suite, item.body));
}

async function replayProposal(
  device: Device,
  proposal: Proposal,
  items: readonly BundleItem[],
): Promise<Result<readonly BundleItem[]>> {
  const proposed = items.find(
    (item) => item.type === 'body' && equalBytes(stateHash(device.suite, item.body), proposal.state),
  );
  if (proposed?.type !== 'body' || proposed.body.kind !== 'half') return ok([]);
  const replay = await replayTo(device, items, proposal.half, proposal.state);
  return replay.ok ? ok(replay.value.witnesses.slice(-1)) : replay;
}

/** Own offers that cross this one: the lower id wins, the other is abandoned with the accept (spec REL-23). */
async function crossedOffers(device: Device, facts: OfferFacts): Promise<Result<readonly PaymentRecord[]>> {
  const own = (await openPayments(device, facts.half.owner)).filter((one) => one.status === 'offered');
  return own.some(({ payment }) => compareBytes(payment, facts.transition.body.precommit) < 0)
    ? fail('E_OPEN', 'REL-23', 'your own offer to this peer goes first: finish it or cancel it')
    : ok(own);
}

/** The relationship that the payer's half belongs to, begun on this side too if it is new. */
async function relationshipOf(device: Device, facts: OfferFacts): Promise<Result<RelationshipRecord>> {
  const begun = await beginRelationship(device, facts.half.owner, facts.half);
  if (!begun.ok) return begun;
  const shown = { chain: facts.halfChain, terms: facts.half };
  const follows = await requireSuccession(device, begun.value.peerHalf, shown);
  return follows.ok ? begun : follows;
}

interface Accepting extends ReadOffer {
  /** What came along with the offer. */
  readonly items: readonly BundleItem[];
  /** Own offers that give way to this one. */
  readonly crossed: readonly PaymentRecord[];
  readonly proposal: Proposal;
  readonly relationship: RelationshipRecord;
  readonly options: AcceptOptions;
}

async function appendAccept(device: Device, accepting: Accepting): Promise<Result<PaymentRecord>> {
  const { facts, relationship, options } = accepting;
  const now = device.clock();
  const { body, hash } = facts.transition;
  const until = Math.min(body.window.until, facts.goodUntil, now + (options.expiryMs ?? DEFAULT_EXPIRY_MS));
  const outcomes = await listOutcomes(device, relationship);
  const operation: HalfOperation = {
    type: 'accept',
    window: { from: now, until },
    salt: device.entropy(SALT_BYTES),
    seen: await seenOf(device, { ...relationship, peerHalf: facts.halfChain }),
    precommit: body.precommit,
    state: hash,
    outcomes,
  };
  const payment = paymentOf(device, facts, until);
  const rows = await acceptWrites(device, accepting, payment, outcomes);
  const appended = await appendState(device, {
    chain: relationship.ownHalf,
    operation: { kind: 'half', operation },
    alongside: (transition) => [...rows, exchangeWrite(device, accepting, transition)],
    conditions: () => [
      paymentRecords.isAbsent(payment.payment),
      ...accepting.crossed.map((one) => paymentRecords.isUnchanged(device, one.payment, one)),
      ...(accepting.base ? [adoptCondition(device, accepting.base)] : []),
    ],
  });
  return appended.ok ? ok(payment) : appended;
}

const exchangeWrite = (device: Device, { proposal, relationship, facts }: Accepting, { hash }: Transition): Write =>
  exchangeRecords.put(device, facts.transition.body.precommit, {
    proposal,
    relationship: relationship.id,
    accept: hash,
  });

async function acceptWrites(
  device: Device,
  { facts, used, items, crossed, base, relationship }: Accepting,
  payment: PaymentRecord,
  outcomes: readonly OutcomeRecord[],
): Promise<readonly Write[]> {
  const reservation = await knownReservation(device, facts);
  return [
    ...putItems(device, used),
    ...(await learnRestored(device, relationship.peerHalf, { chain: facts.halfChain, terms: facts.half })),
    ...(await holdsWrites(device, facts.half.owner, used, items)),
    ...(await closeSuperseded(device, facts)),
    ...crossed.map((one) => paymentRecords.put(device, one.payment, { ...one, status: 'cancelled' })),
    ...(base ? adoptWrites(device, base, facts.half.k) : []),
    ...putToken(device, tokenId(device.suite, facts.policy), facts.policy),
    ...(reservation ? [reservationRecords.put(device, reservation.vault, reservation)] : []),
    ...outcomes.map(({ precommit }) => pendingOutcomeRecords.remove(outcomeKey(relationship.ownHalf, precommit))),
    relationshipRecords.put(device, relationship.id, { ...relationship, peerHalf: facts.halfChain }),
    paymentRecords.put(device, payment.payment, payment),
  ];
}

/** Accepts of withdrawn offers for the same place: at most one of them can still be committed. */
async function closeSuperseded(device: Device, { transition: { body } }: OfferFacts): Promise<readonly Write[]> {
  return (await listPayments(device))
    .filter(
      ({ status, direction, chain, index }) =>
        status === 'accepted' &&
        direction === 'in' &&
        chain !== null &&
        equalBytes(chain, body.chain) &&
        index === body.index,
    )
    .map((payment) => paymentRecords.put(device, payment.payment, { ...payment, status: 'expired' }));
}

/** Outcomes of earlier payments that the next own state records, in ascending order. */
export async function listOutcomes(device: Device, { ownHalf }: RelationshipRecord): Promise<readonly OutcomeRecord[]> {
  const entries = await pendingOutcomeRecords.list(device, { prefix: ownHalf, limit: LIMITS.outcomes });
  return entries.map(({ key, value }): { precommit: Uint8Array; outcome: Outcome } => ({
    precommit: key.slice(ownHalf.length),
    outcome: value,
  }));
}

/** The payment as the payee sees it before the commit. */
export function paymentOf(device: Device, facts: OfferFacts, expiresAt: number): PaymentRecord {
  const { body, hash } = facts.transition;
  const isReserved = facts.grade === 'reserved';
  return {
    payment: body.precommit,
    kind: facts.grade,
    direction: 'in',
    peer: facts.half.owner,
    token: tokenId(device.suite, facts.policy),
    amount: facts.amount,
    order: facts.order,
    grade: null,
    status: 'accepted',
    at: device.clock(),
    state: hash,
    chain: body.chain,
    index: body.index,
    vault: facts.pay?.vault ?? null,
    expiresAt,
    claimBy: isReserved ? facts.goodUntil : null,
    settleBy: isReserved ? null : facts.goodUntil,
    refundOf: facts.refundOf,
  };
}

async function repeatAccept(device: Device, payment: PaymentRecord, compact: boolean): Promise<Result<Exchanged>> {
  if (payment.direction !== 'in') return fail('E_SELF', 'REL-10', 'this is an offer of this very device');
  return answerAccept(device, payment, compact);
}

async function answerAccept(device: Device, payment: PaymentRecord, compact: boolean): Promise<Result<Exchanged>> {
  const found = await exchangeOf(device, payment.payment);
  if (!found.ok) return found;
  const { accept: hash } = found.value.exchange;
  if (hash === null) return fail('E_STATE', 'REL-15', 'this payment has not been accepted');
  // A crash between intent and signature is made good first.
  const signed = await finishIntent(device, found.value.relationship.ownHalf);
  if (!signed.ok) return signed;
  return answerTurn(device, payment, found.value.relationship, compact, {
    turn: 'accepted',
    kind: 'accept',
    content: { accept: hash },
    states: [hash],
    verify: (context) => verifyAccept(context, hash),
  });
}
