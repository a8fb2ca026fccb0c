/** Chains that this device keeps: its own, vaults that it takes part in, halves of its peers. */
import {
  CHAIN_KINDS,
  record,
  tipCodec,
  uint,
  type ChainId,
  type ChainKind,
  type Condition,
  type Tip,
  type Write,
} from '@dsm/core';
import type { Storage } from '../device.ts';
import { oneOf } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

export interface ChainRecord {
  readonly kind: ChainKind;
  /** The newest state, signed or not yet. */
  readonly tip: Tip;
  /** The newest state known to be final; the genesis at first. */
  readonly certifiedTip: Tip;
  /** Checkpoint interval. */
  readonly k: number;
}

export const chainRecords: Collection<ChainRecord> = defineCollection('chain', () =>
  record<ChainRecord>({ kind: oneOf(CHAIN_KINDS), tip: tipCodec, certifiedTip: tipCodec, k: uint() }),
);

export const readChain = (storage: Storage, chain: ChainId): Promise<ChainRecord | undefined> =>
  chainRecords.read(storage, chain);

export const putChain = (storage: Storage, chain: ChainId, value: ChainRecord): Write =>
  chainRecords.put(storage, chain, value);

export const chainUnchanged = (storage: Storage, chain: ChainId, value: ChainRecord | undefined): Condition =>
  chainRecords.isUnchanged(storage, chain, value);
