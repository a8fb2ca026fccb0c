/** A Final from anyone (spec NET-17): it closes the slot, whatever the node itself has voted for. */
import { fail, ok, verifyCertificate, type ChainTip, type FinalRequest, type Result } from '@dsm/core';
import { storeFinal } from '../store/finals.ts';
import { keepItems } from '../store/items.ts';
import { collectState } from './collect.ts';
import type { Node } from './settle.ts';

export async function takeFinal(node: Node, { certificate, items }: FinalRequest): Promise<Result<ChainTip>> {
  const valid = verifyCertificate(node, certificate);
  if (!valid.ok) return valid;
  const state = await collectState(node, certificate, items);
  if (!state.ok) return state;
  const { operation, brought } = state.value;
  const answered = await node.sequencer.run(async (batch) => {
    const reply = await storeFinal(node, batch, certificate, operation);
    if (reply.type === 'final') await keepItems(node, batch, brought);
    return { value: reply, leaf: null };
  });
  if (!answered.ok) return answered;
  return answered.value.value.type === 'final'
    ? ok({ index: certificate.index, hash: certificate.hash, certificate })
    : fail('E_CONFLICT', 'NET-17', 'another state is final at this place');
}
