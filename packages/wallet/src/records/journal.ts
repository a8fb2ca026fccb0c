/**
 * The journal: states of this device that are not done yet, by place. A state enters it together with its intent and
 * leaves it when nothing remains to be done: a state of a half once it is signed, any other once it is final or lost.
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
