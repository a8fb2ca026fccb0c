/** Chains: creating, verifying, looking up. */
import { getCheckpoint, lookUp, must, stateHash, verifyLinks, type Body, type CryptoSuite } from '@dsm/core';
import { suite } from '../../tests/kit/index.ts';
import { extendChain, K, openWorld } from '../fixtures/chain.ts';
import type { Bench, Run } from '../harness/bench.ts';
import { recordHashes, repeatHashes, requireCalls } from '../harness/floor.ts';

const unsigned = { section: 'hashing', signed: false, persisted: false } as const;

/** States in a run: enough to forget the start, few enough to stay in the cache. */
const STATES = 512;

const create = (run: Run) => (suite: CryptoSuite) => extendChain(suite, openWorld(run).owner.tip, STATES);

const verify = (run: Run) => {
  const states = create(run)(suite);
  return (suite: CryptoSuite) => must(verifyLinks(suite, states, K));
};

const LONG = 100_000;
const SHORT = 1_000;

const longChain = (run: Run): readonly Body[] => extendChain(suite, openWorld(run).owner.tip, LONG);

/** Every place is as likely: a fixed step that meets all of them. */
const STEP = 7_919;

function lookUps(run: Run, length: number, k: number): (suite: CryptoSuite) => unknown {
  const states = run.share('long chain', longChain);
  const checkpoints = new Map(
    states.slice(0, length).flatMap((body) => (body.index % k === 0 ? [[body.index, stateHash(suite, body)]] : [])),
  );
  const read = (index: number): Body | undefined => states[index];
  let m = 0;
  return (suite) => {
    m = (m + STEP) % length;
    return must(lookUp(suite, read, checkpoints.get(getCheckpoint(m, k)) as never, m, k));
  };
}

const lookUpName = (length: number, k: number): string =>
  `look up a state, chain of ${length.toLocaleString('en')}, k = ${k}`;

const FLOOR_LOOK_UP = (k: number): string => `floor: ${(k + 1) / 2} BLAKE3 of a state, k = ${k}`;

const lookUpBench = (length: number, k: number): Bench => ({
  ...unsigned,
  name: lookUpName(length, k),
  about: `State m by its checkpoint and the links after it, for m all over the chain.`,
  peer: FLOOR_LOOK_UP(k),
  prepare: (run) => {
    const once = lookUps(run, length, k);
    return { type: 'timed', once: () => once(suite) };
  },
});

/** A walk is as long as the place is far from its checkpoint: 1 to k states, (k + 1)/2 on average. */
const lookUpFloor = (k: number): Bench => ({
  ...unsigned,
  name: FLOOR_LOOK_UP(k),
  about: `The hashes of the states on an average walk of ${(k + 1) / 2}, from their encodings.`,
  prepare: (run) => {
    const states = run.share('long chain', longChain).slice(0, k + 1);
    const calls = recordHashes(suite, (suite) => states.forEach((body) => stateHash(suite, body)));
    return { type: 'timed', once: repeatHashes(suite, calls), units: 2 };
  },
});

export const chainBenches: readonly Bench[] = [
  {
    ...unsigned,
    name: 'chain create, states',
    about: 'The next state of a chain: operation hash, entropy, pre-commitment, body, state hash. No leaves change.',
    peer: 'floor: 4 BLAKE3 a state created',
    aim: { perSecondAtLeast: 350_000 },
    prepare: (run) => {
      const once = create(run);
      return { type: 'timed', once: () => once(suite), units: STATES };
    },
  },
  {
    ...unsigned,
    name: 'floor: 4 BLAKE3 a state created',
    about: 'Those four hashes alone, over the encodings as they stand.',
    prepare: (run) => {
      // The genesis is hashed once more.
      const calls = requireCalls(recordHashes(suite, create(run)), 4 * STATES + 1);
      return { type: 'timed', once: repeatHashes(suite, calls), units: STATES };
    },
  },
  {
    ...unsigned,
    name: 'chain verify (verifyLinks), states',
    about: 'The links of a run of states: previous hash, entropy, pre-commitment, skip, window, chain, network.',
    peer: 'floor: 3 BLAKE3 a state verified',
    aim: { perSecondAtLeast: 800_000 },
    prepare: (run) => {
      const once = verify(run);
      return { type: 'timed', once: () => once(suite), units: STATES };
    },
  },
  {
    ...unsigned,
    name: 'floor: 3 BLAKE3 a state verified',
    about: 'State hash, entropy and pre-commitment of each state, over the encodings as they stand.',
    prepare: (run) => {
      const calls = requireCalls(recordHashes(suite, verify(run)), 3 * STATES + 1);
      return { type: 'timed', once: repeatHashes(suite, calls), units: STATES };
    },
  },
  lookUpBench(SHORT, 64),
  lookUpBench(LONG, 64),
  lookUpFloor(64),
  lookUpBench(LONG, 256),
  lookUpFloor(256),
];
