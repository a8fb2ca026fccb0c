/**
 * The states that one honest node can be in, numbered as they turn up, with what the search asks of them in typed
 * arrays: a global state is then a few small numbers, and a step of a node is one look into a table.
 */
import { codeLock, lockOf, ack, start, tick, voteFirst, voteLater, FRESH, type NodeState } from './node.ts';
import { CHOICES } from './choose.ts';
import type { Rules } from './rules.ts';
import { VALUES, type Slot, type Value } from './slots.ts';

export type Action =
  | { readonly type: 'vote'; readonly value: Value; readonly waived: boolean }
  | { readonly type: 'ack'; readonly round: number; readonly value: Value }
  | { readonly type: 'start'; readonly round: number }
  | { readonly type: 'later'; readonly round: number; readonly value: Value; readonly forced: boolean }
  | { readonly type: 'tick' }
  /** Not a step: what can no longer matter to anybody is left out of the state (see `forget` in world.ts). */
  | { readonly type: 'forget'; readonly what: 'report' | 'vote'; readonly round: number };

const ROUND_NUMBERS = [0, 1, 2] as const;

export const ACTIONS: readonly Action[] = [
  ...[1, 2].flatMap((value) =>
    [false, true].map((waived) => ({ type: 'vote', value: value as Value, waived }) as const),
  ),
  ...ROUND_NUMBERS.flatMap((round) => VALUES.map((value) => ({ type: 'ack', round, value }) as const)),
  ...[1, 2].map((round) => ({ type: 'start', round }) as const),
  ...[1, 2].flatMap((round) => CHOICES.map(({ value, forced }) => ({ type: 'later', round, value, forced }) as const)),
  { type: 'tick' },
  { type: 'forget', what: 'report', round: 1 },
  { type: 'forget', what: 'report', round: 2 },
  { type: 'forget', what: 'vote', round: 1 },
];

/** Numbers of actions, for the search. */
export const VOTE_AT = 0;
export const ACK_AT = 4;
export const START_AT = 13;
export const LATER_AT = 15;
export const TICK_AT = 27;
export const FORGET_REPORT_AT = 28;
export const FORGET_VOTE_AT = 30;
const WIDTH = 32;
const UNKNOWN = -2;
export const IMPOSSIBLE = -1;

/** Three bits a round and value, so that the sum over the nodes counts votes. */
export const countShift = (round: number, value: number): number => (round * 3 + value - 1) * 3;

const countBits = (values: readonly Value[]): number =>
  ROUND_NUMBERS.reduce<number>((bits, round) => {
    const value = values[round] ?? 0;
    return value === 0 ? bits : bits | (1 << countShift(round, value));
  }, 0);

export interface Locals {
  readonly states: NodeState[];
  readonly votes: Int32Array;
  readonly acks: Int32Array;
  readonly clocks: Uint8Array;
  readonly promises: Uint8Array;
  /** Codes of the reports of rounds 1 and 2. */
  readonly reports: readonly [Uint8Array, Uint8Array];
  /** What the progress of a state depends on: promise, clock, vote of round 0, lock. */
  readonly outlook: Uint16Array;
  readonly idOf: (state: NodeState) => number;
  readonly next: (id: number, action: number) => number;
}

const keyOf = ({ promise, votes, acks, reports, clock }: NodeState): number => {
  let key = promise + 4 * clock;
  let scale = 32;
  for (const round of ROUND_NUMBERS) {
    key += ((votes[round] ?? 0) + 4 * (acks[round] ?? 0)) * scale;
    scale *= 16;
  }
  key += ((reports[1] ?? 0) + 32 * (reports[2] ?? 0)) * scale;
  return key;
};

export function openLocals(rules: Rules, slot: Slot, capacity: number): Locals {
  const ids = new Map<number, number>();
  const states: NodeState[] = [];
  const table = new Int32Array(capacity * WIDTH).fill(UNKNOWN);
  const votes = new Int32Array(capacity);
  const acks = new Int32Array(capacity);
  const clocks = new Uint8Array(capacity);
  const promises = new Uint8Array(capacity);
  const reports = [new Uint8Array(capacity), new Uint8Array(capacity)] as const;
  const outlook = new Uint16Array(capacity);

  const idOf = (state: NodeState): number => {
    const key = keyOf(state);
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = states.length;
    if (id >= capacity) throw new Error(`more than ${capacity} states of one node`);
    ids.set(key, id);
    states.push(state);
    votes[id] = countBits(state.votes);
    acks[id] = countBits(state.acks);
    clocks[id] = state.clock;
    promises[id] = state.promise;
    reports[0][id] = state.reports[1] ?? 0;
    reports[1][id] = state.reports[2] ?? 0;
    outlook[id] = state.promise + 4 * (state.clock + 8 * ((state.votes[0] ?? 0) + 4 * codeLock(lockOf(state))));
    return id;
  };

  const compute = (state: NodeState, action: Action): NodeState | null => {
    switch (action.type) {
      case 'vote':
        return voteFirst(rules, slot, state, action.value, action.waived);
      case 'ack':
        return ack(rules, state, action);
      case 'start':
        return action.round > slot.lastRound ? null : start(rules, slot, state, action.round);
      case 'later':
        return action.round > slot.lastRound ? null : voteLater(rules, slot, state, action, action.forced);
      case 'tick':
        return tick(slot, state);
      case 'forget':
        return action.what === 'report'
          ? { ...state, reports: state.reports.with(action.round, 0) }
          : { ...state, votes: state.votes.with(action.round, 0) };
    }
  };

  // A report that was forgotten is not given again: the promise stands above.
  const next = (id: number, action: number): number => {
    const at = id * WIDTH + action;
    const known = table[at] ?? UNKNOWN;
    if (known !== UNKNOWN) return known;
    const after = compute(states[id] ?? FRESH, ACTIONS[action] as Action);
    const found = after === null ? IMPOSSIBLE : idOf(after);
    table[at] = found;
    return found;
  };

  return { states, votes, acks, clocks, promises, reports, outlook, idOf, next };
}
