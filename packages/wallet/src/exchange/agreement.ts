/** Signing what both agreed (spec REL-18): the same after an accept and on a request. */
import {
  equalBytes,
  fail,
  itemNames,
  ok,
  tokenId,
  verifyCommit,
  verifyRequest,
  type Agreement,
  type AgreementFacts,
  type Body,
  type BundleItem,
  type Context,
  type Result,
  type StateHash,
  type Write,
} from '@dsm/core';
import { finishIntent, signIntent, writeIntent } from '../chain/append.ts';
import { draftNext, itemsOfDraft, openChain, readBody, type Draft } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { putItems, readItem } from '../records/item.ts';
import { paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { reservationRecords } from '../records/reservation.ts';
import { putToken } from '../records/token.ts';
import { requireOpenHalf } from '../restore/guard.ts';
import { learnRestored, requireSuccession } from '../restore/halves.ts';
import { requireNewer } from '../restore/older.ts';
import { answerTurn, exchangeOf, type Exchanged } from './common.ts';
import { adoptCondition, adoptWrites, type Replay } from './halves.ts';
import { holdsWrites, itemsSent } from './peer-holds.ts';
import { openRun } from './offer.ts';
import { closeOvertaken, settleOutcomes } from './outcomes.ts';
import { exchangeRecords, relationshipRecords, type RelationshipRecord } from './records.ts';
import { runOverMessage } from './steps.ts';

/** Signed, whatever became of it since. */
export const isCommitted = ({ status }: PaymentRecord): boolean =>
  status === 'committed' || status === 'acknowledged' || status === 'final' || status === 'lost' || status === 'void';

/** The states of halves that an agreement is about. */
export const statesOf = ({ proposal, accept }: Agreement): readonly StateHash[] => [proposal.state, accept];

export interface ReadAgreement {
  readonly facts: AgreementFacts;
  readonly used: readonly BundleItem[];
}

export async function verifyAgreement(
  device: Device,
  agreement: Agreement,
  items: readonly BundleItem[],
  replay: Replay,
): Promise<Result<ReadAgreement>> {
  const own = await witnessOfOffer(device, agreement.proposal.state);
  if (!own.ok) return own;
  // Compact messages leave out the witnesses of steps that this device repeats itself.
  const repeated = items.some((item) => item.type === 'witness') ? [] : replay.witnesses;
  const witnesses = [...own.value, ...repeated];
  const verify = (context: Context) => verifyRequest(context, agreement);
  const { result, used } = await runOverMessage(device, items, statesOf(agreement), verify, witnesses);
  return result.ok ? ok({ facts: result.value, used }) : result;
}

/** The witness of a state that this device offered on its own account. */
async function witnessOfOffer(device: Device, state: StateHash): Promise<Result<readonly BundleItem[]>> {
  const body = await readBody(device, state);
  return body?.kind === 'account' && equalBytes(body.chain, device.account) ? witnessOfDraft(device, body) : ok([]);
}

/**
 * The witness of a state that this device drafted, drafted anew: drafts on one parent touch other leaves under one
 * root, and only the newest witness of a root is kept. `E_STALE` where the chain has moved on.
 */
export async function witnessOfDraft(device: Device, body: Body): Promise<Result<readonly BundleItem[]>> {
  const offered = await readItem(device, itemNames.operation(body.op));
  const held = await openChain(device, body.chain);
  if (offered?.type !== 'operation' || !held || !equalBytes(held.record.tip.hash, body.prev)) return movedOn();
  const draft = await draftNext(device, held, offered.operation);
  return draft.ok ? ok(itemsOfDraft(draft.value).filter((item) => item.type === 'witness')) : draft;
}

const movedOn = (): Result<never> =>
  fail('E_STALE', 'REL-16', 'this chain has moved on since: the payment must be offered again');

/** Expiry is tested when the intent is written; a journalled intent is always completed (DESIGN section 4). */
export function mayCommit(device: Device, payment: PaymentRecord, { accept }: AgreementFacts): Result<undefined> {
  const now = device.clock();
  if (payment.status === 'cancelled') return fail('E_STATE', 'REL-21', 'the offer was cancelled');
  if (payment.status !== 'offered' && payment.status !== 'requested') {
    return fail('E_STATE', 'REL-21', `the payment is ${payment.status}`);
  }
  if (now > accept.operation.window.until) return fail('E_EXPIRED', 'REL-16', 'the accept has expired');
  return now > payment.expiresAt ? fail('E_EXPIRED', 'REL-12', 'the offer has expired') : ok(undefined);
}

/** The agreed state, drafted again on the chain as it now stands. `E_STALE` when it does not follow any more. */
export async function redraft(
  device: Device,
  { offer }: AgreementFacts,
  overlay: readonly BundleItem[],
): Promise<Result<Draft>> {
  const { body, operation, hash } = offer.transition;
  const open = offer.grade === 'provisional' ? await openRun(device) : await finishIntent(device, body.chain);
  if (!open.ok) return open;
  const held = await openChain(device, body.chain);
  if (!held || !equalBytes(held.record.tip.hash, body.prev)) {
    return movedOn();
  }
  const draft = await draftNext(device, held, operation, overlay);
  if (!draft.ok) return draft;
  return equalBytes(draft.value.transition.hash, hash)
    ? draft
    : fail('E_STALE', 'REL-16', 'the agreed state does not follow from this chain');
}

export interface Committing extends ReadAgreement {
  readonly payment: PaymentRecord;
  readonly agreement: Agreement;
  /** What came along with the accept or the request. */
  readonly items: readonly BundleItem[];
  readonly relationship: RelationshipRecord;
  readonly replay: Replay;
  readonly draft: Draft;
  readonly compact: boolean;
}

/** Intent, signature, message: each durable before the next. */
export async function signCommit(device: Device, committing: Committing): Promise<Result<Exchanged>> {
  const { draft, facts, used, relationship, replay } = committing;
  const ready = await firstOf(
    () => requireOpenHalf(device, facts.accept.half),
    () => requireSuccession(device, relationship.peerHalf, { chain: replay.chain, terms: facts.accept.half }),
    () => requireNewer(device, facts.offer, used),
  );
  if (!ready.ok) return ready;
  const payment: PaymentRecord = { ...committing.payment, status: 'committed', grade: facts.offer.grade };
  const rows = await commitWrites(device, committing, payment);
  const intent = await writeIntent(device, draft, {
    mode: facts.offer.grade === 'provisional' ? 'provisional' : 'online',
    alongside: () => rows,
    conditions: () => [adoptCondition(device, committing.replay)],
  });
  if (!intent.ok) return intent;
  const { body } = draft.transition;
  const signed = await signIntent(device, body.chain, body.index);
  return signed.ok ? answerCommit(device, payment, committing.compact) : signed;
}

/** The first failure, each asked only when the one before was none. */
async function firstOf(...checks: readonly (() => Promise<Result<undefined>>)[]): Promise<Result<undefined>> {
  for (const run of checks) {
    const result = await run();
    if (!result.ok) return result;
  }
  return ok(undefined);
}

async function commitWrites(
  device: Device,
  { agreement, relationship, replay, facts, used, items }: Committing,
  payment: PaymentRecord,
): Promise<readonly Write[]> {
  const { pay, policy } = facts.offer;
  const reservation = pay && (await reservationRecords.read(device, pay.vault));
  const sent = await itemsSent(device, payment.payment, 'offered');
  const outcomes = await settleOutcomes(device, replay, payment);
  const overtaken = await closeOvertaken(device, replay, payment.payment);
  return [
    ...putItems(device, used),
    ...(await learnRestored(device, relationship.peerHalf, { chain: replay.chain, terms: facts.accept.half })),
    ...(await holdsWrites(device, relationship.peer, [...used, ...sent], items)),
    ...adoptWrites(device, replay, facts.accept.half.k),
    ...outcomes,
    ...overtaken,
    ...putToken(device, tokenId(device.suite, policy), policy),
    ...(pay && reservation ? [reservationRecords.put(device, pay.vault, { ...reservation, total: pay.total })] : []),
    relationshipRecords.put(device, relationship.id, { ...relationship, peerHalf: replay.chain }),
    exchangeRecords.put(device, payment.payment, {
      proposal: agreement.proposal,
      relationship: relationship.id,
      accept: agreement.accept,
    }),
    paymentRecords.put(device, payment.payment, payment),
  ];
}

/** The commit message; a crash between intent and signature is made good first. */
export async function answerCommit(
  device: Device,
  payment: PaymentRecord,
  compact: boolean,
): Promise<Result<Exchanged>> {
  const found = await exchangeOf(device, payment.payment);
  if (!found.ok) return found;
  const { exchange, relationship } = found.value;
  if (exchange.accept === null || payment.chain === null || payment.index === null) {
    return fail('E_STATE', 'REL-18', 'this payment has not been committed');
  }
  const signed = await signIntent(device, payment.chain, payment.index);
  if (!signed.ok) return signed;
  const agreement: Agreement = { proposal: exchange.proposal, accept: exchange.accept };
  return answerTurn(device, payment, relationship, compact, {
    turn: 'committed',
    kind: 'commit',
    content: agreement,
    states: statesOf(agreement),
    verify: (context) => verifyCommit(context, agreement),
  });
}
