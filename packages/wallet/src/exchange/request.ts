/**
 * The payee begins (spec REL-17): on a synced relationship it computes the payer's next state itself and accepts it in
 * advance, so that two turns are enough.
 */
import {
  equalBytes,
  fail,
  ok,
  verifyRequest,
  type Agreement,
  type BundleItem,
  type ChainId,
  type HalfOperation,
  type Result,
  type StateHash,
  type TokenId,
  type Transition,
} from '@dsm/core';
import { appendState, finishIntent } from '../chain/append.ts';
import { draftNext, itemsOfDraft, openChain, readBody, type Draft } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { chainUnchanged, readChain } from '../records/chain.ts';
import { commandRecords } from '../records/command.ts';
import { putItems } from '../records/item.ts';
import { paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { listReservations, type ReservationRecord } from '../records/reservation.ts';
import { withoutOlder } from '../restore/older.ts';
import { listOutcomes } from './accept.ts';
import { statesOf, witnessOfDraft } from './agreement.ts';
import { answerTurn, checkOrder, exchangeOf, policyOf, repeatedCommand, type Exchanged } from './common.ts';
import { mayBegin } from './offer.ts';
import {
  exchangeRecords,
  findRelationship,
  outcomeKey,
  pendingOutcomeRecords,
  SALT_BYTES,
  type RelationshipRecord,
} from './records.ts';
import { relationshipWithTotal } from './relationship.ts';
import { DEFAULT_EXPIRY_MS } from './terms.ts';

export interface RequestOptions {
  /** Key of the command, so that a repeated one is the same payment. */
  readonly command: Uint8Array;
  readonly from: ChainId;
  readonly token: TokenId;
  /** Base units. */
  readonly amount: bigint;
  readonly order: string;
  readonly expiryMs?: number | undefined;
  readonly compact?: boolean | undefined;
}

export async function request(device: Device, options: RequestOptions): Promise<Result<Exchanged>> {
  const earlier = await repeatedCommand(device, options.command);
  if (earlier) return answerRequest(device, earlier, options.compact ?? false);
  const allowed = await mayBegin(device, options.from);
  if (!allowed.ok) return allowed;
  const policy = await policyOf(device, options.token);
  if (!policy.ok) return policy;
  if (options.amount <= 0n) return fail('E_AMOUNT', 'VAL-6', 'the amount is zero');
  const order = checkOrder(options.order);
  if (!order.ok) return order;
  const relationship = await findRelationship(device, options.from);
  if (!relationship?.peerHalf) {
    return fail('E_STATE', 'REL-17', 'nothing was exchanged with this payer yet: the first payment needs an offer');
  }
  const drafted = await draftPayment(device, options);
  if (!drafted.ok) return drafted;
  const payment = await storeRequest(device, options, drafted.value);
  return payment.ok ? answerRequest(device, payment.value, options.compact ?? false) : payment;
}

interface Drafted {
  readonly draft: Draft;
  readonly relationship: RelationshipRecord;
  readonly reservation: ReservationRecord;
  readonly expiresAt: number;
}

/** The payer's next state, on its half as this device holds it. */
async function draftPayment(device: Device, options: RequestOptions): Promise<Result<Drafted>> {
  const reservation = await chooseReservation(device, options);
  if (!reservation.ok) return reservation;
  const relationship = await relationshipWithTotal(device, options.from, 'peerHalf', reservation.value);
  if (!relationship) return fail('E_TOTAL', 'REL-5', 'no half of this payer has the total of this reservation');
  const ready = await finishIntent(device, relationship.ownHalf);
  if (!ready.ok) return ready;
  const own = await readChain(device, relationship.ownHalf);
  const held = relationship.peerHalf && (await openChain(device, relationship.peerHalf));
  if (!own || !held) return fail('E_STATE', 'REL-17', 'the halves of this relationship are not known');
  const now = device.clock();
  const claimBy = reservation.value.until - device.network.marginMs;
  const expiresAt = Math.min(now + (options.expiryMs ?? DEFAULT_EXPIRY_MS), claimBy);
  const operation: HalfOperation = {
    type: 'pay',
    window: { from: now, until: expiresAt },
    salt: device.entropy(SALT_BYTES),
    seen: own.tip,
    vault: reservation.value.vault,
    amount: options.amount,
    total: reservation.value.total + options.amount,
    order: options.order,
    refundOf: null,
  };
  const draft = await draftNext(device, held, { kind: 'half', operation });
  return draft.ok ? ok({ draft: draft.value, relationship, reservation: reservation.value, expiresAt }) : draft;
}

async function chooseReservation(device: Device, options: RequestOptions): Promise<Result<ReservationRecord>> {
  const now = device.clock();
  const usable = (await listReservations(device)).filter(
    (one) =>
      one.status === 'open' &&
      equalBytes(one.payer, options.from) &&
      equalBytes(one.payee, device.account) &&
      equalBytes(one.token, options.token) &&
      one.until - device.network.marginMs > now &&
      one.funded - one.total >= options.amount,
  );
  const newer = await withoutOlder(device, usable);
  const [chosen] = newer.toSorted((a, b) => a.until - b.until);
  return chosen
    ? ok(chosen)
    : fail('E_RESERVATION', 'RES-2', 'no reservation of this payer that is known here covers the amount');
}

/** The own accept and the request are durable together. */
async function storeRequest(
  device: Device,
  options: RequestOptions,
  { draft, relationship, reservation, expiresAt }: Drafted,
): Promise<Result<PaymentRecord>> {
  const { body, hash } = draft.transition;
  const payment: PaymentRecord = {
    payment: body.precommit,
    kind: 'reserved',
    direction: 'in',
    peer: options.from,
    token: options.token,
    amount: options.amount,
    order: options.order,
    grade: null,
    status: 'requested',
    at: device.clock(),
    state: hash,
    chain: body.chain,
    index: body.index,
    vault: reservation.vault,
    expiresAt,
    claimBy: reservation.until - device.network.marginMs,
    settleBy: null,
    refundOf: null,
  };
  const outcomes = await listOutcomes(device, relationship);
  const operation: HalfOperation = {
    type: 'accept',
    window: body.window,
    salt: device.entropy(SALT_BYTES),
    seen: draft.held.record.tip,
    precommit: body.precommit,
    state: hash,
    outcomes,
  };
  const appended = await appendState(device, {
    chain: relationship.ownHalf,
    operation: { kind: 'half', operation },
    alongside: (transition: Transition) => [
      ...putItems(device, itemsOfDraft(draft)),
      paymentRecords.put(device, payment.payment, payment),
      exchangeRecords.put(device, payment.payment, {
        proposal: { state: hash, half: body.chain, reference: null },
        relationship: relationship.id,
        accept: transition.hash,
      }),
      ...outcomes.map(({ precommit }) => pendingOutcomeRecords.remove(outcomeKey(relationship.ownHalf, precommit))),
      commandRecords.put(device, options.command, { answer: '', file: new Uint8Array(), payments: [payment.payment] }),
    ],
    conditions: () => [
      chainUnchanged(device, draft.held.chain, draft.held.record),
      paymentRecords.isAbsent(payment.payment),
    ],
  });
  return appended.ok ? ok(payment) : appended;
}

async function answerRequest(device: Device, payment: PaymentRecord, compact: boolean): Promise<Result<Exchanged>> {
  const found = await exchangeOf(device, payment.payment);
  if (!found.ok) return found;
  const { exchange, relationship } = found.value;
  if (exchange.accept === null) return fail('E_STATE', 'REL-17', 'the request was not completed');
  const signed = await finishIntent(device, relationship.ownHalf);
  if (!signed.ok) return signed;
  const agreement: Agreement = { proposal: exchange.proposal, accept: exchange.accept };
  return answerTurn(device, payment, relationship, compact, {
    turn: 'requested',
    kind: 'request',
    content: agreement,
    states: statesOf(agreement),
    verify: (context) => verifyRequest(context, agreement),
    drafted: () => witnessOfProposal(device, exchange.proposal.state),
  });
}

/** The payer may have offered something else on the same state meanwhile. */
async function witnessOfProposal(device: Device, state: StateHash): Promise<Result<readonly BundleItem[]>> {
  const body = await readBody(device, state);
  return body ? witnessOfDraft(device, body) : ok([]);
}
