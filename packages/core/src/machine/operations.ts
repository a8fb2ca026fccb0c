/** Operations of a strand (spec MCH-2, MCH-3): the chain that one party of a machine relationship writes. */
import type { Branded, ChainId } from '../bytes.ts';
import { tipCodec, windowCodec, type Tip, type Window } from '../chain/body.ts';
import type { PublicKey } from '../crypto/keys.ts';
import { publicKeyCodec } from '../crypto/signature.ts';
import { hash, record, uint, variant, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import type { MachineId } from './terms.ts';

/** `H("step", record)`. */
export type StepHash = Branded<'StepHash'>;

/** Which step, and which attempt at it: ordered by number, then by attempt. */
export interface StepPlace {
  /** From 1. */
  readonly number: number;
  /** From 0. */
  readonly attempt: number;
}

export interface StrandGenesis {
  readonly type: 'genesis';
  readonly relationship: MachineId;
  readonly k: number;
  readonly owner: ChainId;
  readonly key: PublicKey;
  /** The writer's certified account state on which this strand stands. */
  readonly base: Tip;
}

/** The writer agrees with this step and with everything below it. */
export interface SignStep extends StepPlace {
  readonly type: 'sign';
  readonly window: Window;
  readonly step: StepHash;
}

/** The writer will never sign a step at this place. */
export interface DeclineStep extends StepPlace {
  readonly type: 'decline';
  readonly window: Window;
}

export type StrandOperation = StrandGenesis | SignStep | DeclineStep;

const place = { window: windowCodec, number: uint(), attempt: uint(LIMITS.stepAttempts - 1) };

export const strandOperationCodec: Codec<StrandOperation> = variant<StrandOperation>({
  genesis: [
    0,
    {
      relationship: hash<MachineId>(),
      k: uint(LIMITS.maxSkip),
      owner: hash<ChainId>(),
      key: publicKeyCodec,
      base: tipCodec,
    },
  ],
  sign: [1, { ...place, step: hash<StepHash>() }],
  decline: [2, place],
});

/** A step by place and hash, as the leaf `["signed"]` holds it. */
export interface SignedStep extends StepPlace {
  readonly step: StepHash;
}

export const stepPlaceCodec: Codec<StepPlace> = record<StepPlace>({
  number: uint(),
  attempt: uint(LIMITS.stepAttempts - 1),
});

export const signedStepCodec: Codec<SignedStep> = record<SignedStep>({
  number: uint(),
  attempt: uint(LIMITS.stepAttempts - 1),
  step: hash<StepHash>(),
});

/** Below 0: `a` comes before `b`. */
export const comparePlaces = (a: StepPlace, b: StepPlace): number => a.number - b.number || a.attempt - b.attempt;
