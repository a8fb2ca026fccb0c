/** Start(r) (spec NET-25): a signed state is verified completely, then the round promised and reported. */
import {
  equalBytes,
  fail,
  ok,
  verifyFork,
  verifySubmission,
  type Body,
  type BundleItem,
  type Finder,
  type Place,
  type Result,
  type StartAnswer,
  type StartRequest,
  type StateHash,
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
  const { result, used } = await verifyWithStore(node, overlay.value, (context) => verifySubmission(context, state));
  if (!result.ok) return asParentFailure(result, overlay.value, state);
  const { body } = result.value;
  if (!equalBytes(body.chain, chain) || body.index !== index) {
    return fail('E_CHAIN', 'NET-25', 'the state fills another place');
  }
  const forked = await isForked(node, request, overlay.value);
  if (!forked.ok) return forked;

  const brought = broughtOf(request.items, used);
  const lapsesMs = lapseOf(node, body, forked.value);
  const answered = await node.sequencer.run<StartReply>(async (batch) => {
    const before = await readSlot(batch, place);
    const tipIndex = (await readTip(batch, chain)) ?? 0;
    const around = { tipIndex, nextLeaf: batch.nextLeaf(), nowMs: node.clock() };
    const { record, reply } = decideStart(before, { ...place, round, hash: state, lapsesMs }, around, node.network);
    if (record !== before) {
      writeSlot(batch, place, record);
      await keepItems(node, batch, brought);
    }
    await learn(node, batch, result.value, brought, used);
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

const lapseOf = ({ network }: Node, body: Body, forked: boolean): number | null =>
  body.kind === 'account' && !forked ? body.window.until + network.gapMs : null;

async function answerReport(
  node: Node,
  place: Place,
  { round, lock }: ReportMark,
  vote: StateHash | null,
): Promise<Result<StartAnswer>> {
  const report = await signReport(node, { ...place, round, node: node.nodeIndex, lock, vote });
  return report.ok ? ok({ type: 'report', report: report.value }) : report;
}

/** Whether the owner is proved to have signed two states for this place: by what is shown, or what the node holds. */
async function isForked(
  node: Node,
  { chain, index, state, fork, items }: StartRequest,
  overlay: Finder,
): Promise<Result<boolean>> {
  const place: Place = { chain, index };
  if (fork === null) {
    const known = await hasEvidence(node, place);
    return ok(known || (await proveAnyFork(node, place, state, overlay)) !== undefined);
  }
  if (!equalBytes(fork.chain, chain) || fork.index !== index) {
    return fail('E_CHAIN', 'NET-25', 'the fork is of another place');
  }
  const { result, used } = await verifyWithStore(node, overlay, (context) => verifyFork(context, fork));
  if (!result.ok) return result;
  await keepForkItems(node, broughtOf(items, used));
  await keepEvidence(node, fork, used);
  return ok(true);
}

/** What proved the fork: the node shows both tips to whoever asks for them. */
async function keepForkItems(node: Node, items: readonly BundleItem[]): Promise<void> {
  await node.sequencer.run(async (batch) => {
    await keepItems(node, batch, items);
    return { value: undefined, leaf: null };
  });
}
