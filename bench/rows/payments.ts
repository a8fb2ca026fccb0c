/** Co-signed payments between two devices that have no network: through the wallet, stores in memory. */
import type { SignatureAlgorithm } from '@dsm/core';
import { makeKey } from '../../tests/kit/index.ts';
import { payInThreeTurns, payInTwoTurns } from '../fixtures/exchange.ts';
import { openPair, type Pair } from '../fixtures/wallets.ts';
import type { Bench, Run } from '../harness/bench.ts';
import { ALGORITHMS, importRaw, requireValid, shortName, signRaw, verifyRaw } from './signatures.ts';

const cosigned = { section: 'payments', signed: true, persisted: false } as const;

const floorName = (algorithm: SignatureAlgorithm): string => `floor: 2 sign and 2 verify, ${shortName(algorithm)}`;

/** Payments that the two have made with each other before the one that is timed. */
const FEW = 3;
const SOME = 50;

const openWithHistory = (run: Run, algorithm: SignatureAlgorithm, payments: number): Promise<Pair> =>
  run.share(`${algorithm} after ${payments}`, (run) => payBefore(run, algorithm, payments));

async function payBefore(run: Run, algorithm: SignatureAlgorithm, payments: number): Promise<Pair> {
  const pair = await openPair(run, algorithm, `${payments} payments`);
  for (let i = 0; i < payments; i++) await payInThreeTurns(pair, true);
  pair.payerStore.keep();
  pair.payeeStore.keep();
  return pair;
}

interface Variant {
  readonly name: string;
  readonly about: string;
  readonly history: number;
  readonly pay: (pair: Pair) => Promise<unknown>;
}

const THREE_TURNS: Variant = {
  name: 'co-signed payment, offer accept commit receive',
  about: `Three turns with self-contained messages, from the payer's command to the payee's grade; ${FEW} payments before.`,
  history: FEW,
  pay: (pair) => payInThreeTurns(pair, false),
};

const TWO_TURNS: Variant = {
  name: 'co-signed payment, request commit receive, compact',
  about: `Two turns on a relationship that both hold, messages without what the other has; ${FEW} payments before.`,
  history: FEW,
  pay: (pair) => payInTwoTurns(pair, true),
};

const LATER: Variant = {
  ...TWO_TURNS,
  name: `${TWO_TURNS.name}, ${SOME} payments before`,
  about: 'The same with a longer history: what a relationship costs as it grows.',
  history: SOME,
};

/** Every payment starts from the same stores: neither the history nor the files grow while it is timed. */
const paymentBench = (algorithm: SignatureAlgorithm, { name, about, history, pay }: Variant): Bench => ({
  ...cosigned,
  name: `${name}, ${shortName(algorithm)}`,
  about,
  peer: floorName(algorithm),
  ...(history === FEW && { aim: { ratioAtLeast: 0.9 } }),
  prepare: async (run) => {
    const pair = await openWithHistory(run, algorithm, history);
    const once = (): Promise<unknown> => {
      pair.payerStore.rewind();
      pair.payeeStore.rewind();
      return pay(pair);
    };
    return { type: 'timed', once };
  },
});

const floorBench = (algorithm: SignatureAlgorithm): Bench => ({
  ...cosigned,
  name: floorName(algorithm),
  about: 'What no payment that both sign can do without, by OpenSSL with imported keys.',
  prepare: () => {
    const raw = importRaw(makeKey('bench', algorithm));
    const signAndVerify = (): void => requireValid(verifyRaw(raw, signRaw(raw)));
    const once = (): void => {
      signAndVerify();
      signAndVerify();
    };
    return { type: 'timed', once };
  },
});

const benchesOf = (algorithm: SignatureAlgorithm): readonly Bench[] => {
  const variants = algorithm === 'ml-dsa-44' ? [THREE_TURNS, TWO_TURNS, LATER] : [THREE_TURNS, TWO_TURNS];
  return [...variants.map((variant) => paymentBench(algorithm, variant)), floorBench(algorithm)];
};

export const paymentBenches: readonly Bench[] = ALGORITHMS.flatMap(benchesOf);
