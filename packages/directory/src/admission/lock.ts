/** ack(r, h) (spec NET-16): a quorum of votes speaks for itself, so a node that was away can lock it too. */
import { fail, ok, verifyQuorum, type LockAnswer, type LockRequest, type Result } from '@dsm/core';
import { decideLock } from '../slot.ts';
import { keepItems } from '../store/items.ts';
import { collectState } from './collect.ts';
import { decideSlot, refuseConflict, type Node } from './settle.ts';

export async function lock(node: Node, { quorum, items }: LockRequest): Promise<Result<LockAnswer>> {
  if (quorum.index === 0) return fail('E_CERTIFICATE', 'NET-8', 'a genesis is final by its id');
  const valid = verifyQuorum(node, quorum);
  if (!valid.ok) return valid;
  // The state is kept so that the node can serve it; that it is valid at least one honest voter has checked.
  const state = await collectState(node, quorum, items);
  if (!state.ok && state.error.code !== 'E_INCOMPLETE') return state;
  const settled = await decideSlot(node, quorum, {
    decide: (slot, around) => decideLock(slot, quorum, around),
    store: async (batch, before, after) => {
      if (state.ok && after !== before) await keepItems(node, batch, state.value.brought);
    },
  });
  if (!settled.ok) return settled;
  switch (settled.value.type) {
    case 'given':
      return ok({ type: 'ack', receipt: settled.value.receipt });
    case 'final':
      return ok(settled.value);
    case 'conflict':
      return refuseConflict(node, quorum, quorum.hash, () => undefined);
  }
}
