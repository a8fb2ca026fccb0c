/**
 * The port to an application's own code (DESIGN section 7). States, inputs and parameters are canonical bytes here;
 * whoever implements the port encodes and decodes them. `@dsm/machine` is the implementation for JavaScript.
 *
 * Every function is deterministic and total: hostile bytes give a failure, never a throw, and the same arguments give
 * the same bytes on every device.
 */
import type { Result } from '../result.ts';

/** A machine in another thread answers later. */
export type MachineAnswer<T> = Result<T> | Promise<Result<T>>;

export interface MachineCall {
  /** 1 for the first step. */
  readonly number: number;
  readonly operation: string;
  readonly input: Uint8Array;
  /** Position of the proposing party among `parties`, ascending by account. */
  readonly proposer: number;
  /** How many there are, 2 to 8. */
  readonly parties: number;
}

/** Who must sign a step. */
export interface RequiredSigners {
  /** Positions of those who must be among the signers. */
  readonly parties: readonly number[];
  /** The least number of signers. */
  readonly count: number;
}

export interface AppliedStep {
  /** The state after the step. */
  readonly state: Uint8Array;
  readonly required: RequiredSigners;
  /** Whose turn it was before the step: nothing is signed without this party. Null: the machine has no turns. */
  readonly turn: number | null;
}

export interface MachinePort {
  readonly id: string;
  /** From 1. */
  readonly version: number;
  /** `H("machine-code", …)` of the machine's code, 32 bytes. */
  readonly code: Uint8Array;
  /** The state before the first step. */
  init(params: Uint8Array, parties: number): MachineAnswer<Uint8Array>;
  apply(state: Uint8Array, call: MachineCall): MachineAnswer<AppliedStep>;
  /** The state of this version from the state of an older one; `E_MACHINE` when it does not know that version. */
  migrate(state: Uint8Array, from: number): MachineAnswer<Uint8Array>;
}
