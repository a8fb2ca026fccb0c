/** Contacts by account: who somebody is and what the owner calls them. */
import { hash, label, LIMITS, record, uint, type ChainId, type KeyId } from '@dsm/core';
import type { Storage } from '../device.ts';
import { defineCollection, type Collection } from './collection.ts';

export interface ContactRecord {
  readonly account: ChainId;
  readonly identity: ChainId;
  /** `H("key", device key)`: what evidence names. */
  readonly device: KeyId;
  /** Unique among the contacts. */
  readonly name: string;
  /** When it was added. */
  readonly at: number;
}

export const contactRecords: Collection<ContactRecord> = defineCollection('contact', () =>
  record<ContactRecord>({
    account: hash<ChainId>(),
    identity: hash<ChainId>(),
    device: hash<KeyId>(),
    name: label(LIMITS.nameBytes, 1),
    at: uint(),
  }),
);

export async function listContactRecords(storage: Storage): Promise<readonly ContactRecord[]> {
  const entries = await contactRecords.list(storage);
  return entries.map(({ value }) => value);
}
