/** From a decision about a slot to an answer: one job of the sequencer, and what is said about it afterwards. */
import {
  fail,
  ok,
  type BundleItem,
  type Certificate,
  type Finder,
  type Place,
  type Receipt,
  type Result,
  type StateHash,
} from '@dsm/core';
import type { NodeContext } from '../context.ts';
import type { Batch, Sequencer } from '../sequencer.ts';
import type { Decision, Reply, SlotRecord, Surroundings } from '../slot.ts';
import { proveFork } from '../store/evidence.ts';
import { readCertificate } from '../store/finals.ts';
import { readSlot, readTip, writeSlot } from '../store/slots.ts';

export interface Node extends NodeContext {
  readonly sequencer: Sequencer;
}

export type Settled =
  | { readonly type: 'given'; readonly receipt: Receipt }
  | { readonly type: 'final'; readonly certificate: Certificate }
  | { readonly type: 'conflict'; readonly with: StateHash };

interface Deciding {
  readonly decide: (slot: SlotRecord, around: Surroundings) => Decision;
  /** What else goes into the same commit, given the slot before and after. May run more than once. */
  readonly store: (batch: Batch, before: SlotRecord, after: SlotRecord) => Promise<void>;
}

/** Decides one slot. The record, its log leaf and whatever `store` writes are one commit (spec NET-18). */
export async function decideSlot(node: Node, place: Place, { decide, store }: Deciding): Promise<Result<Settled>> {
  const answered = await node.sequencer.run<Reply>(async (batch) => {
    const before = await readSlot(batch, place);
    const tipIndex = (await readTip(batch, place.chain)) ?? 0;
    const { record, append, reply } = decide(before, { tipIndex, nextLeaf: batch.nextLeaf(), nowMs: node.clock() });
    if (record !== before) writeSlot(batch, place, record);
    if (append) batch.append(append);
    await store(batch, before, record);
    return { value: reply, leaf: reply.type === 'given' ? reply.leaf : null };
  });
  if (!answered.ok) return answered;
  const { value: reply, receipt } = answered.value;
  switch (reply.type) {
    case 'given':
      return receipt ? ok({ type: 'given', receipt }) : fail('E_INTERNAL', 'NET-18', 'a vote without a receipt');
    case 'final':
      return settleFinal(node, place);
    case 'conflict':
      return ok(reply);
    case 'refused':
      return { ok: false, error: reply.failure };
  }
}

async function settleFinal(node: Node, place: Place): Promise<Result<Settled>> {
  const certificate = await readCertificate(node, place);
  return certificate
    ? ok({ type: 'final', certificate })
    : fail('E_INTERNAL', 'NET-17', 'the certificate of a final state is not there');
}

/** Refuses a state where another one stands, with the evidence if one writer signed both (spec NET-21). */
export async function refuseConflict(
  node: Node,
  place: Place,
  refused: StateHash,
  standing: StateHash,
  overlay: Finder,
): Promise<Result<never>> {
  const evidence = await proveFork(node, place, refused, standing, overlay);
  return evidence
    ? fail('E_FORK', 'NET-21', 'the device signed another state for this place', { evidence })
    : fail('E_CONFLICT', 'NET-15', 'another state stands at this place');
}

/** Of the items used, those that the request brought: the others are in the store. */
export const broughtOf = (brought: readonly BundleItem[], used: readonly BundleItem[]): readonly BundleItem[] => {
  const set = new Set(brought);
  return used.filter((item) => set.has(item));
};
