/** The payee takes the commit (spec REL-18, REL-22) and may acknowledge it (REL-19). */
import {
  equalBytes,
  fail,
  ok,
  signMessage,
  stateMessage,
  verifyAck,
  verifyCommit,
  type Agreement,
  type AgreementFacts,
  type BundleItem,
  type Context,
  type Outcome,
  type Result,
  type StateHash,
  type Write,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { placeKey } from '../records/codecs.ts';
import { putItems } from '../records/item.ts';
import { paymentRecords, type PaymentRecord, type PaymentStatus } from '../records/payment.ts';
import { readState, stateRecords } from '../records/state.ts';
import { collectTotal, isFromBefore } from '../restore/collect.ts';
import { isCommitted, statesOf } from './agreement.ts';
import { answerTurn, exchangeOf, openMessage, policyOf, type Exchanged } from './common.ts';
import { adoptCondition, adoptWrites, replayTo, type Replay } from './halves.ts';
import { judgeTime, judgeTotal, requireNoConflict } from './judge.ts';
import { holdsWrites, itemsSent } from './peer-holds.ts';
import { closeOvertaken, settleOutcomes } from './outcomes.ts';
import { outcomeKey, pendingOutcomeRecords, type RelationshipRecord } from './records.ts';
import { totalWrites } from './totals.ts';
import { runOverMessage } from './steps.ts';

/** The payer may have committed in time to what was given up here meanwhile. */
const AWAITED: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['accepted', 'requested', 'expired', 'cancelled']);

export async function receive(device: Device, bytes: Uint8Array): Promise<Result<Exchanged>> {
  const file = openMessage(device, 'commit', bytes);
  if (!file.ok) return file;
  const { content: agreement, items } = file.value;
  if (await isFromBefore(device, agreement, items)) return collectTotal(device, agreement, items);
  const named = await agreedPayment(device, agreement);
  if (!named.ok) return named;
  const { payment, relationship } = named.value;
  if (!AWAITED.has(payment.status)) return answerReceived(device, payment);
  const replay = await replayPayer(device, payment, agreement, items);
  if (!replay.ok) return replay;
  const repeated = replay.value?.witnesses.slice(-1) ?? [];
  const witnesses = items.some((item) => item.type === 'witness') ? [] : repeated;
  const verify = (context: Context) => verifyCommit(context, agreement);
  const { result, used } = await runOverMessage(device, items, statesOf(agreement), verify, witnesses);
  if (!result.ok) return result;
  const sent = await itemsSent(device, payment.payment, payment.status === 'requested' ? 'requested' : 'accepted');
  const received = { payment, relationship, facts: result.value, used, replay: replay.value, items, sent };
  return payment.kind === 'reserved' ? receiveReserved(device, received) : receiveProvisional(device, received);
}

/** The payer's half up to the committed state; a provisional payment does not stand on it. */
async function replayPayer(
  device: Device,
  { kind, chain }: PaymentRecord,
  { proposal }: Agreement,
  items: readonly BundleItem[],
): Promise<Result<Replay | undefined>> {
  // The half that the payment stands on: by now another may have taken its place.
  if (kind !== 'reserved' || chain === null) return ok(undefined);
  return replayTo(device, items, chain, proposal.state);
}

/** The payment that this device accepted with that very state of its half. */
async function agreedPayment(
  device: Device,
  { accept, proposal }: Agreement,
): Promise<Result<{ readonly payment: PaymentRecord; readonly relationship: RelationshipRecord }>> {
  const payment = await findPayment(device, proposal.state);
  if (!payment) return fail('E_MISMATCH', 'REL-18', 'this device has accepted no such payment');
  const found = await exchangeOf(device, payment.payment);
  if (!found.ok) return found;
  const accepted = found.value.exchange.accept;
  if (accepted === null || !equalBytes(accepted, accept) || payment.direction !== 'in') {
    return fail('E_MISMATCH', 'REL-18', 'this device has accepted no such payment');
  }
  return ok({ payment, relationship: found.value.relationship });
}

async function findPayment(device: Device, state: StateHash): Promise<PaymentRecord | undefined> {
  const all = await paymentRecords.list(device);
  return all.find(({ value }) => value.state !== null && equalBytes(value.state, state))?.value;
}

interface Received {
  readonly payment: PaymentRecord;
  readonly relationship: RelationshipRecord;
  readonly facts: AgreementFacts;
  readonly used: readonly BundleItem[];
  /** What came along with the commit, and what went out with the accept. */
  readonly items: readonly BundleItem[];
  readonly sent: readonly BundleItem[];
  readonly replay: Replay | undefined;
}

/** A commit counts only while this device still accepts totals there; else it is void: no goods, no claim. */
async function receiveReserved(device: Device, received: Received): Promise<Result<Exchanged>> {
  const { facts, payment, relationship, used, replay, items, sent } = received;
  if (!replay) return fail('E_INTERNAL', 'REL-18', 'a reserved payment without its half');
  const { offer } = facts;
  const worth = await judgeTotal(device, offer);
  if (!worth.ok) return worth;
  const counts = device.clock() < offer.goodUntil;
  const outcome: Outcome = counts ? 'delivered' : 'void';
  const row: PaymentRecord = { ...payment, status: counts ? 'received' : 'void', grade: counts ? 'reserved' : null };
  const committed = await device.store.commit(
    [
      ...putItems(device, used),
      ...(await holdsWrites(device, relationship.peer, [...used, ...sent], items)),
      ...adoptWrites(device, replay, offer.half.k),
      ...(counts ? await totalWrites(device, offer, used) : []),
      ...(await closeOvertaken(device, replay, payment.payment)),
      ...(await settleOutcomes(device, replay, payment)),
      pendingOutcomeRecords.put(device, outcomeKey(relationship.ownHalf, payment.payment), outcome),
      paymentRecords.put(device, payment.payment, row),
    ],
    [adoptCondition(device, replay), paymentRecords.isUnchanged(device, payment.payment, payment)],
  );
  if (!committed.ok) return committed;
  if (!counts) {
    return fail('E_VOID', 'REL-22', 'the commit came too late to be claimed: it does not count, hand out nothing');
  }
  return answerReceived(device, row);
}

/** The payer's signed run is held, to be submitted by whoever reaches the nodes first. */
async function receiveProvisional(
  device: Device,
  { facts, payment, relationship, used, items, sent }: Received,
): Promise<Result<Exchanged>> {
  // Past the settle-by time the nodes would not vote for it any more.
  const timely = judgeTime(device, facts.offer);
  if (!timely.ok) return timely;
  const conflict = await requireNoConflict(device, facts.offer);
  if (!conflict.ok) return conflict;
  const row: PaymentRecord = { ...payment, status: 'received', grade: 'provisional' };
  const states: Write[] = [];
  for (const { body, hash } of facts.offer.run) {
    const known = await readState(device, body.chain, body.index);
    // Another one there is of a dead run: `requireNoConflict` has seen to it.
    if (known && equalBytes(known.hash, hash)) continue;
    states.push(
      stateRecords.put(device, placeKey(body.chain, body.index), {
        hash,
        status: 'held',
        mode: 'provisional',
        attached: [],
      }),
    );
  }
  const committed = await device.store.commit(
    [
      ...putItems(device, used),
      ...(await holdsWrites(device, relationship.peer, [...used, ...sent], items)),
      ...states,
      paymentRecords.put(device, payment.payment, row),
    ],
    [paymentRecords.isUnchanged(device, payment.payment, payment)],
  );
  return committed.ok ? answerReceived(device, row) : committed;
}

async function answerReceived(device: Device, payment: PaymentRecord): Promise<Result<Exchanged>> {
  if (payment.status === 'void') {
    return fail('E_VOID', 'REL-22', 'the commit came too late to be claimed: it does not count');
  }
  const policy = await policyOf(device, payment.token);
  return policy.ok ? ok({ payment, policy: policy.value, turn: 'received', message: null }) : policy;
}

/** The courtesy of the payee: a signature that the commit arrived. Made once, then repeated. */
export async function acknowledge(device: Device, payment: PaymentRecord, compact = false): Promise<Result<Exchanged>> {
  const found = await exchangeOf(device, payment.payment);
  if (!found.ok) return found;
  const { relationship } = found.value;
  if (
    payment.direction !== 'in' ||
    payment.grade === null ||
    !payment.state ||
    !payment.chain ||
    payment.index === null
  ) {
    return fail('E_STATE', 'REL-19', 'only a received payment is acknowledged');
  }
  const message = stateMessage(device, payment.chain, payment.index, payment.state);
  const signature = signMessage(device.suite, device.key.secretKey, 'ack', message);
  const signed = await device.store.commit(
    putItems(device, [{ type: 'signature', purpose: 'ack', subject: payment.state, position: 0, signature }]),
  );
  if (!signed.ok) return signed;
  const content = { state: payment.state, half: relationship.ownHalf };
  return answerTurn(device, payment, relationship, compact, {
    turn: 'received',
    kind: 'ack',
    content,
    states: [],
    verify: (context) => verifyAck(context, content),
  });
}

/** The payer's last turn: the payee has it. */
export async function takeAck(device: Device, bytes: Uint8Array): Promise<Result<Exchanged>> {
  const file = openMessage(device, 'ack', bytes);
  if (!file.ok) return file;
  const { content, items } = file.value;
  const { result } = await runOverMessage(device, items, [], (context) => verifyAck(context, content));
  if (!result.ok) return result;
  const payment = await findPayment(device, content.state);
  if (payment?.direction !== 'out' || !equalBytes(payment.peer, result.value.payee)) {
    return fail('E_MISMATCH', 'REL-19', 'the acknowledgement is about no payment of this device');
  }
  const policy = await policyOf(device, payment.token);
  if (!policy.ok) return policy;
  if (!isCommitted(payment)) return fail('E_STATE', 'REL-19', `the payment is ${payment.status}: nothing was paid yet`);
  if (payment.status !== 'committed') return ok({ payment, policy: policy.value, turn: 'acknowledged', message: null });
  const row: PaymentRecord = { ...payment, status: 'acknowledged' };
  const committed = await device.store.commit(
    [paymentRecords.put(device, row.payment, row)],
    [paymentRecords.isUnchanged(device, row.payment, payment)],
  );
  return committed.ok ? ok({ payment: row, policy: policy.value, turn: 'acknowledged', message: null }) : committed;
}
