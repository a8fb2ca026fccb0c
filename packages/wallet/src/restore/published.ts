/** What the nodes have of the own account beyond the backup (spec WAL-35). */
import {
  equalBytes,
  evidenceFrom,
  fail,
  finalState,
  indexItems,
  ok,
  pathTo,
  slotStatusCodec,
  stateAnswerCodec,
  verifyCertificate,
  type BundleItem,
  type ChainId,
  type Place,
  type Result,
  type SlotStatus,
} from '@dsm/core';
import type { FinalState } from '../chain/finalize.ts';
import { contextOf, type Device } from '../device.ts';
import { answersOf, askAll, askNode } from '../directory/client.ts';

/** A final state that verifies, with everything that the node showed of it: nothing of that is believed yet. */
export interface PublishedState extends FinalState {
  readonly shown: readonly BundleItem[];
}

/** The final state at a place as each node that has it shows it: what one leaves out another may show. */
export async function fetchPublished(
  device: Device,
  chain: ChainId,
  index: number,
): Promise<Result<readonly PublishedState[]>> {
  const codec = stateAnswerCodec(device.suite);
  const found: PublishedState[] = [];
  for (const node of device.network.nodes.keys()) {
    const answer = await askNode(device, node, pathTo.state(chain, index), null, codec);
    if (!answer.ok) continue;
    const shown = answer.value.items.filter(({ type }) => type !== 'witness');
    const byName = indexItems(device.suite, shown);
    const evidence = evidenceFrom((name) => byName.get(name));
    const final = finalState(contextOf(device, evidence), chain, index);
    const certificate = evidence.certificate(chain, index);
    if (final.ok && certificate) found.push({ certificate, ...final.value, shown });
  }
  return found.length > 0 ? ok(found) : fail('E_PENDING', 'WAL-35', `no node shows state ${index} of this account now`);
}

/** What stands in a slot, as far as a quorum of nodes knows. */
export interface SlotLook {
  /** Another look at the published states is due. */
  readonly isFinal: boolean;
  /** States that nodes have seen signed for it; not verified. */
  readonly seen: readonly SlotStatus[];
  /** A quorum of nodes has seen nothing: that others have, but cannot show it, f of them may have made up. */
  readonly isClear: boolean;
}

/** `E_PENDING` while fewer than a quorum answer: one of those that are silent may have seen something. */
export async function lookAtSlot(device: Device, { chain, index }: Place): Promise<Result<SlotLook>> {
  const answers = await askAll(device, pathTo.slot(chain, index), null, slotStatusCodec(device.suite));
  const told = answersOf(answers);
  if (told.length < device.network.quorum) {
    return fail('E_PENDING', 'WAL-35', 'too few nodes answer to know what was left open before the restore');
  }
  const isFinal = told.some(
    ({ final }) =>
      final !== null && equalBytes(final.chain, chain) && final.index === index && verifyCertificate(device, final).ok,
  );
  const seen = told.filter((status) => status.seen !== null || status.vote !== null || status.quorum !== null);
  return ok({ isFinal, seen, isClear: told.length - seen.length >= device.network.quorum });
}
