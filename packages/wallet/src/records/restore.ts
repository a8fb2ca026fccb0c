/** What a device remembers of having been restored, and of accounts that were (spec WAL-33 to WAL-35, REL-44). */
import { flag, optional, record, tipCodec, uint, type ChainId, type Tip } from '@dsm/core';
import type { Storage } from '../device.ts';
import { defineCollection, type Collection } from './collection.ts';
import { SOLE } from './meta.ts';

export interface RestoreRecord {
  /** The wallet's clock when the backup was made, milliseconds. */
  readonly backupAt: number;
  /** The wallet's clock when it was restored; later once the account is known to have signed later. */
  readonly restoredAt: number;
  /** A quorum of nodes has said what time it is: the wait has begun. */
  readonly contacted: boolean;
  /** Nothing is signed until the clock is past this; later while no contact was made. */
  readonly signsFrom: number;
  /** The own `restored` state that was drafted last. */
  readonly draft: Tip | null;
  /** The own `restored` state that is final: from then on the device signs, and halves stand on it. */
  readonly restored: Tip | null;
}

/** One key, in a wallet that came from a backup. */
export const restoreRecords: Collection<RestoreRecord> = defineCollection('restore', () =>
  record<RestoreRecord>({
    backupAt: uint(),
    restoredAt: uint(),
    contacted: flag,
    signsFrom: uint(),
    draft: optional(tipCodec),
    restored: optional(tipCodec),
  }),
);

export const readRestore = (storage: Storage): Promise<RestoreRecord | undefined> => restoreRecords.read(storage, SOLE);

/** The newest final `restored` state of an account that this device knows of. Key: account. */
export const restoredRecords: Collection<Tip> = defineCollection('restored', () => tipCodec);

/** Its index; 0 while none is known. */
export const readRestoredIndex = async (storage: Storage, account: ChainId): Promise<number> =>
  (await restoredRecords.read(storage, account))?.index ?? 0;
