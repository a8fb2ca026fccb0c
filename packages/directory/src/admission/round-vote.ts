/** Vote(r, h) for r above 0 (spec NET-29): the owner's proposal is verified with all its reports, then decided. */
import {
  chooseProposal,
  ok,
  verifyOnce,
  verifyProposal,
  type Result,
  type SubmitAnswer,
  type VoteRequest,
} from '@dsm/core';
import { decideRoundVote } from '../rounds.ts';
import { keepItems, overlayOf } from '../store/items.ts';
import { judgeCandidate } from './candidate.ts';
import { decideSlot, refuseConflict, type Node } from './settle.ts';

export async function voteInRound(node: Node, { proposal, items }: VoteRequest): Promise<Result<SubmitAnswer>> {
  const { chain, index, round, hash } = proposal;
  const place = { chain, index };
  const valid = verifyProposal({ network: node.network, suite: verifyOnce(node.suite) }, proposal);
  if (!valid.ok) return valid;
  const overlay = overlayOf(node.suite, items);
  if (!overlay.ok) return overlay;
  const candidate = await judgeCandidate(node, proposal, items);
  if (!candidate.ok) return candidate;
  const { refusal, brought } = candidate.value;
  const isFree = chooseProposal(node.network, proposal.reports).type === 'free';
  const settled = await decideSlot(node, place, {
    decide: (slot, around) =>
      decideRoundVote(slot, { ...place, round, hash, refusal: isFree ? refusal(around.nowMs) : null }, around),
    store: async (batch, before, after) => {
      if (after !== before) await keepItems(node, batch, brought);
    },
  });
  if (!settled.ok) return settled;
  switch (settled.value.type) {
    case 'given':
      return ok({ type: 'vote', receipt: settled.value.receipt });
    case 'final':
      return ok(settled.value);
    case 'conflict':
      return refuseConflict(node, place, hash, overlay.value);
  }
}
