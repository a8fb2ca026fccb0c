/** What a wallet is, and its sealed keys. The wallet record never changes; the keys are sealed together with it. */
import {
  bytes,
  hash,
  label,
  LIMITS,
  list,
  literal,
  networkCodec,
  record,
  uint,
  type ChainId,
  type Codec,
  type NetworkDescription,
  type SignatureAlgorithm,
  type StretchCost,
} from '@dsm/core';
import { oneOf, textKey } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

export interface WalletRecord {
  readonly version: 1;
  readonly network: NetworkDescription;
  readonly name: string;
  readonly algorithm: SignatureAlgorithm;
  readonly identity: ChainId;
  readonly account: ChainId;
  readonly salt: Uint8Array;
  readonly cost: StretchCost;
}

export interface KeysRecord {
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
}

export const walletCodec: Codec<WalletRecord> = record<WalletRecord>({
  version: literal(1),
  network: networkCodec,
  name: label(LIMITS.nameBytes, 1),
  algorithm: oneOf(['slh-dsa-sha2-128f', 'slh-dsa-sha2-128s', 'ml-dsa-44']),
  identity: hash<ChainId>(),
  account: hash<ChainId>(),
  salt: bytes(16),
  cost: record<StretchCost>({ memoryKib: uint(), passes: uint(), lanes: uint() }),
});

export const walletRecords: Collection<WalletRecord> = defineCollection('wallet', () => walletCodec);

export const keysRecords: Collection<KeysRecord> = defineCollection('keys', () =>
  record<KeysRecord>({ nonce: bytes(24), sealed: bytes(16, LIMITS.leafBytes * 4) }),
);

export const endpointsRecords: Collection<readonly string[]> = defineCollection('endpoints', () =>
  list(label(256), LIMITS.networkNodes),
);

/** Newest certified time seen, milliseconds. */
export const timeRecords: Collection<number> = defineCollection('time', () => uint());

/** Nodes that have this device's genesis. */
export const publishedRecords: Collection<readonly number[]> = defineCollection('published', () =>
  list(uint(LIMITS.networkNodes), LIMITS.networkNodes),
);

/** The one key in the collections above. */
export const SOLE: Uint8Array = textKey('self');
