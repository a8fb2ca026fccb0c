/** Vote(0, h) (spec NET-15): a submission is verified completely, then decided. */
import {
  fail,
  indexItems,
  isWindowOpen,
  itemNames,
  missing,
  NO_EVIDENCE,
  ok,
  verifySubmission,
  verifyWaiver,
  type BundleItem,
  type Finder,
  type Place,
  type Result,
  type StateHash,
  type Submission,
  type SubmitAnswer,
  type Transition,
} from '@dsm/core';
import { decideVote } from '../slot.ts';
import { proveFork } from '../store/evidence.ts';
import { noteAccount } from '../store/accounts.ts';
import { storeFinal } from '../store/finals.ts';
import { keepItems, overlayOf } from '../store/items.ts';
import type { Transaction } from '../store/transaction.ts';
import { broughtOf, decideSlot, refuseConflict, type Node } from './settle.ts';
import { verifyWithStore } from '../store/verify.ts';

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
    return refuseConflict(node, place, state, settled.value.with, overlay.value);
  }
  if (settled.value.type === 'final') return ok(settled.value);
  // The vote stands, but the device may have signed something else here before.
  if (seen.before) await proveFork(node, place, state, seen.before, overlay.value);
  return ok({ type: 'vote', receipt: settled.value.receipt });
}

/** A parent that is not final yet has a code of its own: bring its certificate, or wait. */
function asParentFailure(result: Result<Transition>, overlay: Finder, state: StateHash): Result<never> {
  if (result.ok) throw new Error('not a failure');
  const item = overlay(itemNames.body(state));
  const index = item?.type === 'body' ? item.body.index - 1 : 0;
  if (result.error.code === 'E_INCOMPLETE' && item?.type === 'body' && index > 0) {
    const { error } = missing('certificate', item.body.chain, index);
    if (result.error.missing?.[0] === error.missing?.[0]) {
      return fail('E_PARENT', 'NET-15', 'the predecessor is not final, or its certificate did not come along', {
        missing: error.missing ?? [],
      });
    }
  }
  return result;
}

/** True when f+1 votes waive the clock; false when none came along. */
function checkWaiver({ suite, network }: Node, place: Place, { state, votes }: Submission): Result<boolean> {
  if (votes.length === 0) return ok(false);
  const statement = { form: 'votes', ...place, round: 0, hash: state } as const;
  const valid = verifyWaiver({ suite, network, evidence: NO_EVIDENCE }, statement, votes);
  return valid.ok ? ok(true) : valid;
}

/** What the submission proved on the way: Finals of other states, and an account with its identity. */
async function learn(
  node: Node,
  transaction: Transaction,
  { parent }: Transition,
  brought: readonly BundleItem[],
  used: readonly BundleItem[],
): Promise<void> {
  const byName = indexItems(node.suite, used);
  for (const item of brought) {
    if (item.type !== 'certificate') continue;
    const body = byName.get(itemNames.body(item.certificate.hash));
    const operation = body?.type === 'body' ? byName.get(itemNames.operation(body.body.op)) : undefined;
    await keepItems(
      node,
      transaction,
      [body, operation].filter((found) => found !== undefined),
    );
    await storeFinal(
      node,
      transaction,
      item.certificate,
      operation?.type === 'operation' ? operation.operation : undefined,
    );
  }
  const first = byName.get(itemNames.operation(parent.op));
  if (parent.index === 0 && first?.type === 'operation') {
    await noteAccount(transaction, parent.chain, first.operation);
  }
}
