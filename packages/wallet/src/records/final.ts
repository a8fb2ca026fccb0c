/** Places whose final state this device has verified: place → state hash. */
import { hash, type ChainId, type StateHash } from '@dsm/core';
import type { Storage } from '../device.ts';
import { placeKey } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

export const finalRecords: Collection<StateHash> = defineCollection('final', () => hash<StateHash>());

export const readFinal = (storage: Storage, chain: ChainId, index: number): Promise<StateHash | undefined> =>
  finalRecords.read(storage, placeKey(chain, index));
