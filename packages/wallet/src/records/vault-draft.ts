/** Drafts of this device for a slot of a vault: `vault ‖ index ‖ state hash` → the items that this one needs. */
import { bundleCodec, concatBytes, type BundleItem, type ChainId, type StateHash } from '@dsm/core';
import type { Storage } from '../device.ts';
import { placeKey } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

export const vaultDraftRecords: Collection<readonly BundleItem[]> = defineCollection('vaultDraft', bundleCodec);

export const draftKey = (vault: ChainId, index: number, hash: StateHash): Uint8Array =>
  concatBytes([placeKey(vault, index), hash]);

/** All drafts for one slot. */
export async function listVaultDrafts(storage: Storage, vault: ChainId, index: number): Promise<readonly StateHash[]> {
  const prefix = placeKey(vault, index);
  const entries = await vaultDraftRecords.list(storage, { prefix });
  return entries.map(({ key }) => key.slice(prefix.length) as StateHash);
}
