/** What a device remembers of its relationships and of the exchanges in them. */
import {
  bundleCodec,
  bytes,
  concatBytes,
  equalBytes,
  flag,
  hash,
  label,
  LIMITS,
  optional,
  outcomeCodec,
  proposalCodec,
  record,
  type BundleItem,
  type ChainId,
  type Outcome,
  type Proposal,
  type StateHash,
} from '@dsm/core';
import type { Storage } from '../device.ts';
import { defineCollection, type Collection } from '../records/collection.ts';

/** One relationship with a peer; a pair may have several. Key: relationship id. */
export interface RelationshipRecord {
  readonly id: Uint8Array;
  readonly peer: ChainId;
  readonly purpose: string;
  readonly ownHalf: ChainId;
  /** Null until the peer has shown its half. */
  readonly peerHalf: ChainId | null;
}

/** The purpose of a relationship that pays. */
export const PAYMENTS = 'payments';

export const relationshipRecords: Collection<RelationshipRecord> = defineCollection('relationship', () =>
  record<RelationshipRecord>({
    id: hash(),
    peer: hash<ChainId>(),
    purpose: label(LIMITS.nameBytes, 1),
    ownHalf: hash<ChainId>(),
    peerHalf: optional(hash<ChainId>()),
  }),
);

export async function listRelationships(storage: Storage): Promise<readonly RelationshipRecord[]> {
  return (await relationshipRecords.list(storage)).map(({ value }) => value);
}

/** Relationships that pay with this peer; those that the peer has shown its half of come first. */
export async function payingRelationships(storage: Storage, peer: ChainId): Promise<readonly RelationshipRecord[]> {
  const all = (await listRelationships(storage)).filter(
    (one) => one.purpose === PAYMENTS && equalBytes(one.peer, peer),
  );
  return all.toSorted((a, b) => Number(a.peerHalf === null) - Number(b.peerHalf === null));
}

export async function findRelationship(storage: Storage, peer: ChainId): Promise<RelationshipRecord | undefined> {
  const [first] = await payingRelationships(storage, peer);
  return first;
}

/** What the messages of a payment consist of. Key: the payment. */
export interface ExchangeRecord {
  readonly proposal: Proposal;
  /** Relationship id. */
  readonly relationship: Uint8Array;
  /** The payee's accept, once there is one. */
  readonly accept: StateHash | null;
}

export const exchangeRecords: Collection<ExchangeRecord> = defineCollection('exchange', () =>
  record<ExchangeRecord>({ proposal: proposalCodec, relationship: hash(), accept: optional(hash<StateHash>()) }),
);

/** The payer-signed state that shows the highest total of a reservation, with its proof. Key: vault. */
export interface TotalProof {
  readonly state: StateHash;
  /** Body, signature, witness of the one leaf, and the item that ties them to the vault. */
  readonly items: readonly BundleItem[];
}

export const totalProofRecords: Collection<TotalProof> = defineCollection('total', (suite) =>
  record<TotalProof>({ state: hash<StateHash>(), items: bundleCodec(suite) }),
);

/** Outcomes that the next own half state will record: `own half ‖ C_pre`. */
export const pendingOutcomeRecords: Collection<Outcome> = defineCollection('outcome', () => outcomeCodec);

export const outcomeKey = (ownHalf: ChainId, payment: Uint8Array): Uint8Array => concatBytes([ownHalf, payment]);

/** The turns of a payment, and the state that each leaves it in. */
export type Turn = 'requested' | 'offered' | 'accepted' | 'committed' | 'received' | 'acknowledged';

/** Messages as they were first written, so that a repeated turn repeats the bytes: `payment ‖ turn`. */
export const messageRecords: Collection<Uint8Array> = defineCollection('message', () => bytes(0, LIMITS.fileBytes));

const TURNS: readonly Turn[] = ['requested', 'offered', 'accepted', 'committed', 'received', 'acknowledged'];

export const messageKey = (payment: Uint8Array, turn: Turn): Uint8Array =>
  concatBytes([payment, Uint8Array.of(TURNS.indexOf(turn))]);

/** Items that a peer is known to hold: `peer ‖ H(name)`. What compact messages leave out. */
export const peerHoldsRecords: Collection<boolean> = defineCollection('peerHolds', () => flag);

/** Bytes of the nonce of a relationship and of the salt of an operation. */
export const NONCE_BYTES = 16;
export const SALT_BYTES = 16;
