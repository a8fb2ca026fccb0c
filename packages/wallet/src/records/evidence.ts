/** Fork evidence that this device has verified, by its id. */
import { bundleCodec, forkCodec, hash, record, uint, type BundleItem, type Fork, type KeyId } from '@dsm/core';
import type { Storage } from '../device.ts';
import { defineCollection, type Collection } from './collection.ts';

export interface EvidenceRecord {
  readonly id: Uint8Array;
  readonly fork: Fork;
  /** `H("key", key)` of the accused. */
  readonly device: KeyId;
  /** When this device learnt of it. */
  readonly at: number;
  /** Everything that the proof needs, complete in itself. */
  readonly items: readonly BundleItem[];
}

export const evidenceRecords: Collection<EvidenceRecord> = defineCollection('evidence', (suite) =>
  record<EvidenceRecord>({
    id: hash(),
    fork: forkCodec,
    device: hash<KeyId>(),
    at: uint(),
    items: bundleCodec(suite),
  }),
);

export async function listEvidenceRecords(storage: Storage): Promise<readonly EvidenceRecord[]> {
  const entries = await evidenceRecords.list(storage);
  return entries.map(({ value }) => value);
}
