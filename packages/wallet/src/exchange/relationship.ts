/** Beginning relationships: the own half exists from the first offer or accept on (spec REL-1). */
import {
  amount as amountCodec,
  editLeaves,
  fail,
  makeGenesis,
  ok,
  relationshipId,
  stateHash,
  totalLeaf,
  type ChainId,
  type HalfGenesis,
  type RelationshipTerms,
  type Result,
  itemNames,
  LIMITS,
} from '@dsm/core';
import { openChain, type HeldChain } from '../chain/draft.ts';
import { installChain } from '../chain/install.ts';
import type { Device } from '../device.ts';
import { chainRecords } from '../records/chain.ts';
import { readItem } from '../records/item.ts';
import type { ReservationRecord } from '../records/reservation.ts';
import { readRestore } from '../records/restore.ts';
import {
  findRelationship,
  NONCE_BYTES,
  payingRelationships,
  PAYMENTS,
  relationshipRecords,
  type RelationshipRecord,
} from './records.ts';
import { DEFAULT_RULES } from './terms.ts';

/** The relationship that pays with this peer, begun if there is none. */
export async function ensureRelationship(device: Device, peer: ChainId): Promise<Result<RelationshipRecord>> {
  const known = await findRelationship(device, peer);
  if (known) return ok(known);
  const nonce = device.entropy(NONCE_BYTES);
  return beginRelationship(device, peer, { purpose: PAYMENTS, rules: DEFAULT_RULES, nonce });
}

/** The total of a vault as the half's leaves have it. */
export function totalIn(device: Device, held: HeldChain, vault: ChainId): Result<bigint> {
  const leaf = editLeaves(device.suite, held.tree).read(totalLeaf(vault), amountCodec);
  return leaf.ok ? ok(leaf.value ?? 0n) : leaf;
}

/** The relationship whose half has this total of the vault: under one reservation all payments stand in one half. */
export async function relationshipWithTotal(
  device: Device,
  peer: ChainId,
  half: 'ownHalf' | 'peerHalf',
  { vault, total }: Pick<ReservationRecord, 'vault' | 'total'>,
): Promise<RelationshipRecord | undefined> {
  for (const relationship of await payingRelationships(device, peer)) {
    const chain = relationship[half];
    const held = chain && (await openChain(device, chain));
    const found = held && totalIn(device, held, vault);
    if (found?.ok === true && found.value === total) return relationship;
  }
  return undefined;
}

/** The own half of the relationship that these terms name, begun if it is not there yet. */
export async function beginRelationship(
  device: Device,
  peer: ChainId,
  terms: RelationshipTerms,
): Promise<Result<RelationshipRecord>> {
  const half = await ownHalfTerms(device, peer, terms);
  if (!half.ok) return half;
  const id = relationshipId(device.suite, half.value);
  const known = await relationshipRecords.read(device, id);
  if (known) return ok(known);
  const genesis = makeGenesis(device.suite, device.network.id, { kind: 'half', operation: half.value });
  const begun: RelationshipRecord = {
    id,
    peer,
    purpose: terms.purpose,
    ownHalf: genesis.body.chain,
    peerHalf: null,
  };
  const committed = await device.store.commit(
    [
      relationshipRecords.put(device, id, begun),
      ...installChain(device, genesis, { kind: 'half', operation: half.value }),
    ],
    [relationshipRecords.isAbsent(id), chainRecords.isAbsent(begun.ownHalf)],
  );
  return committed.ok ? ok(begun) : committed;
}

async function ownHalfTerms(device: Device, peer: ChainId, terms: RelationshipTerms): Promise<Result<HalfGenesis>> {
  const genesis = await readItem(device, itemNames.genesis(device.account));
  if (genesis?.type !== 'body') return fail('E_DAMAGED', 'WAL-1', 'the genesis of the own account is missing');
  const restore = await readRestore(device);
  return ok({
    type: 'genesis',
    purpose: terms.purpose,
    rules: terms.rules,
    nonce: terms.nonce,
    k: LIMITS.defaultSkip,
    owner: device.account,
    key: device.key.publicKey,
    peer,
    base: restore?.restored ?? { index: 0, hash: stateHash(device.suite, genesis.body) },
  });
}
