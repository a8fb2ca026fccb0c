/** The payer commits to a request of the payee (spec REL-17). */
import {
  equalBytes,
  fail,
  itemNames,
  ok,
  stateHash,
  toHex,
  verifyAccept,
  type Agreement,
  type AgreementFacts,
  type BundleItem,
  type Proposal,
  type Result,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { runWith } from '../evidence/run-with.ts';
import { putItems } from '../records/item.ts';
import { paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { chainOfState } from '../restore/half-terms.ts';
import { paymentOf } from './accept.ts';
import { answerCommit, isCommitted, mayCommit, redraft, signCommit, verifyAgreement } from './agreement.ts';
import { openMessage, type Decide, type Exchanged } from './common.ts';
import { adoptCondition, adoptWrites, replayTo, type Replay } from './halves.ts';
import { holdsWrites } from './peer-holds.ts';
import { mayBegin } from './offer.ts';
import { closeOvertaken } from './outcomes.ts';
import { listRelationships, type RelationshipRecord } from './records.ts';
import { loadWithoutSteps } from './steps.ts';

/** The second of two turns: the payee has accepted in advance (spec REL-17). */
export async function commitToRequest(
  device: Device,
  bytes: Uint8Array,
  { compact = false, decide }: { readonly compact?: boolean | undefined; readonly decide?: Decide | undefined },
): Promise<Result<Exchanged>> {
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
  const chain = (await chainOfState(device, items, agreement.accept)) ?? relationship.peerHalf;
  const replay = await replayTo(device, items, chain, agreement.accept);
  if (!replay.ok) return replay;
  const crossed = await settleCrossing(device, agreement, items, relationship, replay.value);
  if (!crossed.ok) return crossed;
  const allowed = await mayBegin(device, relationship.peer);
  if (!allowed.ok) return allowed;
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
  const decided = (await decide?.(payment, read.value.facts.offer.policy)) ?? ok(undefined);
  if (!decided.ok) return decided;
  const draft = await redraft(device, read.value.facts, items);
  if (!draft.ok) return draft;
  return signCommit(device, {
    payment,
    agreement,
    items,
    relationship,
    replay: replay.value,
    draft: draft.value,
    ...read.value,
    compact,
  });
}

/**
 * Crossing requests are both dead, since each accept took the place that the other proposed (spec REL-23). The
 * peer's states are kept, so that either side can begin again over the new tips.
 */
async function settleCrossing(
  device: Device,
  { accept, proposal }: Agreement,
  items: readonly BundleItem[],
  relationship: RelationshipRecord,
  replay: Replay,
): Promise<Result<undefined>> {
  const overtaken = await closeOvertaken(device, replay, proposal.state);
  if (overtaken.length === 0) return ok(undefined);
  // Of the request as a whole nothing but the accept is of use any more.
  const { result, used } = await runWith(
    device,
    [...items, ...replay.witnesses.slice(-1)],
    (context) => verifyAccept(context, accept),
    loadWithoutSteps(device),
  );
  if (!result.ok) return result;
  const committed = await device.store.commit(
    [
      ...putItems(device, used),
      ...(await holdsWrites(device, relationship.peer, used)),
      ...adoptWrites(device, replay, result.value.half.k),
      ...overtaken,
    ],
    [adoptCondition(device, replay)],
  );
  if (!committed.ok) return committed;
  return fail('E_STALE', 'REL-23', 'the two requests crossed and both are void: one side requests or offers again');
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
function requestedFrom(device: Device, { offer, accept }: AgreementFacts, { peer }: RelationshipRecord): PaymentRecord {
  const expiresAt = Math.min(offer.transition.body.window.until, accept.operation.window.until);
  return { ...paymentOf(device, offer, expiresAt), direction: 'out', peer, status: 'requested' };
}
