/** Slots whose votes are split, taken through rounds by hand over four nodes in this process. */
import {
  must,
  orderFork,
  proposalMessage,
  roundOwner,
  signMessage,
  verifyProposal,
  verifyReport,
  type BundleItem,
  type Report,
  type RoundProposal,
  type StateHash,
} from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  copyDevice,
  createToken,
  entry,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  makeQuorum,
  signTransfer,
  submissionOf,
  type Device,
  type TestNetwork,
  type TestStep,
  type TestToken,
} from '../../../tests/kit/index.ts';
import {
  codeOf,
  failureOf,
  gatherFrom,
  lock,
  openTestNode,
  openTestNodes,
  placeOf,
  publish,
  publishRequest,
  receiptOf,
  startRound,
  submitStep,
  voteInRound,
  type TestNode,
} from './support/nodes.ts';
import { proposalIn, roundsOver, type Rig } from './support/rounds.ts';

let net: TestNetwork;
let canteen: Device;
let meal: TestToken;
let bob: Device;
let carol: Device;
let nodes: TestNode[];
const node = (index: number): TestNode => entry(nodes, index);

beforeEach(async () => {
  net = makeNetwork();
  canteen = makeDevice(net, 'canteen');
  meal = createToken(net, canteen);
  bob = makeDevice(net, 'bob');
  carol = makeDevice(net, 'carol');
  nodes = await openTestNodes(net);
});

const rig: Rig = {
  get net() {
    return net;
  },
  get nodes() {
    return nodes;
  },
};
const { startOf, startAt, reportsOf, wanted, ownerOf, proposeAt, voteAll, finish, statusOf } = roundsOver(rig);

const makePayer = (): Device => makeFundedDevice(net, 'alice', canteen, meal.token, 10_000n);
const pay = (from: Device, to: Device, amount = 1n): TestStep =>
  signTransfer(net, from, to.account, meal.token, amount);

/** Time for so many rounds that were seen at the present time. */
const waitFor = (units: number): void => void (net.nowMs += units * net.network.roundMs);

describe('NET-25 to NET-29: a double-signed state whose votes are split', () => {
  let alice: Device;
  let one: TestStep;
  let other: TestStep;

  beforeEach(async () => {
    alice = makePayer();
    for (const at of nodes) must(await publish(net, at, publishRequest(alice)));
    const clone = copyDevice(alice);
    one = pay(alice, bob, 9_000n);
    other = pay(clone, carol, 8_000n);
    for (const at of [0, 1]) receiptOf(await submitStep(net, node(at), one));
    for (const at of [2, 3]) receiptOf(await submitStep(net, node(at), other));
    for (const at of [0, 1]) expect(codeOf(await submitStep(net, node(at), other))).toBe('E_FORK NET-21');
    for (const at of [2, 3]) expect(codeOf(await submitStep(net, node(at), one))).toBe('E_FORK NET-21');
  });

  /** What proves `one`, and that the same key signed `other`. */
  const withFork = (): readonly BundleItem[] => [
    ...submissionOf(net, one).items,
    ...alice.card.slice(-2),
    { type: 'body', body: other.body },
    ...other.items.filter(({ type }) => type === 'signature'),
  ];

  test('comes to one Final: what f + 1 of the reports voted for', async () => {
    expect(codeOf(await gatherFrom(net, nodes, one))).toBe('E_FORK NET-21');
    waitFor(1);
    const reports = await reportsOf(one, 1, [0, 1, 2]);
    for (const report of reports) must(verifyReport(net, { ...placeOf(one), round: 1 }, report));
    expect(reports.map(({ vote }) => vote)).toEqual([one.hash, one.hash, other.hash]);
    const owner = ownerOf(placeOf(one), 1);
    expect(codeOf(await proposeAt(owner, wanted(other), 1, reports))).toBe('E_CERTIFICATE NET-27');
    const proposal = proposalIn(await proposeAt(owner, wanted(one), 1, reports));
    must(verifyProposal(net, proposal));
    const certificate = await finish(proposal, wanted(one).items);
    expect(certificate).toMatchObject({ form: 'acks', round: 1, hash: one.hash });
    for (const at of nodes) {
      expect(await statusOf(at, placeOf(one))).toMatchObject({ state: 'final', final: { hash: one.hash } });
      expect(codeOf(await submitStep(net, at, other))).toBe('E_FORK NET-21');
      expect(must(await submitStep(net, at, one)).type).toBe('final');
      expect(must(await startRound(net, at, startOf(other, 5))).type).toBe('final');
      expect(must(await voteInRound(net, at, { proposal, items: [] })).type).toBe('final');
    }
    expect(must(await proposeAt(owner, wanted(one), 1, reports)).type).toBe('final');
  });

  test('a node asks for a reason and for patience, and says until when', async () => {
    const opensMs = net.nowMs + net.network.roundMs;
    net.nowMs += 1;
    const early = await startAt(one, 1, [0]);
    expect(failureOf(entry(early, 0))).toMatchObject({
      code: 'E_TOO_EARLY',
      rule: 'NET-25',
      message: `round 1 opens at ${opensMs}`,
    });
    const alone = await openTestNode(net, 3);
    const lapse = one.body.window.until + net.network.gapMs;
    const refused = failureOf(await startRound(net, alone, startOf(one, 1)));
    expect(refused).toMatchObject({ code: 'E_TOO_EARLY', rule: 'NET-25' });
    expect(refused.message).toContain(`${lapse}`);
    // The fork that somebody shows it is reason enough, from then on: no round is open that would have been by now.
    const fork = orderFork(one.body.chain, one.body.index, one.hash, other.hash);
    const items = withFork();
    waitFor(100);
    for (const round of [1, 9]) {
      const late = failureOf(await startRound(net, alone, startOf(one, round, { fork, items })));
      expect(late).toMatchObject({ code: 'E_TOO_EARLY', rule: 'NET-25' });
    }
    // And kept: the next start shows none.
    waitFor(1);
    expect(codeOf(await startRound(net, alone, startOf(one, 1)))).toBe('ok');
    expect(codeOf(await startRound(net, alone, startOf(one, 2)))).toBe('E_TOO_EARLY NET-25');
  });

  test('a fork of another place, or one that is none, is no reason', async () => {
    const alone = await openTestNode(net, 3);
    waitFor(1);
    const fork = orderFork(one.body.chain, one.body.index, one.hash, other.hash);
    const items = withFork();
    const start = (changes: Partial<typeof fork>) =>
      startRound(net, alone, startOf(one, 1, { fork: { ...fork, ...changes }, items }));
    expect(codeOf(await start({ index: fork.index + 1 }))).toBe('E_CHAIN NET-25');
    expect(codeOf(await start({ chain: bob.account }))).toBe('E_CHAIN NET-25');
    expect(codeOf(await start({ second: fork.first }))).toBe('E_ENCODING EVD-1');
  });

  test('what is answered once is answered for ever, by the node that crashed too', async () => {
    waitFor(1);
    const reports = await reportsOf(one, 1, [0, 1, 2]);
    const ownerIndex = roundOwner(net, placeOf(one), 1);
    const proposal = proposalIn(await proposeAt(node(ownerIndex), wanted(one), 1, reports));
    const vote = receiptOf(await voteInRound(net, node(0), { proposal, items: [] }));
    nodes = await Promise.all(nodes.map(({ index, disk }) => openTestNode(net, index, { disk })));
    expect(await reportsOf(one, 1, [1, 2])).toEqual(reports.slice(1));
    // Another state, other reports, no items: the proposal of this round is made.
    const others = [...(await reportsOf(other, 1, [1, 2])), ...(await reportsOf(one, 1, [3]))];
    expect(others.map(({ node: at }) => at)).toEqual([1, 2, 3]);
    expect(proposalIn(await proposeAt(node(ownerIndex), wanted(other), 1, others))).toEqual(proposal);
    expect(receiptOf(await voteInRound(net, node(0), { proposal, items: [] }))).toEqual(vote);
    // Reported again after the vote, since it had reported before.
    expect(await reportsOf(one, 1, [0])).toEqual(reports.slice(0, 1));
  });

  test('only the owner of a round proposes, and only with reports that verify', async () => {
    waitFor(2);
    const reports = await reportsOf(one, 2, [0, 1, 2, 3]);
    const owner = ownerOf(placeOf(one), 2);
    for (const at of nodes.filter((each) => each !== owner)) {
      expect(codeOf(await proposeAt(at, wanted(one), 2, reports.slice(0, 3)))).toBe('E_NOT_FOUND NET-28');
    }
    const asked = (given: readonly Report[]) => proposeAt(owner, wanted(one), 2, given);
    const [a, b, c] = reports as [Report, Report, Report];
    expect(codeOf(await asked([a, b]))).toBe('E_CERTIFICATE NET-27');
    expect(codeOf(await asked(reports))).toBe('E_SURPLUS NET-27');
    expect(codeOf(await asked([a, b, b]))).toBe('E_CERTIFICATE NET-27');
    expect(codeOf(await asked([b, a, c]))).toBe('E_CERTIFICATE NET-27');
    expect(codeOf(await asked([a, b, { ...c, vote: one.hash }]))).toBe('E_SIGNATURE NET-26');
    expect(codeOf(await asked([a, b, { ...c, round: 1 }]))).toBe('E_CERTIFICATE NET-26');
    expect(codeOf(await asked([a, b, { ...c, index: c.index + 1 }]))).toBe('E_CERTIFICATE NET-26');
    expect(codeOf(await asked([a, b, { ...c, lock: makeQuorum(net, { ...placeOf(one), index: 9 }) }]))).toBe(
      'E_CERTIFICATE NET-26',
    );
    expect(codeOf(await asked([a, b, c]))).toBe('ok');
  });

  test('an owner that proposes two states gets votes for one of them at each node, whoever comes second', async () => {
    waitFor(1);
    const reports = await reportsOf(one, 1, [0, 1, 2, 3]);
    const ownerIndex = roundOwner(net, placeOf(one), 1);
    const sign = (hash: StateHash, given: readonly Report[]): RoundProposal => {
      const unsigned = { chain: one.body.chain, index: one.body.index, round: 1, hash, reports: given };
      const { secretKey } = entry(net.nodeKeys, ownerIndex);
      return { ...unsigned, signature: signMessage(net.suite, secretKey, 'proposal', proposalMessage(net, unsigned)) };
    };
    const first = sign(one.hash, reports.slice(0, 3));
    const second = sign(other.hash, reports.slice(1));
    expect((await voteAll(first, [], [0, 1])).map(codeOf)).toEqual(['ok', 'ok']);
    expect((await voteAll(second, [], [2, 3])).map(codeOf)).toEqual(['ok', 'ok']);
    expect((await voteAll(second, [], [0, 1])).map(codeOf)).toEqual(['E_FORK NET-21', 'E_FORK NET-21']);
    expect((await voteAll(first, [], [0])).map(codeOf)).toEqual(['ok']);
    // The next round, of another owner, ends it.
    waitFor(1);
    const later = await reportsOf(one, 2, [0, 1, 2]);
    const proposal = proposalIn(await proposeAt(ownerOf(placeOf(one), 2), wanted(one), 2, later));
    expect(await finish(proposal, wanted(one).items)).toMatchObject({ round: 2, hash: one.hash });
  });

  test('a proposal is worth nothing without its owner and its reports', async () => {
    waitFor(1);
    const reports = await reportsOf(one, 1, [0, 1, 2]);
    const proposal = proposalIn(await proposeAt(ownerOf(placeOf(one), 1), wanted(one), 1, reports));
    const vote = async (changes: Partial<RoundProposal>) =>
      codeOf(await voteInRound(net, node(3), { proposal: { ...proposal, ...changes }, items: [] }));
    expect(await vote({ hash: other.hash })).toBe('E_SIGNATURE NET-28');
    expect(await vote({ round: 2 })).toBe('E_SIGNATURE NET-28');
    expect(await vote({ round: 0 })).toBe('E_SIGNATURE NET-28');
    expect(await vote({ reports: reports.slice(1) })).toBe('E_SIGNATURE NET-28');
    expect(await statusOf(node(3), placeOf(one))).toMatchObject({ promise: 0 });
  });

  test('NET-23: a quorum that comes after the promise is kept and served; the next round goes on with a lock', async () => {
    waitFor(1);
    await reportsOf(one, 1, [0]);
    const quorum = makeQuorum(net, placeOf(one));
    const items = wanted(one).items;
    expect(codeOf(await lock(net, node(0), { quorum, items }))).toBe('E_CONFLICT NET-16');
    expect(await statusOf(node(0), placeOf(one))).toMatchObject({ promise: 1, quorum: { round: 0 }, final: null });
    // The others have not promised: they lock it, and their reports say so.
    receiptOf(await lock(net, node(2), { quorum, items }));
    waitFor(1);
    const reports = await reportsOf(one, 2, [0, 2, 3]);
    expect(reports.map((report) => report.lock?.hash ?? null)).toEqual([null, one.hash, null]);
    const owner = ownerOf(placeOf(one), 2);
    expect(codeOf(await proposeAt(owner, wanted(other), 2, reports))).toBe('E_CERTIFICATE NET-27');
    const proposal = proposalIn(await proposeAt(owner, wanted(one), 2, reports));
    expect(await finish(proposal, items)).toMatchObject({ round: 2, hash: one.hash });
  });
});
