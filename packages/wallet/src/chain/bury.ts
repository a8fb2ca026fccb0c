/**
 * A void has become final where the own account was open (rule WAL-14): the run above the newest final state is dead
 * as a whole. The account goes back to the leaves of that state and on from the void; what the dead states had
 * changed beside the chain is changed back, and their payments were never made.
 */
import {
  creditNullifier,
  equalBytes,
  getLeaf,
  itemNames,
  listLeaves,
  makeLeaf,
  tokenId,
  treeRoot,
  type AccountOperation,
  type Body,
  type ChainId,
  type Leaf,
  type Operation,
  type StateHash,
  type Tree,
  type Write,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { damaged } from '../guard.ts';
import { chainRecords, putChain, type ChainRecord } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { creditRecords } from '../records/credit.ts';
import { readItem } from '../records/item.ts';
import { journalRecords } from '../records/journal.ts';
import { buildTree, putLeaves, readTree, removeLeaves } from '../records/leaf.ts';
import { reservationRecords } from '../records/reservation.ts';
import { readState, stateRecords, type StateRecord } from '../records/state.ts';
import { tokenRecords } from '../records/token.ts';
import { readBody } from './draft.ts';
import { expiredPayments } from './settled.ts';

/** Whether this Final is a void that follows on the newest final state of the own account. */
export const isVoidOfOwn = (
  { account }: Device,
  { body, operation: { kind, operation } }: { readonly body: Body; readonly operation: Operation },
  { certifiedTip }: ChainRecord,
): boolean =>
  kind === 'account' &&
  operation.type === 'void' &&
  equalBytes(body.chain, account) &&
  body.index === certifiedTip.index + 1 &&
  equalBytes(body.prev, certifiedTip.hash);

/** Everything that the account's part in the Final of a void changes, in one commit with the Final itself. */
export async function buryRun(
  device: Device,
  body: Body,
  hash: StateHash,
  chain: ChainRecord,
): Promise<readonly Write[]> {
  const tip = { index: body.index, hash };
  const final: StateRecord = { hash, status: 'final', mode: 'online', attached: [] };
  return [
    ...(await unwindRun(device, chain, body.root)),
    stateRecords.put(device, placeKey(body.chain, body.index), final),
    putChain(device, body.chain, { ...chain, tip, certifiedTip: tip }),
    ...(await expiredPayments(device, body.chain, body.index)),
  ];
}

/** The account as it was at its newest final state, which has this root: all but the chain's row and the payments. */
export async function unwindRun(
  device: Device,
  { tip, certifiedTip }: ChainRecord,
  root: Uint8Array,
): Promise<readonly Write[]> {
  const dead = await deadStates(device, certifiedTip.index + 1, tip.index);
  const effects: Write[] = [];
  for (const { index, operation } of dead) {
    effects.push(
      stateRecords.remove(placeKey(device.account, index)),
      journalRecords.remove(placeKey(device.account, index)),
      ...(operation ? await undoEffects(device, operation, index) : []),
    );
  }
  return [...(await restoreLeaves(device, device.account, root, dead)), ...effects];
}

interface DeadState {
  readonly index: number;
  /** Root of the state below. */
  readonly before: Uint8Array;
  readonly operation: AccountOperation | undefined;
}

async function deadStates(device: Device, first: number, last: number): Promise<readonly DeadState[]> {
  const dead: DeadState[] = [];
  for (let index = first; index <= last; index++) {
    const state = await readState(device, device.account, index);
    const body = state && (await readBody(device, state.hash));
    const parent = body && (await readBody(device, body.prev));
    if (!body || !parent) throw damaged('a state of the account is missing');
    const item = await readItem(device, itemNames.operation(body.op));
    const operation =
      item?.type === 'operation' && item.operation.kind === 'account' ? item.operation.operation : undefined;
    dead.push({ index, before: parent.root, operation });
  }
  return dead;
}

/** The leaves under `root`: those at the tip, with what the dead states touched as their witnesses show it before. */
async function restoreLeaves(
  device: Device,
  chain: ChainId,
  root: Uint8Array,
  dead: readonly DeadState[],
): Promise<readonly Write[]> {
  const before = listLeaves(await readTree(device, chain));
  let leaves = before;
  for (const { before: parentRoot } of dead.toReversed()) {
    const witness = await readItem(device, itemNames.witness(parentRoot));
    if (witness?.type !== 'witness') throw damaged('a proof of the account is missing');
    leaves = leaves.flatMap((leaf) => leafBefore(device, leaf, witness.tree));
  }
  const tree = buildTree(device.suite, leaves);
  if (!equalBytes(treeRoot(tree), root)) throw damaged('the leaves of the account cannot be taken back');
  const kept = new Set(leaves.map(({ path }) => path.join()));
  const added = before.filter(({ path }) => !kept.has(path.join())).map(({ path }) => path);
  const unchanged = new Set(before.map(({ hash }) => hash.join()));
  const changed = leaves.filter(({ hash }) => !unchanged.has(hash.join())).map(({ path }) => path);
  return [...putLeaves(device, chain, tree, changed), ...removeLeaves(chain, added)];
}

/** A leaf as it was under the witness's root; as it is where the witness does not show it. */
function leafBefore({ suite }: Device, leaf: Leaf, witness: Tree): readonly Leaf[] {
  const value = getLeaf(witness, leaf.path);
  if (!value.ok) return [leaf];
  if (value.value === undefined) return [];
  return equalBytes(value.value, leaf.value) ? [leaf] : [makeLeaf(suite, leaf.path, value.value)];
}

/** What an operation had changed beside the account when its intent was written. */
async function undoEffects(device: Device, operation: AccountOperation, index: number): Promise<readonly Write[]> {
  switch (operation.type) {
    case 'receive': {
      const { source, index: at, output } = operation;
      const nullifier = creditNullifier(device.suite, source, at, output);
      const credit = await creditRecords.read(device, nullifier);
      return credit?.received === index ? [creditRecords.put(device, nullifier, { ...credit, received: null })] : [];
    }
    case 'fund': {
      const reservation = await reservationRecords.read(device, operation.vault);
      if (reservation?.status !== 'pending') return [];
      return [
        reservationRecords.remove(operation.vault),
        chainRecords.remove(operation.vault),
        stateRecords.remove(placeKey(operation.vault, 0)),
      ];
    }
    case 'createToken':
      return [tokenRecords.remove(tokenId(device.suite, operation.policy))];
    default:
      return [];
  }
}
