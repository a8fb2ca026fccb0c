/** Drafting the next state of a chain that this device may append to. Nothing is written. */
import {
  draftTransition,
  fail,
  ok,
  pruneTree,
  treeRoot,
  equalBytes,
  itemNames,
  type Body,
  type BundleItem,
  type ChainId,
  type Operation,
  type Result,
  type StateHash,
  type Transition,
  type Tree,
} from '@dsm/core';
import type { Device, Storage } from '../device.ts';
import { runWith } from '../evidence/run-with.ts';
import { damaged } from '../guard.ts';
import { readChain, type ChainRecord } from '../records/chain.ts';
import { readItem } from '../records/item.ts';
import { readTree } from '../records/leaf.ts';

/** A chain as this device holds it. */
export interface HeldChain {
  readonly chain: ChainId;
  readonly record: ChainRecord;
  /** The newest state. */
  readonly tip: Body;
  /** All leaves at the tip. */
  readonly tree: Tree;
}

export interface Draft {
  readonly held: HeldChain;
  readonly transition: Transition;
  /** Items that the draft used and that came from outside the store. */
  readonly overlay: readonly BundleItem[];
}

export async function readBody(storage: Storage, hash: StateHash): Promise<Body | undefined> {
  const item = await readItem(storage, itemNames.body(hash));
  return item?.type === 'body' ? item.body : undefined;
}

/** The chain with its tip and tree; rejects with `E_DAMAGED` when these do not belong together. */
export async function openChain(storage: Storage, chain: ChainId): Promise<HeldChain | undefined> {
  const record = await readChain(storage, chain);
  if (!record) return undefined;
  const tip = await readBody(storage, record.tip.hash);
  if (!tip) throw damaged('the newest state of a chain is missing');
  const tree = await readTree(storage, chain);
  if (!equalBytes(treeRoot(tree), tip.root)) throw damaged('the leaves of a chain do not have the root of its tip');
  return { chain, record, tip, tree };
}

/** The one successor of the tip under this operation. `overlay` holds items that are not in the store yet. */
export async function draftNext(
  device: Device,
  held: HeldChain,
  operation: Operation,
  overlay: readonly BundleItem[] = [],
): Promise<Result<Draft>> {
  const { result } = await runWith(device, overlay, (context) =>
    draftTransition(context, held.tip, operation, held.tree),
  );
  return result.ok ? ok({ held, transition: result.value, overlay }) : result;
}

/** Opens a chain that must be there. */
export async function requireChain(storage: Storage, chain: ChainId): Promise<Result<HeldChain>> {
  const held = await openChain(storage, chain);
  return held ? ok(held) : fail('E_NOT_FOUND', 'WAL-3', 'this device does not keep that chain');
}

/** What others need to repeat the transition: body, operation, and the touched leaves under the parent's root. */
export const itemsOfDraft = ({ held, transition }: Draft): readonly BundleItem[] => [
  { type: 'body', body: transition.body },
  { type: 'operation', operation: transition.operation },
  { type: 'witness', tree: pruneTree(held.tree, transition.touched) },
];
