/** Learning from the nodes that somebody this device deals with was restored (spec REL-44, NET-50). */
import { chainTipCodec, equalBytes, ok, pathTo, toHex, verifyCertificate, type ChainId, type Result } from '@dsm/core';
import { recordFinal } from '../chain/finalize.ts';
import type { Device } from '../device.ts';
import { answersOf, askAll } from '../directory/client.ts';
import { fetchFinal } from '../directory/states.ts';
import { listRelationships } from '../exchange/records.ts';
import { readRestoredIndex } from '../records/restore.ts';
import type { Notes } from '../sync/notes.ts';

/** Asks about every peer of a relationship. What does not prove itself is passed over. */
export async function lookForRestored(device: Device, notes: Notes): Promise<Result<undefined>> {
  const peers = new Map((await listRelationships(device)).map(({ peer }) => [toHex(peer), peer]));
  for (const peer of peers.values()) {
    const learnt = notes.take(await learnOf(device, peer));
    if (!learnt.ok) return learnt;
  }
  return ok(undefined);
}

async function learnOf(device: Device, peer: ChainId): Promise<Result<undefined>> {
  const known = await readRestoredIndex(device, peer);
  const tips = answersOf(await askAll(device, pathTo.restored(peer), null, chainTipCodec));
  const newer = tips.filter(
    ({ index, certificate }) =>
      index > known &&
      certificate !== null &&
      equalBytes(certificate.chain, peer) &&
      certificate.index === index &&
      verifyCertificate(device, certificate).ok,
  );
  const indexes = new Set(newer.map(({ index }) => index).toSorted((a, b) => b - a));
  // Whether it is a `restored` state its operation says: a node may name a newer state that is none.
  for (const index of indexes) {
    const final = await fetchFinal(device, peer, index);
    if (!final.ok || final.value.operation.operation.type !== 'restored') continue;
    return recordFinal(device, final.value, { delivered: true });
  }
  return ok(undefined);
}
