/** Leaves of a state: sparse Merkle updates, and full account transitions without signatures. */
import {
  amount,
  balanceLeaf,
  creditLeaf,
  draftTransition,
  encodeWith,
  flag,
  leafPath,
  must,
  setLeaf,
  type CryptoSuite,
  type Operation,
  type Tree,
} from '@dsm/core';
import { contextOf, makePolicy, seed, suite, windowNow } from '../../tests/kit/index.ts';
import { openWorld } from '../fixtures/chain.ts';
import type { Bench, Run } from '../harness/bench.ts';
import { recordHashes, repeatHashes } from '../harness/floor.ts';

const unsigned = { section: 'hashing', signed: false, persisted: false } as const;

const count = (leaves: number): string => leaves.toLocaleString('en');

/** An account that has credited something `leaves` times, less its own leaves and `spare`. */
function fill(start: Tree, leaves: number, has: number): Tree {
  let tree = start;
  for (let i = has; i < leaves; i++) {
    const path = leafPath(suite, creditLeaf(seed('credit', i)));
    tree = must(setLeaf(suite, tree, path, encodeWith(flag, true)));
  }
  return tree;
}

/** Sets leaves that are there to other values, one after the other. */
function update(run: Run, leaves: number): (suite: CryptoSuite) => unknown {
  const tree = run.share(`tree of ${leaves}`, () => fill(null, leaves, 0));
  const paths = Array.from({ length: Math.min(leaves, 1_024) }, (_, i) =>
    leafPath(suite, creditLeaf(seed('credit', i))),
  );
  let next = 0;
  return (suite) => {
    next++;
    const path = paths.at(next % paths.length) ?? new Uint8Array();
    return must(setLeaf(suite, tree, path, encodeWith(amount, BigInt(next))));
  };
}

const UPDATES = 256;

const updateBench = (leaves: number): Bench => ({
  ...unsigned,
  name: `sparse Merkle update, ${count(leaves)} leaves`,
  about: 'One leaf of a whole tree in memory set to another value; the new root.',
  peer: `floor: BLAKE3 of a sparse Merkle update, ${count(leaves)} leaves`,
  prepare: (run) => {
    const once = update(run, leaves);
    return { type: 'timed', once: () => once(suite) };
  },
});

const updateFloor = (leaves: number): Bench => ({
  ...unsigned,
  name: `floor: BLAKE3 of a sparse Merkle update, ${count(leaves)} leaves`,
  about: 'The leaf and the nodes above it, over the encodings as they stand: about 1 + log2 of the leaves.',
  prepare: (run) => {
    const once = update(run, leaves);
    const calls = recordHashes(suite, (suite) => {
      for (let i = 0; i < UPDATES; i++) once(suite);
    });
    return { type: 'timed', once: repeatHashes(suite, calls), units: UPDATES };
  },
});

/** Transfers out of an account with that many leaves, each on top of the one before. */
function transfers(run: Run, leaves: number): (suite: CryptoSuite) => unknown {
  const { net, owner } = openWorld(run);
  const { token } = makePolicy(net, owner);
  const balance = leafPath(suite, balanceLeaf(token));
  // Its terms and one balance are there already.
  const rich = must(setLeaf(suite, owner.tree, balance, encodeWith(amount, 10n ** 30n)));
  const to = seed('payee') as never;
  let tip = { body: owner.tip, tree: fill(rich, leaves, 2) };
  const context = contextOf(net);
  return (suite) => {
    const operation: Operation = {
      kind: 'account',
      operation: { type: 'transfer', window: windowNow(net), token, amount: 1n, to, reference: null },
    };
    const { body, tree } = must(draftTransition({ ...context, suite }, tip.body, operation, tip.tree));
    tip = { body, tree };
    return body;
  };
}

const transitionBench = (leaves: number): Bench => ({
  ...unsigned,
  name: `account transition, unsigned, ${count(leaves)} leaves`,
  about: 'A transfer applied in full: rules, policy, balance, new root, next state and its hash.',
  peer: `floor: BLAKE3 of an account transition, ${count(leaves)} leaves`,
  ...(leaves === 16 && { aim: { perSecondAtLeast: 150_000 } }),
  prepare: (run) => {
    const once = transfers(run, leaves);
    return { type: 'timed', once: () => once(suite) };
  },
});

const transitionFloor = (leaves: number): Bench => ({
  ...unsigned,
  name: `floor: BLAKE3 of an account transition, ${count(leaves)} leaves`,
  about: 'The different hashes that a transfer computes, over the encodings as they stand.',
  prepare: (run) => {
    const once = transfers(run, leaves);
    const calls = recordHashes(suite, (suite) => {
      for (let i = 0; i < UPDATES; i++) once(suite);
    });
    return { type: 'timed', once: repeatHashes(suite, calls), units: UPDATES };
  },
});

export const leafBenches: readonly Bench[] = [
  ...[16, 1_000].flatMap((leaves) => [transitionBench(leaves), transitionFloor(leaves)]),
  ...[16, 1_000, 100_000].flatMap((leaves) => [updateBench(leaves), updateFloor(leaves)]),
];
