/** Commands that were answered, so that a repeated one moves nothing twice and gives the same answer. */
import { bytes, hashItem, label, LIMITS, list, record, type CryptoSuite, type Item } from '@dsm/core';
import { defineCollection, type Collection } from './collection.ts';

export interface CommandRecord {
  /** JSON of the answer. */
  readonly answer: string;
  /** Content of the file that the command wrote; empty if it wrote none. */
  readonly file: Uint8Array;
  /** Payments that the command began or moved. */
  readonly payments: readonly Uint8Array[];
}

export const commandRecords: Collection<CommandRecord> = defineCollection('command', () =>
  record<CommandRecord>({
    answer: label(LIMITS.leafBytes),
    file: bytes(0, LIMITS.fileBytes),
    payments: list(bytes(32), LIMITS.outcomes),
  }),
);

/** `H("command", [name, arguments])`. */
export const commandKey = (suite: CryptoSuite, name: string, args: readonly Item[]): Uint8Array =>
  hashItem(suite, 'command', [name, args]);
