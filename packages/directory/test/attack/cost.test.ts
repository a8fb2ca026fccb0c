/** What one request makes a node do, beside the bytes that it carries: signatures verified, hashes, records written. */
import {
  cardCodec,
  concatBytes,
  evidenceListCodec,
  must,
  orderFork,
  pathTo,
  roundOwner,
  stateAnswerCodec,
  type BundleItem,
  type Store,
} from '@dsm/core';
import { memoryDisk, memoryStore } from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  copyDevice,
  countingSuite,
  createToken,
  entry,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  makeQuorum,
  signTransfer,
  submissionOf,
  type CountingSuite,
  type Device,
  type TestNetwork,
  type TestStep,
  type TestToken,
} from '../../../../tests/kit/index.ts';
import {
  codeOf,
  finalise,
  get,
  itemsOf,
  lock,
  openTestNode,
  placeOf,
  propose,
  publish,
  publishRequest,
  startRound,
  submitStep,
  voteInRound,
  type TestNode,
} from '../support/nodes.ts';
import { proposalIn, roundsOver, type Rig } from '../support/rounds.ts';

let counting: CountingSuite;
let net: TestNetwork;
let canteen: Device;
let meal: TestToken;
let bob: Device;
let mallory: Device;
let nodes: TestNode[];
/** Commits of node 0. */
let commits: number;
const node = (index: number): TestNode => entry(nodes, index);

const rig: Rig = {
  get net() {
    return net;
  },
  get nodes() {
    return nodes;
  },
};
const { startOf, reportsOf, wanted, proposeAt, voteAll } = roundsOver(rig);

beforeEach(async () => {
  counting = countingSuite();
  net = makeNetwork(4, {}, counting);
  canteen = makeDevice(net, 'canteen');
  meal = createToken(net, canteen);
  bob = makeDevice(net, 'bob');
  mallory = makeFundedDevice(net, 'mallory', canteen, meal.token, 10_000n);
  commits = 0;
  const inner = memoryStore(memoryDisk());
  const store: Store = { ...inner, commit: (...change) => (commits++, inner.commit(...change)) };
  nodes = [
    await openTestNode(net, 0, { store }),
    ...(await Promise.all([1, 2, 3].map((index) => openTestNode(net, index)))),
  ];
  for (const at of nodes) must(await publish(net, at, publishRequest(mallory)));
});

const pay = (from: Device, amount = 1n): TestStep => signTransfer(net, from, bob.account, meal.token, amount);

/** What a request costs a node. */
async function costOf(request: () => Promise<unknown>) {
  counting.reset();
  commits = 0;
  await request();
  return { ...counting.counts, commits };
}

const bodiesOf = (steps: readonly TestStep[]): readonly BundleItem[] =>
  steps.map(({ body }) => ({ type: 'body', body }));
const signatureOf = ({ items }: TestStep) => items.filter(({ type }) => type === 'signature');

describe('EVD-1, NET-25: a fork far below the states that prove it', () => {
  /** As many states above the place as a request can name. */
  const RUN = 100;
  let one: TestStep;
  let other: TestStep;
  let above: TestStep[];

  beforeEach(() => {
    const clone = copyDevice(mallory);
    one = pay(mallory, 9_000n);
    other = pay(clone, 8_000n);
    above = Array.from({ length: RUN }, () => pay(mallory));
  });

  const forkWith = (tip: TestStep) => orderFork(one.body.chain, one.body.index, tip.hash, other.hash);
  const tip = () => above.at(-1) as TestStep;
  const shown = (): readonly BundleItem[] => [
    ...submissionOf(net, one).items,
    ...mallory.card.slice(-2),
    ...bodiesOf([...above, other]),
    ...signatureOf(tip()),
    ...signatureOf(other),
  ];

  test('is verified once: shown again, with or without the states, it costs no more than any start', async () => {
    expect(codeOf(await startRound(net, node(0), startOf(one, 1, { fork: forkWith(tip()), items: shown() })))).toBe(
      'E_TOO_EARLY NET-25',
    );
    const requests = [startOf(one, 2), startOf(one, 3, { fork: forkWith(tip()) })] as const;
    const plain = await costOf(() => startRound(net, node(0), requests[0]));
    const again = await costOf(() => startRound(net, node(0), requests[1]));
    expect(again.verify).toBeLessThanOrEqual(plain.verify);
    expect(again.hash).toBeLessThanOrEqual(plain.hash + 5);
    expect(again.commits).toBe(0);
  });

  test('leaves its states in the evidence and nowhere else: the next one cannot be read out of the store', async () => {
    await startRound(net, node(0), startOf(one, 1, { fork: forkWith(tip()), items: shown() }));
    const kept = await node(0).open.node.store.scan('item', { limit: 10_000 });
    expect(kept.length).toBeLessThan(20);
  });
});

describe('NET-22: what is only read is not verified', () => {
  test('however much evidence there is, an answer has one file and others only while they are short', async () => {
    const { store } = node(0).open.node;
    const put = async (index: number, length: number) => {
      const key = concatBytes([mallory.account, Uint8Array.of(index)]);
      must(await store.commit([{ collection: 'evidence', key, put: new Uint8Array(length).fill(index) }]));
    };
    const lengths = async () =>
      must(await get(node(0), pathTo.evidence(mallory.account), evidenceListCodec)).files.map(({ length }) => length);
    for (let i = 0; i < 20; i++) await put(i, 500_000);
    expect(await lengths()).toEqual([500_000]);
    for (let i = 0; i < 10; i++) await put(i, 50_000);
    expect(await lengths()).toEqual(Array.from({ length: 10 }, () => 50_000));
  });

  test('a state with its Final, and an account with its identity', async () => {
    const step = pay(mallory);
    const items = itemsOf(net, step);
    const quorum = makeQuorum(net, placeOf(step));
    for (const at of nodes) {
      await submitStep(net, at, step);
      await lock(net, at, { quorum, items });
    }
    const certificate = {
      ...quorum,
      form: 'acks' as const,
      receipts: (await Promise.all([0, 1, 2].map((at) => lock(net, node(at), { quorum, items })))).map((answer) => {
        const value = must(answer);
        if (value.type !== 'ack') throw new Error('an ack is expected');
        return value.receipt;
      }),
    };
    for (const at of nodes) must(await finalise(net, at, certificate, items));
    const { chain, index } = placeOf(step);
    const state = await costOf(() => get(node(0), pathTo.state(chain, index), stateAnswerCodec(net.suite)));
    expect(state).toMatchObject({ verify: 0, sign: 0, commits: 0 });
    const card = await costOf(() => get(node(0), pathTo.card(mallory.account), cardCodec(net.suite)));
    expect(card).toMatchObject({ verify: 0, sign: 0, commits: 0 });
  });
});

describe('NET-26, NET-29: proposals', () => {
  let step: TestStep;

  beforeEach(async () => {
    step = pay(mallory);
    const quorum = makeQuorum(net, placeOf(step));
    for (const at of nodes) await lock(net, at, { quorum, items: itemsOf(net, step) });
    net.nowMs = step.body.window.until + net.network.gapMs + 1;
    for (const at of nodes) await startRound(net, at, startOf(step, 1));
    net.nowMs += net.network.roundMs;
  });

  test('each signature in it is verified once, however many reports show the same lock', async () => {
    const reports = await reportsOf(step, 1, [0, 1, 2]);
    const owner = node(roundOwner(net, placeOf(step), 1));
    const bare = { ...wanted(step), items: [] };
    // q reports, and the q votes of the one lock.
    expect((await costOf(() => proposeAt(owner, bare, 1, reports))).verify).toBe(6);
    expect(await costOf(() => proposeAt(owner, bare, 1, reports))).toMatchObject({ verify: 0, sign: 0 });
    const proposal = proposalIn(await proposeAt(owner, bare, 1, reports));
    // And its own signature, and that of the state, which the node has.
    expect((await costOf(() => voteAll(proposal, [], [3]))).verify).toBe(8);
  });

  test('one that its owner did not sign costs one verification, one that asks somebody else none', async () => {
    const reports = await reportsOf(step, 1, [0, 1, 2]);
    const owner = roundOwner(net, placeOf(step), 1);
    const signature = entry(reports, 0).signature;
    const proposal = { ...placeOf(step), round: 1, reports, signature };
    const vote = await costOf(() => voteInRound(net, node(0), { proposal, items: [] }));
    expect(vote).toMatchObject({ verify: 1, commits: 0 });
    const stranger = node((owner + 1) % 4);
    const request = { ...placeOf(step), round: 1, reports, items: [] };
    expect(await costOf(() => propose(net, stranger, request))).toMatchObject({ verify: 0, commits: 0 });
  });

  test('a quorum that comes too late is written down once', async () => {
    const late = makeQuorum(net, placeOf(step));
    await reportsOf(step, 1, [0]);
    const request = () => lock(net, node(0), { quorum: late, items: [] });
    expect(codeOf(await request())).toBe('E_CONFLICT NET-16');
    expect(await costOf(request)).toMatchObject({ commits: 0 });
  });
});
