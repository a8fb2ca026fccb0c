/** Certified debits in favour of this account that this device has verified, by nullifier. */
import { amount, hash, optional, record, uint, type ChainId, type TokenId } from '@dsm/core';
import { defineCollection, type Collection } from './collection.ts';

export interface CreditRecord {
  readonly source: ChainId;
  readonly index: number;
  readonly output: number;
  readonly token: TokenId;
  /** Base units. */
  readonly amount: bigint;
  /** Index of the own state that credits it; null while none does. */
  readonly received: number | null;
}

export const creditRecords: Collection<CreditRecord> = defineCollection('credit', () =>
  record<CreditRecord>({
    source: hash<ChainId>(),
    index: uint(),
    output: uint(),
    token: hash<TokenId>(),
    amount,
    received: optional(uint()),
  }),
);
