/** Halves after a restore (spec REL-44): new ones take the place of those that stand on an older base. */
import {
  equalBytes,
  fail,
  isClosedHalf,
  makeGenesis,
  ok,
  succeedsHalf,
  type ChainId,
  type HalfGenesis,
  type Result,
  type Tip,
  type Write,
} from '@dsm/core';
import type { Device, Storage } from '../device.ts';
import { listRelationships, peerHoldsRecords, relationshipRecords } from '../exchange/records.ts';
import { installChain } from '../chain/install.ts';
import { placeKey } from '../records/codecs.ts';
import { finalRecords } from '../records/final.ts';
import { readRestoredIndex, restoredRecords } from '../records/restore.ts';
import { readHalfTerms } from './half-terms.ts';

/** In every relationship a new own half on the `restored` state. The old ones stay as they are, for claims. */
export async function renewHalves(device: Device, base: Tip): Promise<readonly Write[]> {
  const writes: Write[] = [];
  for (const relationship of await listRelationships(device)) {
    const terms = await readHalfTerms(device, relationship.ownHalf);
    if (!terms || !isClosedHalf(terms, base.index)) continue;
    const operation: HalfGenesis = { ...terms, base };
    const genesis = makeGenesis(device.suite, device.network.id, { kind: 'half', operation });
    writes.push(
      ...installChain(device, genesis, { kind: 'half', operation }),
      relationshipRecords.put(device, relationship.id, { ...relationship, ownHalf: genesis.body.chain }),
    );
  }
  return writes;
}

/** A restored peer has lost what it was shown since its backup: from now on it is shown again. */
async function forgetHeld(storage: Storage, peer: ChainId): Promise<readonly Write[]> {
  const held = await peerHoldsRecords.list(storage, { prefix: peer });
  return held.map(({ key }) => peerHoldsRecords.remove(key));
}

/** A half as a peer shows it, verified. */
export interface ShownHalf {
  readonly chain: ChainId;
  readonly terms: HalfGenesis;
}

/** `E_MISMATCH` unless the half that a peer shows is the one known, the first, or takes its place. */
export async function requireSuccession(
  device: Device,
  known: ChainId | null,
  shown: ShownHalf,
): Promise<Result<undefined>> {
  if (known !== null && equalBytes(known, shown.chain)) return ok(undefined);
  const terms = known === null ? undefined : await readHalfTerms(device, known);
  return terms === undefined || succeedsHalf(device.suite, terms, shown.terms)
    ? ok(undefined)
    : fail('E_MISMATCH', 'REL-44', 'the other side shows another half of this relationship than before');
}

/**
 * What follows from a verified half of a peer that this device has not dealt with: that its account was restored, if
 * the half says so, and that it does not hold what it held.
 */
export async function learnRestored(
  device: Device,
  known: ChainId | null,
  { chain, terms: { owner, base } }: ShownHalf,
): Promise<readonly Write[]> {
  if (base.index === 0 || (known !== null && equalBytes(known, chain))) return [];
  const isNew = base.index > (await readRestoredIndex(device, owner));
  return [
    ...(isNew ? [restoredRecords.put(device, owner, base)] : []),
    finalRecords.put(device, placeKey(owner, base.index), base.hash),
    ...(await forgetHeld(device, owner)),
  ];
}
