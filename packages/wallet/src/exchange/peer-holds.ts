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

/** Rows that remember what the peer holds. */
export function holdsWrites(storage: Storage, peer: ChainId, items: readonly BundleItem[]): readonly Write[] {
  const keys = items
    .filter((item) => item.type !== 'witness')
    .map((item) => holdKey(storage, peer, nameOf(storage.suite, item)));
  return keys.toSorted(compareBytes).map((key) => peerHoldsRecords.put(storage, key, true));
}
