/** Places whose final state this device has verified: place → state hash. */
import { hash, type ChainId, type StateHash, type Tip } from '@dsm/core';
import type { Storage } from '../device.ts';
import { placeKey, placeOfKey } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

export const finalRecords: Collection<StateHash> = defineCollection('final', () => hash<StateHash>());

export const readFinal = (storage: Storage, chain: ChainId, index: number): Promise<StateHash | undefined> =>
  finalRecords.read(storage, placeKey(chain, index));

/** The newest state of a chain that this device knows to be final. */
export async function readNewestFinal(storage: Storage, chain: ChainId): Promise<Tip | undefined> {
  const [newest] = await finalRecords.list(storage, { prefix: chain, reverse: true, limit: 1 });
  return newest && { index: placeOfKey(newest.key).index, hash: newest.value };
}
