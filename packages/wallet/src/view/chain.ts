/** Looking into a chain that this device keeps, and taking it out as a file. */
import {
  encodeFile,
  equalBytes,
  fail,
  getCheckpoint,
  itemNames,
  LIMITS,
  lookUp,
  ok,
  verifyProvenance,
  type Body,
  type BundleItem,
  type ChainId,
  type Found,
  type Operation,
  type Result,
  type StateHash,
} from '@dsm/core';
import { readBody } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { runAlone } from '../evidence/run-with.ts';
import { damaged, guardStore } from '../guard.ts';
import { readChain } from '../records/chain.ts';
import { placeKey, textKey } from '../records/codecs.ts';
import { itemRecords, readItem } from '../records/item.ts';
import { readState, stateRecords, type StateRecord, type StateStatus } from '../records/state.ts';

export interface ChainState {
  readonly index: number;
  readonly hash: StateHash;
  readonly status: StateStatus;
  readonly body: Body;
  readonly operation: Operation | undefined;
}

/** States from `from` to `to`, both inclusive; the whole chain by default. */
export const showChain = (
  device: Device,
  {
    chain = device.account,
    from = 0,
    to,
  }: { readonly chain?: ChainId; readonly from?: number; readonly to?: number } = {},
): Promise<Result<readonly ChainState[]>> =>
  guardStore(async () => {
    const record = await readChain(device, chain);
    if (!record) return fail('E_NOT_FOUND', 'WAL-3', 'this device does not keep that chain');
    const last = Math.min(to ?? record.tip.index, record.tip.index);
    const states: ChainState[] = [];
    for (let index = from; index <= last; index++) {
      const state = await readState(device, chain, index);
      const body = state && (await readBody(device, state.hash));
      if (!body) return fail('E_DAMAGED', 'WAL-1', `state ${index} of the chain is missing`);
      const item = await readItem(device, itemNames.operation(body.op));
      const operation = item?.type === 'operation' ? item.operation : undefined;
      states.push({ index, hash: state.hash, status: state.status, body, operation });
    }
    return ok(states);
  });

/**
 * State `index` by the sparse index: from the checkpoint before it over at most k links. Costs one hash for each state
 * of that walk and one for the chain's row, whatever the length of the chain.
 */
export const getState = (device: Device, index: number, chain: ChainId = device.account): Promise<Result<Found>> =>
  guardStore(async () => {
    const record = await readChain(device, chain);
    const named = await readNamed(device, chain, index);
    if (!record || !named) return fail('E_NOT_FOUND', 'CHN-8', `there is no state ${index}`);
    const first = getCheckpoint(index, record.k);
    const checkpoint = first === index ? named : await readNamed(device, chain, first);
    if (!checkpoint) throw damaged(`checkpoint ${first} of the chain is missing`);
    const walk = await readWalk(device, named.hash, first);
    const found = lookUp(device.suite, (i) => walk.get(i), checkpoint.hash, index, record.k);
    if (!found.ok || !equalBytes(found.value.hash, named.hash)) throw damaged('the states of the chain do not link up');
    return found;
  });

/** The hash that a place is recorded with; compared with what is found there. */
const readNamed = (device: Device, chain: ChainId, index: number): Promise<StateRecord | undefined> =>
  stateRecords.readUnchecked(device, placeKey(chain, index));

/** From a state down to its checkpoint. The bodies are not checked here: the look-up hashes every one of them. */
async function readWalk(device: Device, tip: StateHash, first: number): Promise<ReadonlyMap<number, Body>> {
  const walk = new Map<number, Body>();
  let hash = tip;
  for (;;) {
    const item = await itemRecords.readUnchecked(device, textKey(itemNames.body(hash)));
    if (item?.type !== 'body') return walk;
    walk.set(item.body.index, item.body);
    if (item.body.index <= first || walk.size > LIMITS.maxSkip) return walk;
    hash = item.body.prev;
  }
}

/** What the states of a vault rest on in this very form: the proofs of the totals that were claimed. */
async function attachedTo(device: Device, chain: ChainId, tip: number): Promise<readonly BundleItem[]> {
  const items: BundleItem[] = [];
  for (let index = 1; index <= tip; index++) {
    items.push(...((await readState(device, chain, index))?.attached ?? []));
  }
  return items;
}

/**
 * A chain from its genesis to its tip as a file, complete in itself. `E_INCOMPLETE` for a reservation that somebody
 * else has claimed from: the proofs of the totals stay with the payee.
 */
export const exportChain = (device: Device, chain: ChainId = device.account): Promise<Result<Uint8Array>> =>
  guardStore(async () => {
    const record = await readChain(device, chain);
    if (!record) return fail('E_NOT_FOUND', 'WAL-3', 'this device does not keep that chain');
    const tip = record.tip.hash;
    const attached = await attachedTo(device, chain, record.tip.index);
    const { result, used } = await runAlone(device, attached, (context) => verifyProvenance(context, tip));
    return result.ok ? ok(encodeFile(device.suite, 'chain', { tip }, used)) : result;
  });
