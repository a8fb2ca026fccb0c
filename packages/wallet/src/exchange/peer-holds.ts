/** Which items a peer is known to hold: those that it sent, and those of own messages that it has answered to. */
import {
  compareBytes,
  concatBytes,
  decodeFile,
  encodeItem,
  nameOf,
  type BundleItem,
  type ChainId,
  type Write,
} from '@dsm/core';
import type { Device, Storage } from '../device.ts';
import { readItem } from '../records/item.ts';
import { messageKey, messageRecords, peerHoldsRecords, type Turn } from './records.ts';

const holdKey = ({ suite }: Storage, peer: ChainId, name: string): Uint8Array =>
  concatBytes([peer, suite.hash('peer-holds', encodeItem(name))]);

export const isHeldBy = async (storage: Storage, peer: ChainId, name: string): Promise<boolean> =>
  (await peerHoldsRecords.read(storage, holdKey(storage, peer, name))) ?? false;

export async function withoutHeld(
  storage: Storage,
  peer: ChainId,
  items: readonly BundleItem[],
): Promise<readonly BundleItem[]> {
  const kept: BundleItem[] = [];
  for (const item of items) {
    if (!(await isHeldBy(storage, peer, nameOf(storage.suite, item)))) kept.push(item);
  }
  return kept;
}

/** Items of an own message that the peer has answered to. */
export async function itemsSent(device: Device, payment: Uint8Array, turn: Turn): Promise<readonly BundleItem[]> {
  const bytes = await messageRecords.read(device, messageKey(payment, turn));
  const file = bytes && decodeFile(device.suite, bytes);
  return file?.ok ? file.value.items : [];
}

/**
 * Rows that remember what the peer holds: `items`, and of what it sent beside them (`shown`) that which this device
 * holds too. The rest is nothing that would ever be sent, so a peer cannot fill the store with it.
 */
export async function holdsWrites(
  storage: Storage,
  peer: ChainId,
  items: readonly BundleItem[],
  shown: readonly BundleItem[] = [],
): Promise<readonly Write[]> {
  const names = new Set(namesOf(storage, items));
  for (const name of namesOf(storage, shown)) if (await readItem(storage, name)) names.add(name);
  const keys = [...names].map((name) => holdKey(storage, peer, name));
  return keys.toSorted(compareBytes).map((key) => peerHoldsRecords.put(storage, key, true));
}

const namesOf = ({ suite }: Storage, items: readonly BundleItem[]): readonly string[] =>
  items.filter(({ type }) => type !== 'witness').map((item) => nameOf(suite, item));
