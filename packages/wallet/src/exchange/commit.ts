/** The payer signs what both agreed: after an accept, or on a request of the payee (spec REL-17, REL-18). */
import {
  decodeFile,
  equalBytes,
  fail,
  itemNames,
  nameOf,
  ok,
  stateHash,
  toHex,
  tokenId,
  verifyCommit,
  verifyRequest,
  type Agreement,
  type AgreementFacts,
  type BundleItem,
  type Proposal,
  type Result,
  type StateHash,
  type Write,
} from '@dsm/core';
import { finishIntent, signIntent, writeIntent } from '../chain/append.ts';
import { draftNext, openChain, type Draft } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { runWith } from '../evidence/run-with.ts';
import { putItems, readItem } from '../records/item.ts';
import { paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { reservationRecords } from '../records/reservation.ts';
import { putToken } from '../records/token.ts';
import { answerTurn, exchangeOf, openMessage, type Exchanged } from './common.ts';
import { adoptCondition, adoptWrites, replayTo, type Replay } from './halves.ts';
import { holdsWrites } from './message.ts';
import { mayBegin, openRun } from './offer.ts';
import { listRelationships, exchangeRecords, relationshipRecords, type RelationshipRecord } from './records.ts';
import { settleOutcomes } from './outcomes.ts';

export interface CommitOptions {
  readonly compact?: boolean | undefined;
}

/** Commits to an accept of an own offer, or to a request. */
export async function commit(
  device: Device,
  bytes: Uint8Array,
  options: CommitOptions = {},
): Promise<Result<Exchanged>> {
  const file = decodeFile(device.suite, bytes);
  if (!file.ok) return file;
  return file.value.kind === 'request'
    ? commitToRequest(device, bytes, options.compact ?? false)
    : commitToAccept(device, bytes, options.compact ?? false);
}

async function commitToAccept(device: Device, bytes: Uint8Array, compact: boolean): Promise<Result<Exchanged>> {
  const file = openMessage(device, 'accept', bytes);
  if (!file.ok) return file;
  const { items, content } = file.value;
  const named = await acceptedPayment(device, items, content.accept);
  if (!named.ok) return named;
  const { payment, chain } = named.value;
  const found = await exchangeOf(device, payment.payment);
  if (!found.ok) return found;
  const { proposal } = found.value.exchange;
  if (isCommitted(payment)) return answerCommit(device, payment, compact);
  const replay = await replayTo(device, items, chain, content.accept);
  if (!replay.ok) return replay;
  const agreement = { proposal, accept: content.accept };
  const read = await verifyAgreement(device, agreement, items, replay.value);
  if (!read.ok) return read;
  const timely = mayCommit(device, payment, read.value.facts);
  if (!timely.ok) return timely;
  const draft = await redraft(device, read.value.facts, []);
  if (!draft.ok) return draft;
  return signCommit(device, {
    payment,
    agreement,
    relationship: found.value.relationship,
    replay: replay.value,
    draft: draft.value,
    ...read.value,
    compact,
  });
}

/** The own offer that an accept answers. */
async function acceptedPayment(
  device: Device,
  items: readonly BundleItem[],
  accept: StateHash,
): Promise<Result<{ readonly payment: PaymentRecord; readonly chain: Replay['chain'] }>> {
  const body = items.find((item) => item.type === 'body' && equalBytes(stateHash(device.suite, item.body), accept));
  if (body?.type !== 'body') {
    return fail('E_INCOMPLETE', 'BND-2', 'the accept itself is missing', { missing: [itemNames.body(accept)] });
  }
  const name = itemNames.operation(body.body.op);
  const sent = items.find((item) => item.type === 'operation' && opMatches(device, item, name));
  const item = sent ?? (await readItem(device, name));
  const operation = item?.type === 'operation' && item.operation.kind === 'half' ? item.operation.operation : undefined;
  if (operation?.type !== 'accept') return fail('E_OPERATION', 'REL-15', 'not an accept');
  const payment = await paymentRecords.read(device, operation.precommit);
  if (payment?.direction !== 'out') return fail('E_NOT_FOUND', 'REL-16', 'the accept answers no offer of this device');
  return ok({ payment, chain: body.body.chain });
}

const opMatches = (device: Device, item: BundleItem, name: string): boolean => nameOf(device.suite, item) === name;

const isCommitted = ({ status }: PaymentRecord): boolean =>
  status === 'committed' || status === 'acknowledged' || status === 'final' || status === 'lost' || status === 'void';

interface ReadAgreement {
  readonly facts: AgreementFacts;
  readonly used: readonly BundleItem[];
}

async function verifyAgreement(
  device: Device,
  agreement: Agreement,
  items: readonly BundleItem[],
  replay: Replay,
): Promise<Result<ReadAgreement>> {
  // Compact messages leave out the witnesses of steps that this device repeats itself.
  const overlay = items.some((item) => item.type === 'witness') ? items : [...items, ...replay.witnesses];
  const { result, used } = await runWith(device, overlay, (context) => verifyRequest(context, agreement));
  return result.ok ? ok({ facts: result.value, used }) : result;
}

/** Expiry is tested when the intent is written; a journalled intent is always completed (DESIGN section 4). */
function mayCommit(device: Device, payment: PaymentRecord, { accept }: AgreementFacts): Result<undefined> {
  const now = device.clock();
  if (payment.status === 'cancelled') return fail('E_STATE', 'REL-21', 'the offer was cancelled');
  if (payment.status !== 'offered' && payment.status !== 'requested') {
    return fail('E_STATE', 'REL-21', `the payment is ${payment.status}`);
  }
  if (now > accept.operation.window.until) return fail('E_EXPIRED', 'REL-16', 'the accept has expired');
  return now > payment.expiresAt ? fail('E_EXPIRED', 'REL-12', 'the offer has expired') : ok(undefined);
}

/** The agreed state, drafted again on the chain as it now stands. `E_STALE` when it does not follow any more. */
async function redraft(
  device: Device,
  { offer }: AgreementFacts,
  overlay: readonly BundleItem[],
): Promise<Result<Draft>> {
  const { body, operation, hash } = offer.transition;
  const open = offer.grade === 'provisional' ? await openRun(device) : await finishIntent(device, body.chain);
  if (!open.ok) return open;
  const held = await openChain(device, body.chain);
  if (!held || !equalBytes(held.record.tip.hash, body.prev)) {
    return fail('E_STALE', 'REL-16', 'this chain has moved on since: the payment must be offered again');
  }
  const draft = await draftNext(device, held, operation, overlay);
  if (!draft.ok) return draft;
  return equalBytes(draft.value.transition.hash, hash)
    ? draft
    : fail('E_STALE', 'REL-16', 'the agreed state does not follow from this chain');
}

interface Committing extends ReadAgreement {
  readonly payment: PaymentRecord;
  readonly agreement: Agreement;
  readonly relationship: RelationshipRecord;
  readonly replay: Replay;
  readonly draft: Draft;
  readonly compact: boolean;
}

/** Intent, signature, message: each durable before the next. */
async function signCommit(device: Device, committing: Committing): Promise<Result<Exchanged>> {
  const { draft, facts } = committing;
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

async function commitWrites(
  device: Device,
  { agreement, relationship, replay, facts, used }: Committing,
  payment: PaymentRecord,
): Promise<readonly Write[]> {
  const { pay, policy } = facts.offer;
  const reservation = pay && (await reservationRecords.read(device, pay.vault));
  const outcomes = await settleOutcomes(device, replay, payment);
  return [
    ...putItems(device, used),
    ...holdsWrites(device, relationship.peer, used),
    ...adoptWrites(device, replay, facts.accept.half.k),
    ...outcomes,
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
async function answerCommit(device: Device, payment: PaymentRecord, compact: boolean): Promise<Result<Exchanged>> {
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
    verify: (context) => verifyCommit(context, agreement),
  });
}

async function commitToRequest(device: Device, bytes: Uint8Array, compact: boolean): Promise<Result<Exchanged>> {
  const file = openMessage(device, 'request', bytes);
  if (!file.ok) return file;
  const { content: agreement, items } = file.value;
  const known = await requestedPayment(device, agreement.proposal, items);
  if (!known.ok) return known;
  if (known.value) return isCommitted(known.value) ? answerCommit(device, known.value, compact) : notOpen(known.value);
  const relationship = (await listRelationships(device)).find((one) =>
    equalBytes(one.ownHalf, agreement.proposal.half),
  );
  if (!relationship?.peerHalf) {
    return fail('E_MISMATCH', 'REL-17', 'the request is about a relationship that this device does not know');
  }
  const allowed = await mayBegin(device, relationship.peer);
  if (!allowed.ok) return allowed;
  const replay = await replayTo(device, items, relationship.peerHalf, agreement.accept);
  if (!replay.ok) return replay;
  const own = await replayTo(device, items, agreement.proposal.half, agreement.proposal.state);
  if (!own.ok) return own;
  const read = await verifyAgreement(device, agreement, items, {
    ...replay.value,
    witnesses: [...replay.value.witnesses.slice(-1), ...own.value.witnesses],
  });
  if (!read.ok) return read;
  const payment = requestedFrom(device, read.value.facts, relationship);
  const timely = mayCommit(device, payment, read.value.facts);
  if (!timely.ok) return timely;
  const draft = await redraft(device, read.value.facts, items);
  if (!draft.ok) return draft;
  return signCommit(device, {
    payment,
    agreement,
    relationship,
    replay: replay.value,
    draft: draft.value,
    ...read.value,
    compact,
  });
}

const notOpen = (payment: PaymentRecord): Result<never> =>
  fail('E_STATE', 'REL-21', `payment ${toHex(payment.payment)} is ${payment.status}`);

/** The payment of a request that this device has seen before. */
async function requestedPayment(
  device: Device,
  proposal: Proposal,
  items: readonly BundleItem[],
): Promise<Result<PaymentRecord | undefined>> {
  const sent = items.find(
    (item) => item.type === 'body' && equalBytes(stateHash(device.suite, item.body), proposal.state),
  );
  if (sent?.type !== 'body') {
    return fail('E_INCOMPLETE', 'BND-2', 'the requested state is missing', {
      missing: [itemNames.body(proposal.state)],
    });
  }
  return ok(await paymentRecords.read(device, sent.body.precommit));
}

/** The requested payment as the payer sees it. */
function requestedFrom(
  device: Device,
  { offer, accept }: AgreementFacts,
  relationship: RelationshipRecord,
): PaymentRecord {
  const { body, hash } = offer.transition;
  return {
    payment: body.precommit,
    kind: offer.grade,
    direction: 'out',
    peer: relationship.peer,
    token: tokenId(device.suite, offer.policy),
    amount: offer.amount,
    order: offer.order,
    grade: null,
    status: 'requested',
    at: device.clock(),
    state: hash,
    chain: body.chain,
    index: body.index,
    vault: offer.pay?.vault ?? null,
    expiresAt: Math.min(body.window.until, accept.operation.window.until),
    claimBy: offer.goodUntil,
    settleBy: null,
    refundOf: offer.refundOf,
    message: null,
  };
}
