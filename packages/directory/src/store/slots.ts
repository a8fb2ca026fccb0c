/** Slots and tips in the store. */
import { decodeWith, encodeWith, StoreError, type ChainId, type Place, type Store } from '@dsm/core';
import { EMPTY_SLOT, slotCodec, type SlotRecord } from '../slot.ts';
import { COLLECTIONS, numberKey, placeKey, readNumber } from './keys.ts';
import type { Transaction } from './transaction.ts';

function decodeSlot(bytes: Uint8Array | undefined): SlotRecord {
  if (bytes === undefined) return EMPTY_SLOT;
  const slot = decodeWith(slotCodec, bytes, 'slot');
  if (slot.ok) return slot.value;
  throw new StoreError({ code: 'E_DAMAGED', rule: 'STO-5', message: 'a slot cannot be read' });
}

export const readSlot = async (from: Store | Transaction, { chain, index }: Place): Promise<SlotRecord> => {
  const key = placeKey(chain, index);
  return decodeSlot('read' in from ? await from.read(COLLECTIONS.slot, key) : await from.get(COLLECTIONS.slot, key));
};

export const writeSlot = (transaction: Transaction, { chain, index }: Place, slot: SlotRecord): void =>
  transaction.write(COLLECTIONS.slot, placeKey(chain, index), encodeWith(slotCodec, slot));

/** Index of the newest final state of the chain; undefined when the node knows of none but a genesis. */
export async function readTip(from: Store | Transaction, chain: ChainId): Promise<number | undefined> {
  const bytes = 'read' in from ? await from.read(COLLECTIONS.tip, chain) : await from.get(COLLECTIONS.tip, chain);
  return bytes && readNumber(bytes);
}

export const writeTip = (transaction: Transaction, chain: ChainId, index: number): void =>
  transaction.write(COLLECTIONS.tip, chain, numberKey(index));
