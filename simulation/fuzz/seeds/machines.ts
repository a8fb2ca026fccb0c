/** Two parties of a machine relationship that have agreed on three steps: what they send, and what they show others. */
import {
  compareBytes,
  decodeItem,
  editLeaves,
  encodeItem,
  fail,
  machineId,
  machineStateHash,
  makeGenesis,
  must,
  ok,
  pruneTree,
  SIGNED_LEAF,
  signedStepCodec,
  stateHash,
  stepHash,
  strandTermsCodec,
  type Body,
  type BundleItem,
  type MachineContent,
  type MachinePort,
  type MachineTerms,
  type StateHash,
  type StepRecord,
  type StepsContent,
  type StrandGenesis,
  type StrandOperation,
} from '@dsm/core';
import { remember, seed, takeStep, windowNow, type TestStep } from '../../../tests/kit/index.ts';
import type { World } from './world.ts';

const numberIn = (bytes: Uint8Array): number => {
  const item = decodeItem(bytes);
  return item.ok && typeof item.value === 'number' ? item.value : -1;
};

/** Adds what it is given. */
export const counter: MachinePort = {
  id: 'counter',
  version: 1,
  code: seed('counter'),
  init: () => ok(encodeItem(0)),
  apply: (state, { input }) => {
    const value = numberIn(input);
    return value < 1
      ? fail('E_REFUSED', 'RUN-1', 'not a number to add')
      : ok({ state: encodeItem(numberIn(state) + value), required: { parties: [], count: 2 }, turn: null });
  },
  migrate: () => fail('E_REFUSED', 'RUN-1', 'no older version'),
};

export interface Machines {
  readonly terms: MachineTerms;
  readonly message: StepsContent;
  readonly content: MachineContent;
  /** Witnesses of the leaves that a third party is shown. */
  readonly leaves: readonly BundleItem[];
  readonly geneses: readonly StrandGenesis[];
  readonly operations: readonly StrandOperation[];
  /** Newest signed states of the strands. */
  readonly tips: readonly Body[];
}

export function makeMachines({ net, alice, bob }: World): Machines {
  const { suite, network } = net;
  const devices = [alice, bob].toSorted((a, b) => compareBytes(a.account, b.account));
  const terms: MachineTerms = {
    machine: counter.id,
    version: 1,
    code: counter.code,
    parties: devices.map(({ account }) => account),
    params: new Uint8Array(0),
    rules: { expiryMs: 3_600_000, maxSteps: 0 },
    nonce: seed('machine').slice(0, 16),
  };
  const relationship = machineId(suite, terms);
  const geneses = devices.map(({ account, card, key }): StrandGenesis => {
    const base = card.find((item) => item.type === 'body' && item.body.chain === account);
    const hash = stateHash(suite, (base as { body: Body }).body);
    return { type: 'genesis', relationship, k: 64, owner: account, key: key.publicKey, base: { index: 0, hash } };
  });
  const strands = geneses.map((operation) => {
    const { body, tree } = makeGenesis(suite, network.id, { kind: 'strand', operation });
    const items: BundleItem[] = [
      { type: 'body', body },
      { type: 'operation', operation: { kind: 'strand', operation } },
    ];
    remember(net, items);
    return { tip: body, tree };
  });
  const steps: StepRecord[] = [];
  const operations: StrandOperation[] = [{ type: 'decline', window: windowNow(net), number: 9, attempt: 1 }];
  let last: readonly TestStep[] = [];
  for (const number of [1, 2, 3]) {
    const below = steps.at(-1);
    const record: StepRecord = {
      relationship,
      number,
      attempt: 0,
      prev: below ? stepHash(suite, below) : (relationship as never),
      operation: 'add',
      input: encodeItem(1),
      proposer: number % 2,
      expiresAt: windowNow(net).until,
      state: machineStateHash(suite, encodeItem(number)),
    };
    steps.push(record);
    const step = stepHash(suite, record);
    const operation: StrandOperation = { type: 'sign', window: windowNow(net), number, attempt: 0, step };
    operations.push(operation);
    last = strands.map((strand, i) =>
      takeStep(net, strand, (devices[i] as (typeof devices)[0]).key, { kind: 'strand', operation }),
    );
  }
  const tips: readonly StateHash[] = last.map(({ hash }) => hash);
  const leaves = strands.map(({ tree }): BundleItem => {
    const shown = editLeaves(suite, tree);
    must(shown.read(['strand'], strandTermsCodec));
    must(shown.read(SIGNED_LEAF, signedStepCodec));
    return { type: 'witness', tree: pruneTree(tree, shown.touched()) };
  });
  return {
    terms,
    message: { relationship, terms, from: 0, strands: tips, steps, holds: [] },
    content: { terms, steps, beside: [], strands: tips },
    leaves,
    geneses,
    operations: [...operations, ...geneses],
    tips: strands.map(({ tip }) => tip),
  };
}
