/** Start(r) (spec NET-25): a signed state is verified completely, then the round promised and reported. */
import {
  equalBytes,
  fail,
  hasBegun,
  ok,
  roundsBeginMs,
  verifyFork,
  verifySubmission,
  type BundleItem,
  type Finder,
  type Place,
  type Result,
  type StartAnswer,
  type StartRequest,
  type StateHash,
  type Transition,
} from '@dsm/core';
import { decideStart, type StartReply } from '../rounds.ts';
import type { ReportMark } from '../slot.ts';
import { hasEvidence, keepEvidence } from '../store/evidence.ts';
import { keepItems, overlayOf } from '../store/items.ts';
import { signReport } from '../store/rounds.ts';
import { readSlot, readTip, writeSlot } from '../store/slots.ts';
import { verifyWithStore } from '../store/verify.ts';
import { learn } from './learn.ts';
import { asParentFailure, broughtOf, proveAnyFork, settleFinal, type Node } from './settle.ts';

export async function start(node: Node, request: StartRequest): Promise<Result<StartAnswer>> {
  const { chain, index, round, state } = request;
  const place: Place = { chain, index };
  if (round === 0) return fail('E_FORMAT', 'NET-25', 'round 0 is that of submissions');
  const slot = await readSlot(node.store, place);
  if (slot.final !== null) return settleFinal(node, place);
  // Reported already: the same answer, whatever came along.
  if (slot.report?.round === round) return answerReport(node, place, slot.report, voteOf(slot.votes));

  const overlay = overlayOf(node.suite, request.items);
  if (!overlay.ok) return overlay;
  const shown = await verifyShown(node, place, state, request.items, overlay.value);
  if (!shown.ok) return shown;
  const reason = await reasonOf(node, request, shown.value.transition, overlay.value);
  if (!reason.ok) return reason;
  const { body } = shown.value.transition;
  const brought = [...new Set([...shown.value.brought, ...reason.value.brought])];
  const { beginsMs, forked, other } = reason.value;
  const starting = { ...place, round, hash: state, beginsMs, forked, other, rivals: body.kind === 'vault' };
  const answered = await node.sequencer.run<StartReply>(async (batch) => {
    const before = await readSlot(batch, place);
    const tipIndex = (await readTip(batch, chain)) ?? 0;
    const around = { tipIndex, nextLeaf: batch.nextLeaf(), nowMs: node.clock() };
    const { record, reply } = decideStart(before, starting, around, node.network);
    if (record !== before) {
      writeSlot(batch, place, record);
      await keepItems(node, batch, brought);
    }
    await learn(node, batch, shown.value.transition, brought, shown.value.used);
    return { value: reply, leaf: null };
  });
  if (!answered.ok) return answered;
  const { value: reply } = answered.value;
  switch (reply.type) {
    case 'reported':
      return answerReport(node, place, reply.report, reply.vote);
    case 'final':
      return settleFinal(node, place);
    case 'refused':
      return { ok: false, error: reply.failure };
  }
}

const voteOf = (votes: readonly { readonly round: number; readonly hash: StateHash }[]): StateHash | null =>
  votes.find(({ round }) => round === 0)?.hash ?? null;

async function answerReport(
  node: Node,
  place: Place,
  { round, lock }: ReportMark,
  vote: StateHash | null,
): Promise<Result<StartAnswer>> {
  const report = await signReport(node, { ...place, round, node: node.nodeIndex, lock, vote });
  return report.ok ? ok({ type: 'report', report: report.value }) : report;
}

interface Shown {
  readonly transition: Transition;
  readonly used: readonly BundleItem[];
  readonly brought: readonly BundleItem[];
}

/** A signed state of this place, verified like a submission; its window has begun, whether or not it is over. */
async function verifyShown(
  node: Node,
  { chain, index }: Place,
  state: StateHash,
  items: readonly BundleItem[],
  overlay: Finder,
): Promise<Result<Shown>> {
  const { result, used } = await verifyWithStore(node, overlay, (context) => verifySubmission(context, state));
  if (!result.ok) return asParentFailure(result, overlay, state);
  const { body } = result.value;
  if (!equalBytes(body.chain, chain) || body.index !== index) {
    return fail('E_CHAIN', 'NET-25', 'the state fills another place');
  }
  if (!hasBegun(node.network, body.window, node.clock())) {
    return fail('E_TOO_EARLY', 'NET-25', `the window of the state begins at ${body.window.from}`);
  }
  return ok({ transition: result.value, used, brought: broughtOf(items, used) });
}

interface Reason {
  readonly beginsMs: number;
  readonly forked: boolean;
  readonly other: StateHash | null;
  readonly brought: readonly BundleItem[];
}

/** Why a round may begin: a fork of an account, a second state of a vault, or else the time of the state. */
async function reasonOf(
  node: Node,
  { chain, index, state, fork, items }: StartRequest,
  transition: Transition,
  overlay: Finder,
): Promise<Result<Reason>> {
  const place: Place = { chain, index };
  const begins = roundsBeginMs(node, transition);
  if (!begins.ok) return begins;
  const plain: Reason = { beginsMs: begins.value, forked: false, other: null, brought: [] };
  if (fork !== null && (!equalBytes(fork.chain, chain) || fork.index !== index)) {
    return fail('E_CHAIN', 'NET-25', 'the fork is of another place');
  }
  if (transition.body.kind === 'vault') {
    const other = fork && [fork.first, fork.second].find((one) => !equalBytes(one, state));
    if (!other) return ok(plain);
    const shown = await verifyShown(node, place, other, items, overlay);
    return shown.ok ? ok({ ...plain, other, brought: shown.value.brought }) : shown;
  }
  const other = fork && ([fork.first, fork.second].find((one) => !equalBytes(one, state)) ?? null);
  const forked: Reason = { ...plain, forked: true, other };
  // One proof is enough: what is shown again is not verified again.
  if (await hasEvidence(node, place)) return ok(forked);
  if (fork === null) {
    return ok((await proveAnyFork(node, place, state, overlay)) === undefined ? plain : forked);
  }
  const { result, used } = await verifyWithStore(node, overlay, (context) => verifyFork(context, fork));
  if (!result.ok) return result;
  // The evidence has all that it needs; among the items a long run of states would lie there for nothing.
  await keepEvidence(node, fork, used);
  return ok(forked);
}
