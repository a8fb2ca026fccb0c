/** Beginning relationships: the own half exists from the first offer or accept on (spec REL-1). */
import {
  fail,
  makeGenesis,
  ok,
  relationshipId,
  stateHash,
  type BundleItem,
  type ChainId,
  type Genesis,
  type HalfGenesis,
  type RelationshipTerms,
  type Result,
  type Tip,
  type Write,
  itemNames,
  LIMITS,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { chainRecords, putChain } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { putItems, readItem } from '../records/item.ts';
import { putLeaves } from '../records/leaf.ts';
import { stateRecords } from '../records/state.ts';
import { findRelationship, NONCE_BYTES, PAYMENTS, relationshipRecords, type RelationshipRecord } from './records.ts';
import { DEFAULT_RULES } from './terms.ts';

/** The relationship that pays with this peer, begun if there is none. */
export async function ensureRelationship(device: Device, peer: ChainId): Promise<Result<RelationshipRecord>> {
  const known = await findRelationship(device, peer);
  if (known) return ok(known);
  const nonce = device.entropy(NONCE_BYTES);
  return beginRelationship(device, peer, { purpose: PAYMENTS, rules: DEFAULT_RULES, nonce });
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
    [relationshipRecords.put(device, id, begun), ...installHalf(device, genesis, half.value)],
    [relationshipRecords.isAbsent(id), chainRecords.isAbsent(begun.ownHalf)],
  );
  return committed.ok ? ok(begun) : committed;
}

/** Rows of a chain of kind half that begins here. */
function installHalf(device: Device, { body, tree }: Genesis, operation: HalfGenesis): readonly Write[] {
  const tip: Tip = { index: 0, hash: stateHash(device.suite, body) };
  const items: readonly BundleItem[] = [
    { type: 'body', body },
    { type: 'operation', operation: { kind: 'half', operation } },
  ];
  return [
    ...putItems(device, items),
    ...putLeaves(device, body.chain, tree),
    stateRecords.put(device, placeKey(body.chain, 0), {
      hash: tip.hash,
      status: 'final',
      mode: 'online',
      attached: [],
    }),
    putChain(device, body.chain, { kind: 'half', tip, certifiedTip: tip, k: operation.k }),
  ];
}

async function ownHalfTerms(device: Device, peer: ChainId, terms: RelationshipTerms): Promise<Result<HalfGenesis>> {
  const genesis = await readItem(device, itemNames.genesis(device.account));
  if (genesis?.type !== 'body') return fail('E_DAMAGED', 'WAL-1', 'the genesis of the own account is missing');
  return ok({
    type: 'genesis',
    purpose: terms.purpose,
    rules: terms.rules,
    nonce: terms.nonce,
    k: LIMITS.defaultSkip,
    owner: device.account,
    key: device.key.publicKey,
    peer,
    base: { index: 0, hash: stateHash(device.suite, genesis.body) },
  });
}
