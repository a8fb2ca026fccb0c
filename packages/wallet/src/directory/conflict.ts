/** Another state stands where one of ours, or one that we hold, was to become final. */
import { done, equalBytes, stateHash, type Body, type Result } from '@dsm/core';
import { recordFinal } from '../chain/finalize.ts';
import type { Device } from '../device.ts';
import { fetchFinal } from './states.ts';

/** Adopts the Final at this place if a node shows one; what rested on `body` is lost then. */
export async function adoptConflict(device: Device, body: Body): Promise<Result<undefined>> {
  const final = await fetchFinal(device, body.chain, body.index);
  if (!final.ok || equalBytes(final.value.certificate.hash, stateHash(device.suite, body))) return done;
  return recordFinal(device, final.value, { delivered: true });
}
