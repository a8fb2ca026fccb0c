/** What this device accepts: by contact, with one rule for everybody else. Key: account, or nothing for the default. */
import { amount, record, uint, type ChainId } from '@dsm/core';
import type { Storage } from '../device.ts';
import { oneOf } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

export interface PolicyRecord {
  /** Whether provisional payments are taken: not at all, up to `maxUnits18`, or any. */
  readonly provisional: 'refuse' | 'limit' | 'any';
  /** Token units times 10^18, whatever the token's digits: one limit holds for all tokens. */
  readonly maxUnits18: bigint;
  /** Most states in a payer's uncertified run, the payment included. */
  readonly run: number;
}

export const DEFAULT_POLICY: PolicyRecord = { provisional: 'refuse', maxUnits18: 0n, run: 4 };

export const policyRecords: Collection<PolicyRecord> = defineCollection('policy', () =>
  record<PolicyRecord>({ provisional: oneOf(['refuse', 'limit', 'any']), maxUnits18: amount, run: uint() }),
);

const EVERYBODY = new Uint8Array(0);

export const policyKey = (contact: ChainId | null): Uint8Array => contact ?? EVERYBODY;

/** The rule for this payer: its own, else that for everybody. */
export async function readPolicy(storage: Storage, contact: ChainId | null): Promise<PolicyRecord> {
  const own = contact && (await policyRecords.read(storage, contact));
  return own ?? (await policyRecords.read(storage, EVERYBODY)) ?? DEFAULT_POLICY;
}
