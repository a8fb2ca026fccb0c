/**
 * Which older steps of halves a message shows, and which a verification walks over (spec REL-13). What the peer has
 * seen stays out, and what this device holds is not walked again, since it was verified when it was adopted: else a
 * payment would cost more, in bytes and time, the more payments there were before it.
 */
import {
  equalBytes,
  fail,
  indexItems,
  itemNames,
  nameOf,
  stateHash,
  type Body,
  type BundleItem,
  type Context,
  type ItemLoader,
  type Loaded,
  type Result,
  type StateHash,
} from '@dsm/core';
import { readBody } from '../chain/draft.ts';
import type { Device, Storage } from '../device.ts';
import { runAlone, runWith } from '../evidence/run-with.ts';
import { readChain } from '../records/chain.ts';
import { readItem } from '../records/item.ts';
import { isHeldBy } from './peer-holds.ts';
import type { RelationshipRecord } from './records.ts';

const isStep = (item: BundleItem): boolean =>
  item.type === 'operation' && item.operation.kind === 'half' && item.operation.operation.type !== 'genesis';

/** What this device holds but for steps of halves: those that a verifier shall see are handed to it. */
export const loadWithoutSteps =
  (storage: Storage): ItemLoader =>
  async (name) => {
    const item = await readItem(storage, name);
    return item && isStep(item) ? undefined : item;
  };

/**
 * Verifies a message about these states over what came along and what is held; `witnesses` are those of steps that
 * this device has repeated itself. `E_SURPLUS` for an item that nothing asks for (spec BND-3): a damaged one goes by
 * another name and would pass unnoticed where this device holds the genuine one.
 */
export async function runOverMessage<T>(
  device: Device,
  items: readonly BundleItem[],
  states: readonly StateHash[],
  verify: (context: Context) => Result<T>,
  witnesses: readonly BundleItem[] = [],
): Promise<Loaded<T>> {
  const overlay = [...(await stepsAt(device, items, states)), ...witnesses, ...items];
  const load = loadWithoutSteps(device);
  const loaded = await runWith(device, overlay, verify, load);
  const unused = without(device, items, loaded.used);
  if (!loaded.result.ok || unused.length === 0) return loaded;
  // What this device knows to be final it does not look up: a stranger would.
  const alone = await runAlone(device, overlay, verify, load);
  if (!alone.result.ok && alone.result.error.code !== 'E_INCOMPLETE') return alone;
  const left = without(device, unused, alone.used);
  if (left.length === 0) return loaded;
  // What the sender does not know to be final it shows from further down; this device may know better.
  const asShown = await runAlone(device, overlay, verify, loadAsShown(device, items, load));
  if (!asShown.result.ok && asShown.result.error.code !== 'E_INCOMPLETE') return asShown;
  const [surplus] = without(device, left, asShown.used);
  if (!surplus) return loaded;
  const result = fail('E_SURPLUS', 'BND-3', `nothing needs this: ${nameOf(device.suite, surplus)}`);
  return { ...loaded, result };
}

/** Keeps back the certificates of states that came along without one. */
function loadAsShown({ suite }: Device, items: readonly BundleItem[], load: ItemLoader): ItemLoader {
  const brought = new Set(items.map((item) => nameOf(suite, item)));
  const open = new Set(
    items
      .flatMap((item) => (item.type === 'body' ? [itemNames.certificate(item.body.chain, item.body.index)] : []))
      .filter((name) => !brought.has(name)),
  );
  return async (name) => (open.has(name) ? undefined : load(name));
}

function without({ suite }: Device, items: readonly BundleItem[], used: readonly BundleItem[]): readonly BundleItem[] {
  const names = new Set(used.map((item) => nameOf(suite, item)));
  return items.filter((item) => !names.has(nameOf(suite, item)));
}

/** Bodies and operations of these very states, as they came along or as they are held. */
async function stepsAt(
  storage: Storage,
  items: readonly BundleItem[],
  states: readonly StateHash[],
): Promise<readonly BundleItem[]> {
  const byName = indexItems(storage.suite, items);
  const find = async (name: string): Promise<BundleItem | undefined> => byName.get(name) ?? readItem(storage, name);
  const steps: BundleItem[] = [];
  for (const state of states) {
    const body = await find(itemNames.body(state));
    if (body?.type !== 'body') continue;
    const operation = await find(itemNames.operation(body.body.op));
    steps.push(body, ...(operation ? [operation] : []));
  }
  return steps;
}

/** The states that a message is about, and the older own ones that the peer has not seen yet. `drafted`: not stored yet. */
export async function stepsToShow(
  device: Device,
  relationship: RelationshipRecord,
  states: readonly StateHash[],
  drafted: readonly BundleItem[] = [],
): Promise<readonly BundleItem[]> {
  const steps = [...(await stepsAt(device, drafted, states))];
  const bodies = steps.flatMap((item) => (item.type === 'body' ? [item.body] : []));
  const seen = await seenIndex(device, relationship);
  for (const state of states) {
    const body = bodies.find((one) => equalBytes(stateHash(device.suite, one), state));
    if (!body || !equalBytes(body.chain, relationship.ownHalf)) continue;
    let older: Body | undefined = await readBody(device, body.prev);
    while (older && older.index > seen) {
      const name = itemNames.operation(older.op);
      const operation = await readItem(device, name);
      if (!operation || (await isHeldBy(device, relationship.peer, name))) break;
      steps.push({ type: 'body', body: older }, operation);
      older = await readBody(device, older.prev);
    }
  }
  return steps;
}

/** Index of the newest own half state that the peer has named as seen; 0 while it has named none. */
async function seenIndex(storage: Storage, { ownHalf, peerHalf }: RelationshipRecord): Promise<number> {
  const peer = peerHalf && (await readChain(storage, peerHalf));
  const tip = peer && (await readBody(storage, peer.tip.hash));
  const item = tip && (await readItem(storage, itemNames.operation(tip.op)));
  if (item?.type !== 'operation' || item.operation.kind !== 'half') return 0;
  const { operation } = item.operation;
  if (operation.type === 'genesis') return 0;
  // A state of a half whose place this one has taken says nothing about this one.
  const seen = await readBody(storage, operation.seen.hash);
  return seen && equalBytes(seen.chain, ownHalf) ? operation.seen.index : 0;
}
