/** Payments of this device, in and out, of every kind: what `history` shows. Key: the pre-commitment. */
import {
  amount,
  hash,
  label,
  LIMITS,
  optional,
  record,
  uint,
  type ChainId,
  type Grade,
  type StateHash,
  type TokenId,
} from '@dsm/core';
import type { Storage } from '../device.ts';
import { oneOf } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

export type PaymentKind = 'online' | 'reserved' | 'provisional' | 'mint';
export type PaymentStatus =
  | 'requested'
  | 'offered'
  | 'accepted'
  | 'committed'
  | 'received'
  | 'acknowledged'
  | 'pending'
  | 'final'
  | 'cancelled'
  | 'expired'
  | 'lost'
  | 'void'
  /** Begun before a restore, and nobody here knows what became of it. */
  | 'unknown';

export interface PaymentRecord {
  /** `C_pre` of the state that pays: the same on both sides. */
  readonly payment: Uint8Array;
  readonly kind: PaymentKind;
  readonly direction: 'in' | 'out';
  /** Account of the other side; one's own for a mint. */
  readonly peer: ChainId;
  readonly token: TokenId;
  /** Base units. */
  readonly amount: bigint;
  readonly order: string;
  readonly grade: Grade | null;
  readonly status: PaymentStatus;
  /** When this device first knew of it. */
  readonly at: number;
  /** The state that pays and where it stands. */
  readonly state: StateHash | null;
  readonly chain: ChainId | null;
  readonly index: number | null;
  /** The reservation that a `reserved` payment is out of. */
  readonly vault: ChainId | null;
  readonly expiresAt: number;
  readonly claimBy: number | null;
  readonly settleBy: number | null;
  readonly refundOf: Uint8Array | null;
}

export const paymentRecords: Collection<PaymentRecord> = defineCollection('payment', () =>
  record<PaymentRecord>({
    payment: hash(),
    kind: oneOf(['online', 'reserved', 'provisional', 'mint']),
    direction: oneOf(['in', 'out']),
    peer: hash<ChainId>(),
    token: hash<TokenId>(),
    amount,
    order: label(LIMITS.orderBytes),
    grade: optional(oneOf(['certified', 'reserved', 'provisional'])),
    status: oneOf([
      'requested',
      'offered',
      'accepted',
      'committed',
      'received',
      'acknowledged',
      'pending',
      'final',
      'cancelled',
      'expired',
      'lost',
      'void',
      'unknown',
    ]),
    at: uint(),
    state: optional(hash<StateHash>()),
    chain: optional(hash<ChainId>()),
    index: optional(uint()),
    vault: optional(hash<ChainId>()),
    expiresAt: uint(),
    claimBy: optional(uint()),
    settleBy: optional(uint()),
    refundOf: optional(hash()),
  }),
);

/** Oldest first; of two that this device learnt of at once, the one that stands earlier in its chain. */
export async function listPayments(storage: Storage): Promise<readonly PaymentRecord[]> {
  const entries = await paymentRecords.list(storage);
  return entries.map(({ value }) => value).toSorted((a, b) => a.at - b.at || (a.index ?? 0) - (b.index ?? 0));
}

export const readPayment = (storage: Storage, payment: Uint8Array): Promise<PaymentRecord | undefined> =>
  paymentRecords.read(storage, payment);
