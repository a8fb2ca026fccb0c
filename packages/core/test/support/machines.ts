/** Machines written by hand, as small as they can be: a counter that nobody owns, and a game of turns. */
import {
  decodeItem,
  encodeItem,
  fail,
  ok,
  type Item,
  type MachineCall,
  type MachinePort,
  type Result,
} from '@dsm/core';
import { seed } from '../../../../tests/kit/index.ts';

const read = (bytes: Uint8Array): Item | undefined => {
  const item = decodeItem(bytes);
  return item.ok ? item.value : undefined;
};

/** Input of `add` and `move`. */
export const input = (value: number): Uint8Array => encodeItem(value);

/** What a counter has come to. */
export const countIn = (state: Uint8Array): number => {
  const item = read(state);
  return typeof item === 'number' ? item : Number((item as readonly Item[])[0]);
};

const refused = (why: string): Result<never> => fail('E_REFUSED', 'RUN-1', why);

/** `add`: more than half must sign; `all`: everybody. Any party may do anything at any time. */
export const counter: MachinePort = {
  id: 'counter',
  version: 1,
  code: seed('counter 1'),
  init: (params) => {
    const start = params.length === 0 ? 0 : read(params);
    return typeof start === 'number' ? ok(encodeItem(start)) : refused('no number to start from');
  },
  apply: (state, { operation, input: bytes, parties }) => {
    const value = read(bytes);
    if (typeof value !== 'number' || value < 1) return refused('only numbers from 1 on are added');
    const count = operation === 'all' ? parties : 0;
    if (operation !== 'add' && operation !== 'all') return refused('no such operation');
    return ok({ state: encodeItem(countIn(state) + value), required: { parties: [], count }, turn: null });
  },
  migrate: () => refused('the first version migrates nothing'),
};

/** The next version counts double, and says so. */
export const counter2: MachinePort = {
  ...counter,
  version: 2,
  code: seed('counter 2'),
  apply: (state, call) => {
    const value = read(call.input);
    if (typeof value !== 'number' || value < 1) return refused('only numbers from 1 on are added');
    return ok({
      state: encodeItem([countIn(state) + 2 * value, 'double']),
      required: { parties: [], count: 0 },
      turn: null,
    });
  },
  migrate: (state, from) => (from === 1 ? ok(encodeItem([countIn(state), 'double'])) : refused('an unknown version')),
};

/** Each party in turn names a number that was not named before; its own signature is enough. */
export const turns: MachinePort = {
  id: 'turns',
  version: 1,
  code: seed('turns 1'),
  init: () => ok(encodeItem([0, []])),
  apply: (state, { operation, input: bytes, proposer, parties }: MachineCall) => {
    const [turn, named] = read(state) as [number, number[]];
    const value = read(bytes);
    if (operation !== 'move' || typeof value !== 'number' || named.includes(value)) return refused('not a move');
    if (proposer !== turn) return refused('not your turn');
    return ok({
      state: encodeItem([(turn + 1) % parties, [...named, value]]),
      required: { parties: [turn], count: 1 },
      turn,
    });
  },
  migrate: () => refused('there is no older version'),
};

export const MACHINES: readonly MachinePort[] = [counter, counter2, turns];
