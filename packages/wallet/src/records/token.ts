/** Tokens that this device has met, by id. The policy is an item of evidence as well. */
import { policyCodec, type TokenPolicy, type TokenId, type Write } from '@dsm/core';
import type { Storage } from '../device.ts';
import { defineCollection, type Collection } from './collection.ts';
import { putItems } from './item.ts';

export const tokenRecords: Collection<TokenPolicy> = defineCollection('token', () => policyCodec);

export const putToken = (storage: Storage, token: TokenId, policy: TokenPolicy): Write[] => [
  tokenRecords.put(storage, token, policy),
  ...putItems(storage, [{ type: 'policy', policy }]),
];
