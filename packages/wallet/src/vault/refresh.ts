/** What the network knows of a reservation and this device does not yet: claims and releases that became final. */
import { done, type ChainId, type Result } from '@dsm/core';
import { recordFinal } from '../chain/finalize.ts';
import type { Device } from '../device.ts';
import { fetchFinal, fetchTipIndex } from '../directory/states.ts';
import { ensureVaultChain } from './record.ts';

/** Adopts the vault's final states beyond the newest known one. Silent when nobody answers: then nothing is new. */
export async function refreshVault(device: Device, vault: ChainId): Promise<Result<undefined>> {
  const chain = await ensureVaultChain(device, vault);
  if (!chain) return done;
  const newest = await fetchTipIndex(device, vault);
  for (let index = chain.certifiedTip.index + 1; index <= newest; index++) {
    const final = await fetchFinal(device, vault, index);
    if (!final.ok) return done;
    const recorded = await recordFinal(device, final.value, { delivered: true });
    if (!recorded.ok) return recorded;
  }
  return done;
}
