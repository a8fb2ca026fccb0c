/** A run of a machine: parameters, then moves by arbitrary parties. */
import { LIMITS, type AppliedStep, type MachineCall, type Result } from '@dsm/core';
import type { Machine } from '../define.ts';
import { runApply, runInit } from '../run.ts';
import { encodeValue } from '../value/encode.ts';

export interface Move {
  readonly operation: string;
  readonly input: unknown;
  /** Null: the first party that the machine lets do it. */
  readonly by: number | null;
}

export interface Game {
  readonly parties: number;
  readonly params: unknown;
  readonly moves: readonly Move[];
}

export interface Entry {
  readonly before: Uint8Array;
  readonly call: MachineCall;
  readonly result: Result<AppliedStep>;
  readonly tookMs: number;
}

export interface Played {
  readonly params: Uint8Array;
  readonly init: Result<Uint8Array>;
  readonly entries: readonly Entry[];
}

/** Plays it; undefined for parameters that no value can be. */
export function play(machine: Machine, { parties, params, moves }: Game): Played | undefined {
  const encoded = encodeValue(params, LIMITS.machineInputBytes);
  if (!encoded.ok) return undefined;
  const init = runInit(machine, encoded.value, parties);
  if (!init.ok) return { params: encoded.value, init, entries: [] };
  const entries: Entry[] = [];
  let state = init.value;
  let number = 1;
  for (const { operation, input, by } of moves) {
    const bytes = encodeValue(input, LIMITS.machineInputBytes);
    if (!bytes.ok) continue;
    const proposers = by === null ? Array.from({ length: parties }, (_, party) => party) : [by % parties];
    for (const proposer of proposers) {
      const call: MachineCall = { number, operation, input: bytes.value, proposer, parties };
      const began = performance.now();
      const result = runApply(machine, state, call);
      entries.push({ before: state, call, result, tookMs: performance.now() - began });
      if (!result.ok) continue;
      state = result.value.state;
      number += 1;
      break;
    }
  }
  return { params: encoded.value, init, entries };
}

/** Equal texts mean equal answers. */
export const textOf = (result: Result<unknown>): string =>
  JSON.stringify(result, (_, value: unknown) => (value instanceof Uint8Array ? [...value].join() : value));
