/** What a device remembers of its machine relationships (spec MCH-20). */
import {
  bytes,
  concatBytes,
  hash,
  LIMITS,
  list,
  machineTermsCodec,
  optional,
  placeCodec,
  record,
  stepRecordCodec,
  uint,
  windowCodec,
  type ChainId,
  type KnownStep,
  type MachineId,
  type MachineTerms,
  type Place,
  type RequiredSigners,
  type StepHash,
  type StepRecord,
  type Window,
} from '@dsm/core';
import { indexKey } from '../records/codecs.ts';
import { defineCollection, type Collection } from '../records/collection.ts';

/** A strand that has been shown, or the own one. */
export interface KnownStrand {
  readonly chain: ChainId;
  readonly party: number;
  /** Index of the account state that it stands on: a party's later strands stand higher. */
  readonly base: number;
}

/** The newest step that exists; number 0 and the relationship's id: none. */
export interface HeadRecord {
  readonly number: number;
  readonly hash: StepHash;
  readonly version: number;
  readonly code: Uint8Array;
}

/** One relationship. Key: its id. */
export interface MachineRecord {
  readonly terms: MachineTerms;
  /** Own position. */
  readonly own: number;
  /** The own strand that is written now. */
  readonly strand: ChainId;
  readonly strands: readonly KnownStrand[];
  readonly head: HeadRecord;
  /** Grows with every change: whoever drafted on an older one begins anew. */
  readonly revision: number;
}

const position = uint(LIMITS.machineParties - 1);

export const machineRecords: Collection<MachineRecord> = defineCollection('machine', () =>
  record<MachineRecord>({
    terms: machineTermsCodec,
    own: position,
    strand: hash<ChainId>(),
    strands: list(
      record<KnownStrand>({ chain: hash<ChainId>(), party: position, base: uint() }),
      LIMITS.machineStrands,
    ),
    head: record<HeadRecord>({ number: uint(), hash: hash<StepHash>(), version: uint(), code: hash() }),
    revision: uint(),
  }),
);

/** Known steps: `relationship ‖ number ‖ hash`. */
export type KnownStepRecord = Pick<KnownStep, 'record' | 'required' | 'version' | 'code'>;

export const machineStepRecords: Collection<KnownStepRecord> = defineCollection('machineStep', () =>
  record<KnownStepRecord>({
    record: stepRecordCodec,
    required: optional(
      record<RequiredSigners>({
        parties: list(position, LIMITS.machineParties),
        count: uint(LIMITS.machineParties),
      }),
    ),
    version: uint(),
    code: hash(),
  }),
);

/** States that further steps may build on, by the step that leads to each. Same key; number 0: before the first. */
export const machineStateRecords: Collection<Uint8Array> = defineCollection('machineState', () =>
  bytes(0, LIMITS.machineStateBytes),
);

export const numberKey = (id: MachineId, number: number): Uint8Array => concatBytes([id, indexKey(number)]);

export const stepKey = (id: MachineId, { number }: Pick<StepRecord, 'number'>, step: StepHash): Uint8Array =>
  concatBytes([numberKey(id, number), step]);

/** What parties signed and declined: `relationship ‖ party ‖ number ‖ attempt`. */
export interface EntryRecord {
  readonly step: StepHash | null;
  readonly window: Window;
  readonly chain: ChainId;
  readonly index: number;
}

export const machineEntryRecords: Collection<EntryRecord> = defineCollection('machineEntry', () =>
  record<EntryRecord>({
    step: optional(hash<StepHash>()),
    window: windowCodec,
    chain: hash<ChainId>(),
    index: uint(),
  }),
);

export const partyKey = (id: MachineId, party: number): Uint8Array => concatBytes([id, Uint8Array.of(party)]);

export const entryKey = (id: MachineId, party: number, number: number, attempt: number): Uint8Array =>
  concatBytes([partyKey(id, party), indexKey(number), indexKey(attempt)]);

/** What a party said last that it has of each strand: `relationship ‖ party`. */
export const machineHeldRecords: Collection<readonly Place[]> = defineCollection('machineHeld', () =>
  list(placeCodec, LIMITS.machineStrands),
);

/** What a command of the owner has led to. */
export interface MachineCommandRecord {
  readonly relationship: MachineId;
  /** Null for the opening of the relationship. */
  readonly step: StepHash | null;
}

export const machineCommandRecords: Collection<MachineCommandRecord> = defineCollection('machineCommand', () =>
  record<MachineCommandRecord>({ relationship: hash<MachineId>(), step: optional(hash<StepHash>()) }),
);
