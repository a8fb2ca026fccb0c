/**
 * The journal: places that are not done yet. A state of this device enters it together with its intent, any other
 * together with its Final; it leaves it when nothing remains to be done: a state of a half once it is signed, any
 * other once enough nodes know what is final there.
 */
import { flag, type ChainId } from '@dsm/core';
import type { Storage } from '../device.ts';
import { placeOfKey } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

export const journalRecords: Collection<boolean> = defineCollection('journal', () => flag);

/** Places with work left, in the order of chain and index. */
export async function listJournal(
  storage: Storage,
): Promise<readonly { readonly chain: ChainId; readonly index: number }[]> {
  const entries = await journalRecords.list(storage);
  return entries.map(({ key }) => placeOfKey(key));
}
