/** From a decision about a slot to an answer: one job of the sequencer, and what is said about it afterwards. */
import {
  fail,
  itemNames,
  missing,
  ok,
  toHex,
  type BundleItem,
  type Certificate,
  type Finder,
  type Place,
  type Receipt,
  type Result,
  type StateHash,
  type Transition,
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

/** The certificate of a slot that is final at the node. */
export async function settleFinal(
  node: Node,
  place: Place,
): Promise<Result<Extract<Settled, { readonly type: 'final' }>>> {
  const certificate = await readCertificate(node, place);
  return certificate
    ? ok({ type: 'final', certificate })
    : fail('E_INTERNAL', 'NET-17', 'the certificate of a final state is not there');
}

/**
 * Evidence that the one writer of the chain signed this state and another that the node has met at the place: voted for,
 * seen first, or the one that stands there. A void may stand over two states that the owner signed.
 */
export async function proveAnyFork(
  node: Node,
  place: Place,
  state: StateHash,
  overlay: Finder,
): Promise<Uint8Array | undefined> {
  const { final, lock, seen, rival, votes } = await readSlot(node.store, place);
  const met = [final, lock?.hash, seen, rival?.hash, ...votes.map(({ hash }) => hash)].filter(
    (one) => one !== null && one !== undefined,
  );
  // A slot that was taken through many rounds has voted for one state many times.
  for (const other of new Map(met.map((one) => [toHex(one), one])).values()) {
    const evidence = await proveFork(node, place, state, other, overlay);
    if (evidence) return evidence;
  }
  return undefined;
}

/** Refuses a state where another one stands, with the evidence if one writer signed both (spec NET-21). */
export async function refuseConflict(
  node: Node,
  place: Place,
  refused: StateHash,
  overlay: Finder,
): Promise<Result<never>> {
  const evidence = await proveAnyFork(node, place, refused, overlay);
  return evidence
    ? fail('E_FORK', 'NET-21', 'the device signed another state for this place', { evidence })
    : fail('E_CONFLICT', 'NET-15', 'another state stands at this place');
}

/** Of the items used, those that the request brought: the others are in the store. */
export const broughtOf = (brought: readonly BundleItem[], used: readonly BundleItem[]): readonly BundleItem[] => {
  const set = new Set(brought);
  return used.filter((item) => set.has(item));
};

/** A parent that is not final yet has a code of its own: bring its certificate, or wait. */
export function asParentFailure(result: Result<Transition>, overlay: Finder, state: StateHash): Result<never> {
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
