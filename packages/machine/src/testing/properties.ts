/** What every machine must hold, as checks of one played game: the broken property's sentence, or undefined. */
import { equalBytes, type Failure, type Result } from '@dsm/core';
import type { Machine } from '../define.ts';
import { runGuarded } from '../guard/guard.ts';
import { runApply, runInit, runSchema } from '../run.ts';
import { decodeValue } from '../value/decode.ts';
import { encodeValue } from '../value/encode.ts';
import { textOf, type Played } from './play.ts';

export type Property =
  | 'totality'
  | 'clock and chance'
  | 'signers'
  | 'growth'
  | 'frozen input'
  | 'determinism'
  | 'replay'
  | 'round trip'
  | 'time'
  | 'hostile input'
  | 'arbitraries';

type Check = (machine: Machine, played: Played) => string | undefined;

/** Which property a broken contract belongs to. */
export function propertyOf({ rule, message }: Failure): Property {
  if (rule === 'RUN-7') return 'clock and chance';
  if (rule === 'RUN-10') return 'signers';
  if (rule === 'RUN-11') return 'growth';
  // What JavaScript engines say of a change to what is frozen.
  return /TypeError: .*(?:read.?only|not extensible|Cannot (?:add|delete|define)|unconfigurable)/.test(message)
    ? 'frozen input'
    : 'totality';
}

const broken =
  (property: Property): Check =>
  (_, played) => {
    for (const result of [played.init, ...played.entries.map((entry) => entry.result)] as Result<unknown>[]) {
      if (!result.ok && result.error.code === 'E_MACHINE' && propertyOf(result.error) === property)
        return result.error.message;
    }
    return undefined;
  };

/** Again, and in the other order: what a closure remembers shows. */
const isDeterministic: Check = (machine, { params, init, entries }) => {
  for (const { before, call, result } of entries.toReversed()) {
    const again = runApply(machine, before, call);
    if (textOf(again) !== textOf(result))
      return `step ${call.number}, ${call.operation}: the same input gives another answer`;
  }
  const again = runInit(machine, params, entries[0]?.call.parties ?? 2);
  return entries.length > 0 && textOf(again) !== textOf(init)
    ? 'init: the same parameters give another state'
    : undefined;
};

/** Only what was agreed, from the beginning. */
const replays: Check = (machine, { params, entries }) => {
  const first = entries[0];
  const begun = first && runInit(machine, params, first.call.parties);
  let state = begun?.ok === true ? begun.value : undefined;
  for (const { call, result } of entries) {
    if (!result.ok) continue;
    const again = state && runApply(machine, state, call);
    if (again?.ok !== true || !equalBytes(again.value.state, result.value.state)) {
      return `step ${call.number}, ${call.operation}: a replay gives another state`;
    }
    state = again.value.state;
  }
  return undefined;
};

/** A state that was stored is the state that was made, and its schema accepts it. */
const survivesStorage: Check = (machine, { entries }) => {
  for (const { result, call } of entries) {
    if (!result.ok) continue;
    const value = decodeValue(result.value.state);
    const again = value.ok ? encodeValue(value.value) : value;
    if (!again.ok || !equalBytes(again.value, result.value.state))
      return `step ${call.number}: another state after storage`;
    if (!value.ok) return value.error.message;
    const accepted = runSchema(machine, 'state', machine.definition.state, value.value);
    if (!accepted.ok)
      return `step ${call.number}, ${call.operation}: the state's schema refuses what it made: ${accepted.error.message}`;
  }
  return undefined;
};

/** Bytes cannot be frozen, so whether they were changed is looked at. */
const leavesBytes: Check = (machine, { entries }) => {
  for (const { before, call } of entries) {
    const [state, input] = [decodeValue(before), decodeValue(call.input)];
    const operation = machine.definition.operations[call.operation];
    if (!state.ok || !input.ok || operation === undefined) continue;
    const { proposer: by, parties, number } = call;
    runGuarded(() => operation.apply(Object.freeze({ state: state.value, input: input.value, by, parties, number })));
    for (const [name, value, bytes] of [
      ['state', state.value, before],
      ['input', input.value, call.input],
    ] as const) {
      const after = encodeValue(value);
      if (!after.ok || !equalBytes(after.value, bytes)) return `${call.operation} changes bytes of its ${name}`;
    }
  }
  return undefined;
};

/** Longest time of one step; a machine that needs more is a burden to whoever verifies. */
const STEP_MS = 5_000;

const isFast: Check = (_, { entries }) => {
  const slow = entries.find(({ tookMs }) => tookMs > STEP_MS);
  return slow && `${slow.call.operation} takes ${Math.round(slow.tookMs)} ms`;
};

const frozen: Check = (machine, played) => broken('frozen input')(machine, played) ?? leavesBytes(machine, played);

export const CHECKS: readonly (readonly [Property, Check])[] = [
  ['totality', broken('totality')],
  ['clock and chance', broken('clock and chance')],
  ['signers', broken('signers')],
  ['growth', broken('growth')],
  ['frozen input', frozen],
  ['determinism', isDeterministic],
  ['replay', replays],
  ['round trip', survivesStorage],
  ['time', isFast],
];
