/** Propose(r, h) (spec NET-28): the owner of a round makes one proposal for it, and serves it for ever. */
import {
  chooseProposal,
  fail,
  ok,
  roundOwner,
  verifyOnce,
  verifyReports,
  type ProposeAnswer,
  type ProposeRequest,
  type Result,
  type UnsignedRoundProposal,
} from '@dsm/core';
import { decidePropose, type ProposeReply } from '../rounds.ts';
import { readProposal, signProposal, writeProposal } from '../store/rounds.ts';
import { readSlot, readTip } from '../store/slots.ts';
import { judgeCandidate } from './candidate.ts';
import { settleFinal, type Node } from './settle.ts';

export async function propose(node: Node, { items, ...asked }: ProposeRequest): Promise<Result<ProposeAnswer>> {
  const { round } = asked;
  if (round === 0 || roundOwner(node, asked, round) !== node.nodeIndex) {
    return fail('E_NOT_FOUND', 'NET-28', 'this node does not own the round');
  }
  const slot = await readSlot(node.store, asked);
  if (slot.final !== null) return settleFinal(node, asked);
  const before = await readProposal(node.store, asked);
  if (before) return answerProposal(node, before);

  const valid = verifyReports({ network: node.network, suite: verifyOnce(node.suite) }, asked);
  if (!valid.ok) return valid;
  // What the reports force needs no further judgement.
  const isFree = chooseProposal(node.network, asked.reports).type === 'free';
  const candidate = isFree ? await judgeCandidate(node, asked, items) : null;
  if (candidate && !candidate.ok) return candidate;
  const answered = await node.sequencer.run<ProposeReply>(async (batch) => {
    const tipIndex = (await readTip(batch, asked.chain)) ?? 0;
    const kept = await readProposal(batch, asked);
    const around = { tipIndex, nextLeaf: batch.nextLeaf(), nowMs: node.clock() };
    const refusal = candidate ? candidate.value.refusal(around.nowMs) : null;
    const reply = decidePropose(await readSlot(batch, asked), kept, asked, refusal, around);
    if (reply.type === 'proposed' && !kept) writeProposal(batch, reply.proposal);
    return { value: reply, leaf: null };
  });
  if (!answered.ok) return answered;
  const { value: reply } = answered.value;
  switch (reply.type) {
    case 'proposed':
      return answerProposal(node, reply.proposal);
    case 'final':
      return settleFinal(node, asked);
    case 'refused':
      return { ok: false, error: reply.failure };
  }
}

async function answerProposal(node: Node, unsigned: UnsignedRoundProposal): Promise<Result<ProposeAnswer>> {
  const proposal = await signProposal(node, unsigned);
  return proposal.ok ? ok({ type: 'proposal', proposal: proposal.value }) : proposal;
}
