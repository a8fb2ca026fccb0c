/** Reservations that this device funded or is the payee of, by vault. */
import { amount, hash, record, uint, type ChainId, type TokenId } from '@dsm/core';
import type { Storage } from '../device.ts';
import { oneOf } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

/**
 * `pending`: its funding is not certified yet. `open`: usable. `closing`: its payee takes nothing more out of it and
 * gives the rest back. `released`: the rest went back to the payer.
 */
export type ReservationStatus = 'pending' | 'open' | 'closing' | 'released';

export interface ReservationRecord {
  readonly vault: ChainId;
  readonly payer: ChainId;
  readonly payee: ChainId;
  readonly token: TokenId;
  /** Base units set aside. */
  readonly funded: bigint;
  /** E. */
  readonly until: number;
  /** Highest cumulative total signed by the payer that this device knows of. */
  readonly total: bigint;
  /** Cumulative total claimed by final vault states. */
  readonly claimed: bigint;
  readonly status: ReservationStatus;
}

export const reservationRecords: Collection<ReservationRecord> = defineCollection('reservation', () =>
  record<ReservationRecord>({
    vault: hash<ChainId>(),
    payer: hash<ChainId>(),
    payee: hash<ChainId>(),
    token: hash<TokenId>(),
    funded: amount,
    until: uint(),
    total: amount,
    claimed: amount,
    status: oneOf(['pending', 'open', 'closing', 'released']),
  }),
);

/** True while something may still be appended to the vault. */
export const isLive = ({ status }: ReservationRecord): boolean => status === 'open' || status === 'closing';

export async function listReservations(storage: Storage): Promise<readonly ReservationRecord[]> {
  const entries = await reservationRecords.list(storage);
  return entries.map(({ value }) => value);
}
