/** Vote(0, h) (spec NET-15): a submission is verified completely, then decided. */
import {
  fail,
  hasBegun,
  isWindowOpen,
  NO_EVIDENCE,
  ok,
  verifySubmission,
  verifyWaiver,
  type Place,
  type Result,
  type StateHash,
  type Submission,
  type SubmitAnswer,
} from '@dsm/core';
import { decideVote } from '../slot.ts';
import { proveFork } from '../store/evidence.ts';
import { keepItems, overlayOf } from '../store/items.ts';
import { verifyWithStore } from '../store/verify.ts';
import { learn } from './learn.ts';
import { asParentFailure, broughtOf, decideSlot, refuseConflict, type Node } from './settle.ts';

export async function submit(node: Node, submission: Submission): Promise<Result<SubmitAnswer>> {
  const overlay = overlayOf(node.suite, submission.items);
  if (!overlay.ok) return overlay;
  const { state } = submission;
  const { result, used } = await verifyWithStore(node, overlay.value, (context) => verifySubmission(context, state));
  if (!result.ok) return asParentFailure(result, overlay.value, state);
  const { body } = result.value;
  const place: Place = { chain: body.chain, index: body.index };
  const isOpen = () => isWindowOpen(node.network, body.window, node.clock());
  const waived = isOpen() ? ok(false) : checkWaiver(node, place, submission);
  if (!waived.ok) return waived;

  // Whose time has not come is no rival of the state whose time it is, and takes no place where the node remembers two.
  if (!waived.value && !hasBegun(node.network, body.window, node.clock())) {
    return fail('E_WINDOW', 'NET-11', "the node's clock is before the window");
  }

  const brought = broughtOf(submission.items, used);
  const seen: { before: StateHash | null } = { before: null };
  const settled = await decideSlot(node, place, {
    decide: (slot, around) => decideVote(slot, { ...place, hash: state, isOpen: waived.value || isOpen() }, around),
    store: async (batch, before, after) => {
      seen.before = before.seen;
      // A state that was refused for its time is kept too: it is shown as open or lapsed.
      if (after !== before) await keepItems(node, batch, brought);
      await learn(node, batch, result.value, brought, used);
    },
  });
  if (!settled.ok) return settled;
  if (settled.value.type === 'conflict') {
    return refuseConflict(node, place, state, overlay.value);
  }
  if (settled.value.type === 'final') return ok(settled.value);
  // The vote stands, but the device may have signed something else here before.
  if (seen.before) await proveFork(node, place, state, seen.before, overlay.value);
  return ok({ type: 'vote', receipt: settled.value.receipt });
}

/** True when f+1 votes waive the clock; false when none came along. */
function checkWaiver({ suite, network }: Node, place: Place, { state, votes }: Submission): Result<boolean> {
  if (votes.length === 0) return ok(false);
  const statement = { form: 'votes', ...place, round: 0, hash: state } as const;
  const valid = verifyWaiver({ suite, network, evidence: NO_EVIDENCE }, statement, votes);
  return valid.ok ? ok(true) : valid;
}
