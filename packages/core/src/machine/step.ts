/** Steps (spec MCH-4): each names the step before it by hash, so a signature on one is a signature on its history. */
import { hashItem } from '../crypto/hash.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { bytes, decodeWith, encodeWith, hash, label, record, uint, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { check, checkAll, type Result } from '../result.ts';
import type { StepHash, StepPlace } from './operations.ts';
import type { MachineId, MachineTerms } from './terms.ts';

export interface StepRecord extends StepPlace {
  readonly relationship: MachineId;
  /** Hash of the step before; the relationship's id for the first. */
  readonly prev: StepHash;
  /** Name of an operation of the machine, or `upgrade`. */
  readonly operation: string;
  readonly input: Uint8Array;
  /** Position of the proposing party. */
  readonly proposer: number;
  /** Until when parties may sign, milliseconds since the epoch. */
  readonly expiresAt: number;
  /** `H("machine-state", state after the step)`. */
  readonly state: Uint8Array;
}

export const stepRecordCodec: Codec<StepRecord> = record<StepRecord>({
  relationship: hash<MachineId>(),
  number: uint(),
  attempt: uint(LIMITS.stepAttempts - 1),
  prev: hash<StepHash>(),
  operation: label(LIMITS.nameBytes, 1),
  input: bytes(0, LIMITS.machineInputBytes),
  proposer: uint(LIMITS.machineParties - 1),
  expiresAt: uint(),
  state: hash(),
});

export const stepHash = (suite: CryptoSuite, step: StepRecord): StepHash =>
  hashItem<StepHash>(suite, 'step', stepRecordCodec.toItem(step));

/** `H("machine-state", canonical state)`. */
export const machineStateHash = (suite: CryptoSuite, state: Uint8Array): Uint8Array =>
  hashItem(suite, 'machine-state', state);

/** The operation that no machine has: the parties go on with a next version (spec MCH-11). */
export const UPGRADE = 'upgrade';

/** Input of an upgrade. */
export interface Upgrade {
  readonly version: number;
  readonly code: Uint8Array;
}

const upgradeCodec: Codec<Upgrade> = record<Upgrade>({ version: uint(), code: hash() });

export const encodeUpgrade = (upgrade: Upgrade): Uint8Array => encodeWith(upgradeCodec, upgrade);

export const readUpgrade = (input: Uint8Array): Result<Upgrade> => decodeWith(upgradeCodec, input, 'upgrade');

/** What follows from the record and the terms alone. */
export const checkStep = (terms: MachineTerms, { number, proposer }: StepRecord): Result<undefined> =>
  checkAll(
    () => check(number >= 1, 'E_STEP', 'MCH-4', 'steps count from 1'),
    () => check(proposer < terms.parties.length, 'E_STEP', 'MCH-4', 'proposed by nobody of the parties'),
    () =>
      check(
        terms.rules.maxSteps === 0 || number <= terms.rules.maxSteps,
        'E_STEP',
        'MCH-1',
        `the relationship ends after ${terms.rules.maxSteps} steps`,
      ),
  );
