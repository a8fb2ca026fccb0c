/**
 * Halves of peers as this device holds them: whole, repeated step by step from what the peer showed (spec REL-13).
 * Only what a signature covers is adopted.
 */
import {
  draftTransition,
  equalBytes,
  fail,
  indexItems,
  itemNames,
  makeGenesis,
  missing,
  ok,
  pruneTree,
  runWithItems,
  stateHash,
  type Body,
  type BundleItem,
  type ChainId,
  type Condition,
  type Context,
  type Operation,
  type Result,
  type StateHash,
  type Transition,
  type Tree,
  type Write,
} from '@dsm/core';
import { openChain, type HeldChain } from '../chain/draft.ts';
import { contextOf, type Device } from '../device.ts';
import { chainUnchanged, putChain, readChain, type ChainRecord } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { readItem } from '../records/item.ts';
import { putLeaves } from '../records/leaf.ts';
import { readState, stateRecords } from '../records/state.ts';

/** A half repeated from what the device holds up to a target. */
export interface Replay {
  readonly chain: ChainId;
  readonly held: ChainRecord | undefined;
  readonly genesis: Body;
  /** The steps after what is held, the target last; empty when the target is held already. */
  readonly steps: readonly Transition[];
  /** All leaves at the target. */
  readonly tree: Tree;
  /** A witness for each step, since compact messages leave them out. */
  readonly witnesses: readonly BundleItem[];
}

/** Repeats a peer's half up to `target`, from the newest state held or from its genesis. */
export async function replayTo(
  device: Device,
  items: readonly BundleItem[],
  chain: ChainId,
  target: StateHash,
): Promise<Result<Replay>> {
  const record = await readChain(device, chain);
  // Other chains have their leaves elsewhere, or none that a peer could repeat.
  if (record && record.kind !== 'half') return fail('E_CHAIN', 'REL-10', 'not a half of a relationship');
  const held = await openChain(device, chain);
  const overlay = indexItems(device.suite, items);
  const { result } = await runWithItems(
    device.suite,
    (name) => readItem(device, name),
    (name) => overlay.get(name),
    (evidence) => repeat(contextOf(device, evidence), chain, held, target),
  );
  if (result.ok || result.error.code !== 'E_STALE') return result;
  return (await isHeld(device, chain, target, items)) ? ok(nothingNew(held as HeldChain)) : result;
}

const nothingNew = (held: HeldChain): Replay => ({
  chain: held.chain,
  held: held.record,
  genesis: held.tip,
  steps: [],
  tree: held.tree,
  witnesses: [],
});

/** A state that was adopted earlier: an old message that is repeated. */
async function isHeld(
  device: Device,
  chain: ChainId,
  target: StateHash,
  items: readonly BundleItem[],
): Promise<boolean> {
  const overlay = indexItems(device.suite, items);
  const name = itemNames.body(target);
  const item = overlay.get(name) ?? (await readItem(device, name));
  if (item?.type !== 'body') return false;
  const state = await readState(device, chain, item.body.index);
  return state !== undefined && equalBytes(state.hash, target);
}

function repeat(context: Context, chain: ChainId, held: HeldChain | undefined, target: StateHash): Result<Replay> {
  const start = held ? ok({ body: held.tip, tree: held.tree }) : beginning(context, chain);
  if (!start.ok) return start;
  const path = pathTo(context, start.value.body, target);
  if (!path.ok) return path;
  const steps: Transition[] = [];
  const witnesses: BundleItem[] = [];
  let { body: parent, tree } = start.value;
  for (const body of path.value) {
    const operation = operationOf(context, body);
    if (!operation.ok) return operation;
    const step = draftTransition(context, parent, operation.value, tree);
    if (!step.ok) return step;
    if (!equalBytes(step.value.hash, stateHash(context.suite, body))) {
      return fail('E_LINK', 'CHN-11', `state ${body.index} of the peer is not the one that follows`);
    }
    witnesses.push({ type: 'witness', tree: pruneTree(tree, step.value.touched) });
    steps.push(step.value);
    parent = body;
    tree = step.value.tree;
  }
  return ok({ chain, held: held?.record, genesis: start.value.body, steps, tree, witnesses });
}

function operationOf(context: Context, body: Body): Result<Operation> {
  const operation = context.evidence.operation(body.op);
  return operation ? ok(operation) : missing('operation', body.op);
}

function beginning(context: Context, chain: ChainId): Result<{ body: Body; tree: Tree }> {
  const body = context.evidence.genesis(chain);
  if (!body) return missing('genesis', chain);
  if (!equalBytes(body.network, context.network.id)) {
    return fail('E_NETWORK', 'NET-1', 'the message belongs to another network');
  }
  const operation = operationOf(context, body);
  if (!operation.ok) return operation;
  const genesis = makeGenesis(context.suite, context.network.id, operation.value);
  return equalBytes(stateHash(context.suite, genesis.body), stateHash(context.suite, body))
    ? ok(genesis)
    : fail('E_CHAIN', 'CHN-4', 'the genesis does not follow from its operation');
}

/** The bodies after `start` up to the target, in order. `E_STALE` when the target does not lie above `start`. */
function pathTo(context: Context, start: Body, target: StateHash): Result<readonly Body[]> {
  const startHash = stateHash(context.suite, start);
  const path: Body[] = [];
  let hash = target;
  while (!equalBytes(hash, startHash)) {
    const body = context.evidence.body(hash);
    if (!body) return missing('body', hash);
    if (!equalBytes(body.chain, start.chain)) return fail('E_CHAIN', 'CHN-3', 'a state of another chain');
    if (body.index <= start.index) {
      return fail('E_STALE', 'REL-13', `newer states of this half are known, up to ${start.index}`);
    }
    path.push(body);
    hash = body.prev;
  }
  return ok(path.toReversed());
}

/** Rows that make the replayed steps the newest ones held. */
export function adoptWrites(device: Device, replay: Replay, k: number): readonly Write[] {
  const last = replay.steps.at(-1);
  const touched = replay.held ? replay.steps.flatMap((step) => step.touched) : undefined;
  const tip = last
    ? { index: last.body.index, hash: last.hash }
    : (replay.held?.tip ?? { index: 0, hash: stateHash(device.suite, replay.genesis) });
  const certifiedTip = replay.held?.certifiedTip ?? { index: 0, hash: stateHash(device.suite, replay.genesis) };
  return [
    ...putLeaves(device, replay.chain, replay.tree, touched),
    ...replay.steps.map(({ body, hash }) =>
      stateRecords.put(device, placeKey(body.chain, body.index), {
        hash,
        status: 'held',
        mode: 'online',
        attached: [],
      }),
    ),
    putChain(device, replay.chain, { kind: 'half', k: replay.held?.k ?? k, tip, certifiedTip }),
  ];
}

/** That the half is still held as it was when it was replayed. */
export const adoptCondition = (device: Device, replay: Replay): Condition =>
  chainUnchanged(device, replay.chain, replay.held);
