/** Slots that came to nothing, and those of vaults, taken through rounds by hand over four nodes in this process. */
import {
  chainTipCodec,
  must,
  nameOf,
  orderFork,
  pathTo,
  proposalMessage,
  roundOwner,
  signMessage,
  stateAnswerCodec,
  verifyCandidate,
  type Result,
} from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  copyDevice,
  createToken,
  entry,
  fund,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  makeNetwork,
  payOffline,
  remember,
  signClaim,
  signRelease,
  signTransfer,
  strictContext,
  submissionOf,
  takeVoid,
  type Device,
  type Half,
  type Reservation,
  type TestNetwork,
  type TestStep,
  type TestToken,
} from '../../../tests/kit/index.ts';
import {
  codeOf,
  finalise,
  gatherFrom,
  get,
  itemsOf,
  openTestNodes,
  placeOf,
  publish,
  publishRequest,
  receiptOf,
  startRound,
  submitStep,
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
const { startOf, startAt, reportsOf, wanted, voidOf, ownerOf, proposeAt, voteAll, finish, statusOf } = roundsOver(rig);

const makePayer = (name = 'alice'): Device => makeFundedDevice(net, name, canteen, meal.token, 10_000n);
const pay = (from: Device, to: Device, amount = 1n): TestStep =>
  signTransfer(net, from, to.account, meal.token, amount);

/** Time for so many rounds that were seen at the present time. */
const waitFor = (units: number): void => void (net.nowMs += units * net.network.roundMs);

describe('NET-27: a lapsed state comes to nothing', () => {
  let alice: Device;
  let before: Device;
  let lapsed: TestStep;

  beforeEach(async () => {
    alice = makePayer();
    before = copyDevice(alice);
    lapsed = pay(alice, bob, 9_000n);
    receiptOf(await submitStep(net, node(0), lapsed));
    net.nowMs = lapsed.body.window.until + net.network.gapMs;
  });

  test('no round before it has lapsed; then the void, and the next state above it', async () => {
    expect((await startAt(lapsed, 1, [0, 1])).map(codeOf)).toEqual(['E_TOO_EARLY NET-25', 'E_TOO_EARLY NET-25']);
    waitFor(1);
    const reports = await reportsOf(lapsed, 1, [0, 1]);
    expect((await startAt(lapsed, 1, [2])).map(codeOf)).toEqual(['E_TOO_EARLY NET-25']);
    waitFor(1);
    reports.push(...(await reportsOf(lapsed, 1, [2])));
    expect(reports.map(({ vote }) => vote)).toEqual([lapsed.hash, null, null]);
    const empty = voidOf(before);
    const owner = ownerOf(empty, 1);
    // One vote forces nothing, and its window is over: asking for it does not use up the round.
    expect(codeOf(await proposeAt(owner, wanted(lapsed), 1, reports))).toBe('E_WINDOW NET-11');
    expect(codeOf(await proposeAt(owner, { ...empty, items: [] }, 1, reports))).toBe('E_INCOMPLETE BND-2');
    const proposal = proposalIn(await proposeAt(owner, empty, 1, reports));
    const certificate = await finish(proposal, empty.items);
    expect(certificate.hash).toEqual(empty.hash);

    for (const at of nodes) {
      expect(codeOf(await submitStep(net, at, lapsed))).toBe('E_CONFLICT NET-15');
      expect(await statusOf(at, empty)).toMatchObject({ state: 'final' });
      expect(must(await get(at, pathTo.tip(empty.chain), chainTipCodec))).toMatchObject({ hash: empty.hash });
      const { state, items } = must(await get(at, pathTo.state(empty.chain, empty.index), stateAnswerCodec(net.suite)));
      expect(state).toEqual(empty.hash);
      expect(items.map(({ type }) => type)).toEqual(expect.arrayContaining(['body', 'operation', 'certificate']));
    }
    const goesOn = copyDevice(before);
    takeVoid(net, goesOn);
    remember(net, [{ type: 'certificate', certificate }]);
    const next = pay(goesOn, carol, 9_500n);
    expect(next.body.index).toBe(empty.index + 1);
    const final = must(await gatherFrom(net, nodes, next));
    expect(final).toMatchObject({ form: 'votes', round: 0 });
    for (const at of nodes) must(await finalise(net, at, final, itemsOf(net, next)));
    // What is above the lapsed state is dead with it.
    expect(codeOf(await submitStep(net, node(1), pay(alice, bob, 1n)))).toBe('E_CONFLICT NET-8');
  });

  test('forced by f + 1 votes it is final all the same, without a clock and without a body', async () => {
    net.nowMs = lapsed.body.window.until;
    receiptOf(await submitStep(net, node(1), lapsed));
    net.nowMs += net.network.gapMs;
    for (const at of [0, 1, 2]) await startRound(net, node(at), startOf(lapsed, 1));
    waitFor(1);
    const reports = await reportsOf(lapsed, 1, [0, 1, 2]);
    const owner = ownerOf(placeOf(lapsed), 1);
    expect(codeOf(await proposeAt(owner, voidOf(before), 1, reports))).toBe('E_CERTIFICATE NET-27');
    const proposal = proposalIn(await proposeAt(owner, { ...wanted(lapsed), items: [] }, 1, reports));
    expect((await voteAll(proposal, [])).map(codeOf)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(await statusOf(node(3), placeOf(lapsed))).toMatchObject({
      state: 'open',
      promise: 1,
      vote: null,
      seen: null,
    });
    const final = await finish(proposal, wanted(lapsed).items);
    expect(final.hash).toEqual(lapsed.hash);
    const { state } = must(await get(node(3), pathTo.state(final.chain, final.index), stateAnswerCodec(net.suite)));
    expect(state).toEqual(lapsed.hash);
  });

  test('a free choice outside of its window gets no vote, although the owner proposed it', async () => {
    for (const at of [1, 2, 3]) await startRound(net, node(at), startOf(lapsed, 1));
    waitFor(1);
    const reports = await reportsOf(lapsed, 1, [1, 2, 3]);
    const { secretKey } = entry(net.nodeKeys, roundOwner(net, placeOf(lapsed), 1));
    const unsigned = { ...placeOf(lapsed), round: 1, reports };
    const signature = signMessage(net.suite, secretKey, 'proposal', proposalMessage(net, unsigned));
    const votes = await voteAll({ ...unsigned, signature }, wanted(lapsed).items);
    expect(votes.slice(1).map(codeOf)).toEqual(Array.from({ length: 3 }, () => 'E_WINDOW NET-11'));
    expect(codeOf(entry(votes, 0))).toBe('E_WINDOW NET-11');
  });

  test('a void is never submitted, and begins no round', async () => {
    const { hash, items, chain, index } = voidOf(before);
    expect(codeOf(await startRound(net, node(1), { chain, index, round: 1, state: hash, fork: null, items }))).toBe(
      'E_OPERATION CHN-14',
    );
    expect(codeOf(await startRound(net, node(1), startOf(lapsed, 0)))).toBe('E_FORMAT NET-25');
    expect(codeOf(await startRound(net, node(1), startOf(lapsed, 1, { index: index + 1 })))).toBe('E_CHAIN NET-25');
  });

  test('NET-21: a state whose window was over before the payment began proves the fork that ended it', async () => {
    const payer = makePayer('mallory');
    for (const at of nodes) must(await publish(net, at, publishRequest(payer)));
    const origin = copyDevice(payer);
    const hidden = pay(payer, canteen, 1n);
    net.nowMs = hidden.body.window.until + net.network.gapMs + 1;
    const open = pay(copyDevice(origin), bob, 9_000n);
    for (const at of [0, 1, 2, 3]) await startRound(net, node(at), startOf(hidden, 1));
    waitFor(1);
    const reports = await reportsOf(hidden, 1, [0, 1, 2]);
    const empty = voidOf(origin);
    await finish(proposalIn(await proposeAt(ownerOf(empty, 1), empty, 1, reports)), empty.items);
    for (const at of nodes) expect(codeOf(await submitStep(net, at, open))).toBe('E_FORK NET-21');
  });
});

describe('NET-25, NET-27: vaults', () => {
  let alice: Device;
  let reservation: Reservation;
  let half: Half;

  beforeEach(() => {
    alice = makePayer();
    reservation = fund(net, alice, bob, meal.token, 500n);
    half = makeHalf(net, alice, bob);
    payOffline(net, half, reservation, 100n);
  });

  /** What a claim adds to the world is its own; the vault is not moved on. */
  const claimNow = (): TestStep => signClaim(net, { ...reservation }, half);
  const code = (results: readonly Result<unknown>[]): string[] => results.map(codeOf);

  test('one claim begins no round before the last branch does, and an early release none at all', async () => {
    const claim = claimNow();
    const back = signRelease(net, { ...reservation });
    expect(codeOf(await submitStep(net, node(0), back))).toBe('E_WINDOW NET-11');
    expect(await statusOf(node(0), placeOf(back))).toMatchObject({ state: 'empty', seen: null });
    expect(code(await startAt(back, 1, [0]))).toEqual(['E_TOO_EARLY NET-25']);
    expect(await statusOf(node(0), placeOf(back))).toMatchObject({ state: 'empty', seen: null });
    receiptOf(await submitStep(net, node(0), claim));
    expect(codeOf(await submitStep(net, node(0), back))).toBe('E_WINDOW NET-11');
    net.nowMs = reservation.terms.until - 1;
    for (const round of [1, 2, 30]) expect(code(await startAt(claim, round, [0]))).toEqual(['E_TOO_EARLY NET-25']);
    // Whatever was tried, the claim is final before E.
    expect(must(await gatherFrom(net, nodes, claim))).toMatchObject({ form: 'votes', round: 0 });
  });

  test('two claims for one place are a reason, and end in one Final', async () => {
    const first = claimNow();
    payOffline(net, half, reservation, 50n);
    const second = claimNow();
    for (const at of [0, 1]) receiptOf(await submitStep(net, node(at), first));
    for (const at of [2, 3]) receiptOf(await submitStep(net, node(at), second));
    expect(codeOf(await submitStep(net, node(0), second))).toBe('E_CONFLICT NET-15');
    waitFor(1);
    // Node 0 has met both. The others are shown both: their bodies and proofs come along.
    const { chain, index } = placeOf(first);
    const fork = orderFork(chain, index, first.hash, second.hash);
    expect(code(await startAt(first, 1, [0, 1]))).toEqual(['ok', 'E_TOO_EARLY NET-25']);
    const byName = [...submissionOf(net, first).items, ...submissionOf(net, second).items].map(
      (item) => [nameOf(net.suite, item), item] as const,
    );
    const both = [...new Map(byName).values()];
    await startAt(first, 1, [1, 2], { fork, items: both });
    waitFor(1);
    const reports = await reportsOf(first, 1, [0, 1, 2]);
    const owner = ownerOf(placeOf(first), 1);
    expect(codeOf(await proposeAt(owner, voidOf(reservation), 1, reports))).toBe('E_CERTIFICATE NET-27');
    const proposal = proposalIn(await proposeAt(owner, wanted(first), 1, reports));
    expect(await finish(proposal, wanted(first).items)).toMatchObject({ hash: first.hash });
    expect(codeOf(await submitStep(net, node(3), second))).toBe('E_CONFLICT NET-15');
  });

  test('no void before E + gap − Δ; then one, and the release above it', async () => {
    const claim = claimNow();
    receiptOf(await submitStep(net, node(0), claim));
    const last = reservation.terms.until + net.network.gapMs - net.network.deltaMs;
    net.nowMs = last;
    const start = (round: number, at: readonly number[]) => startAt(claim, round, at);
    expect(code(await start(1, [0, 1, 2]))).toEqual(Array.from({ length: 3 }, () => 'E_TOO_EARLY NET-25'));
    waitFor(1);
    const reports = await reportsOf(claim, 1, [1, 2]);
    await start(1, [3]);
    waitFor(1);
    reports.push(...(await reportsOf(claim, 1, [3])));
    const empty = voidOf(reservation);
    const owner = ownerOf(empty, 1);
    net.nowMs = last - 1;
    expect(codeOf(await proposeAt(owner, empty, 1, reports))).toBe('E_TOO_EARLY NET-27');
    net.nowMs = last + 2 * net.network.roundMs;
    expect(codeOf(await proposeAt(owner, wanted(claim), 1, reports))).toBe('E_WINDOW NET-11');
    const certificate = await finish(proposalIn(await proposeAt(owner, empty, 1, reports)), empty.items);
    remember(net, [{ type: 'certificate', certificate }]);
    takeVoid(net, reservation);
    const back = signRelease(net, reservation);
    const { items } = submissionOf(net, back);
    must(verifyCandidate(strictContext(net, items), back.hash));
    expect(must(await gatherFrom(net, nodes, back))).toMatchObject({ hash: back.hash });
  });
});
