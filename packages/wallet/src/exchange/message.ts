/**
 * Writing messages: a message carries exactly the items that its verifier uses, found by running that verifier
 * (spec BND-3). Older half states that the peer has named as seen are left out; compact messages leave out everything
 * that the peer is known to hold.
 */
import {
  compareBytes,
  concatBytes,
  decodeFile,
  encodeFile,
  encodeItem,
  itemNames,
  nameOf,
  ok,
  runWithItems,
  type BundleItem,
  type ChainId,
  type Context,
  type FileContent,
  type FileKind,
  type Result,
  type Write,
} from '@dsm/core';
import { contextOf, type Device, type Storage } from '../device.ts';
import { readChain } from '../records/chain.ts';
import { readItem } from '../records/item.ts';
import { readState } from '../records/state.ts';
import { messageKey, messageRecords, peerHoldsRecords, type RelationshipRecord, type Turn } from './records.ts';

export interface MessageOptions {
  readonly relationship: RelationshipRecord;
  /** Leave out what the peer holds. */
  readonly compact: boolean;
  /** The peer repeats the steps of the halves itself; of an account that it does not hold it cannot. */
  readonly grade: 'reserved' | 'provisional';
}

/** The file of a message whose verifier succeeds over what this device holds. */
export async function writeMessage<K extends FileKind>(
  device: Device,
  kind: K,
  content: FileContent[K],
  verify: (context: Context) => Result<unknown>,
  { relationship, compact, grade }: MessageOptions,
): Promise<Result<Uint8Array>> {
  const hidden = await seenOperation(device, relationship);
  const { result, used } = await runWithItems(
    device.suite,
    async (name) => (name === hidden ? undefined : readItem(device, name)),
    () => undefined,
    (evidence) => verify(contextOf(device, evidence)),
  );
  if (!result.ok) return result;
  const sent = compact && grade === 'reserved' ? used.filter((item) => item.type !== 'witness') : used;
  const items = compact ? await withoutHeld(device, relationship.peer, sent) : sent;
  return ok(encodeFile(device.suite, kind, content, sortItems(device, items)));
}

const sortItems = ({ suite }: Device, items: readonly BundleItem[]): readonly BundleItem[] =>
  items
    .map((item) => ({ item, name: nameOf(suite, item) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ item }) => item);

/**
 * Name of the operation of the newest own half state that the peer has named as seen: the walk over older states
 * ends there.
 */
async function seenOperation(storage: Storage, { ownHalf, peerHalf }: RelationshipRecord): Promise<string | undefined> {
  const peer = peerHalf && (await readChain(storage, peerHalf));
  if (!peer || peer.tip.index === 0) return undefined;
  const tip = await readItem(storage, itemNames.body(peer.tip.hash));
  if (tip?.type !== 'body') return undefined;
  const item = await readItem(storage, itemNames.operation(tip.body.op));
  if (item?.type !== 'operation' || item.operation.kind !== 'half') return undefined;
  const { operation } = item.operation;
  if (operation.type === 'genesis' || operation.seen.index === 0) return undefined;
  const seen = await readState(storage, ownHalf, operation.seen.index);
  const body = seen && (await readItem(storage, itemNames.body(seen.hash)));
  return body?.type === 'body' ? itemNames.operation(body.body.op) : undefined;
}

const holdKey = (storage: Storage, peer: ChainId, item: BundleItem): Uint8Array =>
  concatBytes([peer, storage.suite.hash('peer-holds', encodeItem(nameOf(storage.suite, item)))]);

async function withoutHeld(
  device: Device,
  peer: ChainId,
  items: readonly BundleItem[],
): Promise<readonly BundleItem[]> {
  const kept: BundleItem[] = [];
  for (const item of items) {
    if (!(await peerHoldsRecords.read(device, holdKey(device, peer, item)))) kept.push(item);
  }
  return kept;
}

/** Items of an own message that the peer has answered to. */
export async function itemsSent(device: Device, payment: Uint8Array, turn: Turn): Promise<readonly BundleItem[]> {
  const bytes = await messageRecords.read(device, messageKey(payment, turn));
  const file = bytes && decodeFile(device.suite, bytes);
  return file?.ok ? file.value.items : [];
}

/** Rows that remember what the peer holds: what it sent, and what it has answered to. */
export function holdsWrites(device: Device, peer: ChainId, items: readonly BundleItem[]): readonly Write[] {
  const keys = items.filter((item) => item.type !== 'witness').map((item) => holdKey(device, peer, item));
  return keys.toSorted(compareBytes).map((key) => peerHoldsRecords.put(device, key, true));
}
