/** The payer's first turn: an offer out of a reservation, or a provisional one (spec REL-10 to REL-14). */
import {
  equalBytes,
  fail,
  hashReference,
  ok,
  verifyOffer,
  ZERO_HASH,
  type ChainId,
  type HalfOperation,
  type Proposal,
  type Reference,
  type Result,
  type StateHash,
  type Tip,
  type TokenId,
  LIMITS,
} from '@dsm/core';
import { finishIntent } from '../chain/append.ts';
import { requireNoOnlinePending } from '../chain/own.ts';
import { draftNext, itemsOfDraft, requireChain, type Draft, type HeldChain } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { requireTrusted, requireUnforked } from '../evidence/store.ts';
import { chainUnchanged, readChain } from '../records/chain.ts';
import { commandRecords } from '../records/command.ts';
import { putItems } from '../records/item.ts';
import { paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { listReservations, type ReservationRecord } from '../records/reservation.ts';
import { withoutOlder } from '../restore/older.ts';
import {
  answerTurn,
  checkOrder,
  exchangeOf,
  policyOf,
  repeatedCommand,
  requireContact,
  requireNoneOpen,
  writeTurn,
  type Exchanged,
  type TurnMessage,
} from './common.ts';
import { exchangeRecords, SALT_BYTES, type RelationshipRecord } from './records.ts';
import { ensureRelationship, relationshipWithTotal } from './relationship.ts';
import { DEFAULT_EXPIRY_MS } from './terms.ts';

export interface OfferOptions {
  /** Key of the command, so that a repeated one is the same payment. */
  readonly command: Uint8Array;
  readonly to: ChainId;
  readonly token: TokenId;
  /** Base units. */
  readonly amount: bigint;
  readonly order: string;
  /** Straight from the account instead of out of a reservation. */
  readonly provisional: boolean;
  readonly expiryMs?: number | undefined;
  readonly compact?: boolean | undefined;
  readonly refundOf?: Uint8Array | undefined;
}

export async function offer(device: Device, options: OfferOptions): Promise<Result<Exchanged>> {
  const earlier = await repeatedCommand(device, options.command);
  if (earlier) return answerOffer(device, earlier, options.compact ?? false);
  const allowed = await mayBegin(device, options.to);
  if (!allowed.ok) return allowed;
  const policy = await policyOf(device, options.token);
  if (!policy.ok) return policy;
  if (options.amount <= 0n) return fail('E_AMOUNT', 'VAL-6', 'the amount is zero');
  const order = checkOrder(options.order);
  if (!order.ok) return order;
  const relationship = await ensureRelationship(device, options.to);
  if (!relationship.ok) return relationship;
  const drafted = options.provisional
    ? await draftProvisional(device, relationship.value, options)
    : await draftReserved(device, options);
  if (!drafted.ok) return drafted;
  const stored = await storeOffer(device, options, drafted.value);
  return stored.ok ? answerOffer(device, stored.value, options.compact ?? false) : stored;
}

/** Whether this device may begin a new payment with that peer. */
export async function mayBegin(device: Device, peer: ChainId): Promise<Result<undefined>> {
  if (equalBytes(peer, device.account)) return fail('E_SELF', 'VAL-6', 'nobody pays oneself');
  const contact = await requireContact(device, peer);
  if (!contact.ok) return contact;
  const own = await requireUnforked(device);
  if (!own.ok) return own;
  const theirs = await requireTrusted(device, peer);
  if (!theirs.ok) return theirs;
  return requireNoneOpen(device, peer);
}

interface Drafted {
  readonly draft: Draft;
  readonly relationship: RelationshipRecord;
  readonly proposal: Proposal;
  readonly payment: Pick<PaymentRecord, 'kind' | 'vault' | 'expiresAt' | 'claimBy' | 'settleBy'>;
}

/** The newest state seen of the peer's half; zero while nothing was. */
export async function seenOf(device: Device, { peerHalf }: RelationshipRecord): Promise<Tip> {
  const chain = peerHalf && (await readChain(device, peerHalf));
  return chain?.tip ?? { index: 0, hash: ZERO_HASH as StateHash };
}

async function draftReserved(device: Device, options: OfferOptions): Promise<Result<Drafted>> {
  const reservation = await chooseReservation(device, options);
  if (!reservation.ok) return reservation;
  const { vault, until } = reservation.value;
  const relationship = await relationshipWithTotal(device, options.to, 'ownHalf', reservation.value);
  if (!relationship) return fail('E_TOTAL', 'REL-5', 'no half with this peer has the total of this reservation');
  const ready = await finishIntent(device, relationship.ownHalf);
  if (!ready.ok) return ready;
  const held = await requireChain(device, relationship.ownHalf);
  if (!held.ok) return held;
  const now = device.clock();
  const claimBy = until - device.network.marginMs;
  const expiresAt = Math.min(now + (options.expiryMs ?? DEFAULT_EXPIRY_MS), claimBy);
  const operation: HalfOperation = {
    type: 'pay',
    window: { from: now, until: expiresAt },
    salt: device.entropy(SALT_BYTES),
    seen: await seenOf(device, relationship),
    vault,
    amount: options.amount,
    total: reservation.value.total + options.amount,
    order: options.order,
    refundOf: options.refundOf ?? null,
  };
  const draft = await draftNext(device, held.value, { kind: 'half', operation });
  if (!draft.ok) return draft;
  const proposal = { state: draft.value.transition.hash, half: relationship.ownHalf, reference: null };
  const payment = { kind: 'reserved', vault, expiresAt, claimBy, settleBy: null } as const;
  return ok({ draft: draft.value, relationship, proposal, payment });
}

/** The open reservation for this payee that covers the amount and ends first. */
async function chooseReservation(device: Device, options: OfferOptions): Promise<Result<ReservationRecord>> {
  const now = device.clock();
  const open = (await listReservations(device)).filter(
    (one) =>
      one.status === 'open' &&
      equalBytes(one.payer, device.account) &&
      equalBytes(one.payee, options.to) &&
      equalBytes(one.token, options.token) &&
      one.until - device.network.marginMs > now,
  );
  const usable = await withoutOlder(device, open);
  const covering = usable.filter((one) => one.funded - one.total >= options.amount);
  const [chosen] = covering.toSorted((a, b) => a.until - b.until);
  if (chosen) return ok(chosen);
  if (usable.length > 0)
    return fail('E_BALANCE', 'RES-2', 'what is set aside for this payee does not cover the amount');
  if (open.length > 0) {
    const message = 'what is set aside for this payee is older than a restore and is only claimed: reserve anew';
    return fail('E_RESERVATION', 'REL-45', message);
  }
  return fail(
    'E_RESERVATION',
    'RES-2',
    'nothing is set aside for this payee: reserve while the network is there, or offer --provisional',
  );
}

async function draftProvisional(
  device: Device,
  relationship: RelationshipRecord,
  options: OfferOptions,
): Promise<Result<Drafted>> {
  const held = await openRun(device);
  if (!held.ok) return held;
  const now = device.clock();
  const settleBy = now + device.network.settleMs;
  const reference = referenceOf(device, options);
  const draft = await draftNext(device, held.value, {
    kind: 'account',
    operation: {
      type: 'transfer',
      window: { from: now, until: settleBy },
      token: options.token,
      amount: options.amount,
      to: options.to,
      reference: reference && hashReference(device.suite, reference),
    },
  });
  if (!draft.ok) return draft;
  const proposal = { state: draft.value.transition.hash, half: relationship.ownHalf, reference };
  const expiresAt = Math.min(now + (options.expiryMs ?? DEFAULT_EXPIRY_MS), settleBy);
  return ok({
    draft: draft.value,
    relationship,
    proposal,
    payment: { kind: 'provisional', vault: null, expiresAt, claimBy: null, settleBy },
  });
}

function referenceOf(device: Device, { order, refundOf }: OfferOptions): Reference | null {
  if (order === '' && refundOf === undefined) return null;
  return { salt: device.entropy(SALT_BYTES), order, refundOf: refundOf ?? null };
}

/** The account, if a provisional payment may be put on it: no online operation is pending (spec REL-14). */
export async function openRun(device: Device): Promise<Result<HeldChain>> {
  const ready = await finishIntent(device, device.account);
  if (!ready.ok) return ready;
  const held = await requireChain(device, device.account);
  if (!held.ok) return held;
  const { tip, certifiedTip } = held.value.record;
  const pending = await requireNoOnlinePending(device);
  if (!pending.ok) return pending;
  if (tip.index - certifiedTip.index >= LIMITS.uncertifiedRun) {
    return fail('E_LIMIT', 'REL-14', 'too many payments are not certified yet: sync first');
  }
  return held;
}

/**
 * One commit: the offer is durable before anybody sees it, and so is its message, since nobody could write that any
 * more once the chain has moved on (rule REL-21).
 */
async function storeOffer(
  device: Device,
  options: OfferOptions,
  { draft, relationship, proposal, payment }: Drafted,
): Promise<Result<PaymentRecord>> {
  const { body, hash } = draft.transition;
  const items = itemsOfDraft(draft);
  const row: PaymentRecord = {
    payment: body.precommit,
    direction: 'out',
    peer: options.to,
    token: options.token,
    amount: options.amount,
    order: options.order,
    grade: null,
    status: 'offered',
    at: device.clock(),
    state: hash,
    chain: body.chain,
    index: body.index,
    refundOf: options.refundOf ?? null,
    ...payment,
  };
  const turn = { ...offeredTurn(proposal), drafted: () => Promise.resolve(ok(items)) };
  const written = await writeTurn(device, row, relationship, options.compact ?? false, turn);
  if (!written.ok) return written;
  const committed = await device.store.commit(
    [
      ...putItems(device, items),
      written.value.row,
      paymentRecords.put(device, row.payment, row),
      exchangeRecords.put(device, row.payment, { proposal, relationship: relationship.id, accept: null }),
      commandRecords.put(device, options.command, { answer: '', file: new Uint8Array(), payments: [row.payment] }),
    ],
    [chainUnchanged(device, draft.held.chain, draft.held.record), paymentRecords.isAbsent(row.payment)],
  );
  return committed.ok ? ok(row) : committed;
}

/** The offer as it was first written. */
async function answerOffer(device: Device, payment: PaymentRecord, compact: boolean): Promise<Result<Exchanged>> {
  const found = await exchangeOf(device, payment.payment);
  if (!found.ok) return found;
  const { proposal } = found.value.exchange;
  return answerTurn(device, payment, found.value.relationship, compact, offeredTurn(proposal));
}

const offeredTurn = (proposal: Proposal): TurnMessage<'offer'> => ({
  turn: 'offered',
  kind: 'offer',
  content: proposal,
  states: [proposal.state],
  verify: (context) => verifyOffer(context, proposal),
});
