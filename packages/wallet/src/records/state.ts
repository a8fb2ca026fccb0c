/** States of the chains that this device keeps, by place. */
import { bundleCodec, hash, record, type BundleItem, type ChainId, type CryptoSuite, type StateHash } from '@dsm/core';
import type { Storage } from '../device.ts';
import { oneOf, placeKey } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

/**
 * `intent`: durable, to be signed, this very body and no other. `signed`: may have left the device. `final`:
 * certified, or a genesis. `lost`: another state is final at this place. `held`: of somebody else, verified.
 */
export type StateStatus = 'intent' | 'signed' | 'final' | 'lost' | 'held';

/** How a state of an account settles: at once, or some time before its window closes. */
export type StateMode = 'online' | 'provisional';

export interface StateRecord {
  readonly hash: StateHash;
  readonly status: StateStatus;
  readonly mode: StateMode;
  /** Items that the verification of this state needs in this very form, where others go by the same name. */
  readonly attached: readonly BundleItem[];
}

export const stateRecords: Collection<StateRecord> = defineCollection('state', (suite: CryptoSuite) =>
  record<StateRecord>({
    hash: hash<StateHash>(),
    status: oneOf(['intent', 'signed', 'final', 'lost', 'held']),
    mode: oneOf(['online', 'provisional']),
    attached: bundleCodec(suite),
  }),
);

export const readState = (storage: Storage, chain: ChainId, index: number): Promise<StateRecord | undefined> =>
  stateRecords.read(storage, placeKey(chain, index));
