import {
  balanceLeaf,
  chainTipCodec,
  creditPageCodec,
  decodeFile,
  evidenceListCodec,
  must,
  pathTo,
  slotStatusCodec,
  stateAnswerCodec,
  cardCodec,
  verifyAccountGenesis,
  verifyCertificate,
  verifyFile,
  verifyReceipt,
  verifySubmission,
  type SlotStatus,
} from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  claim,
  anyItem,
  copyDevice,
  countingSuite,
  createToken,
  DAY_MS,
  entry,
  forgeStep,
  fund,
  fundOperation,
  HOUR_MS,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  makeNetwork,
  makePolicy,
  makeQuorum,
  makeReceipt,
  payOffline,
  receive,
  signAccount,
  signTransfer,
  START_MS,
  strictContext,
  submissionOf,
  suite,
  transfer,
  windowNow,
  type Device,
  type TestNetwork,
  type TestToken,
} from '../../../tests/kit/index.ts';
import {
  codeOf,
  failureOf,
  finalise,
  gatherFrom,
  get,
  itemsOf,
  lock,
  openTestNode,
  openTestNodes,
  placeOf,
  publish,
  publishRequest,
  receiptOf,
  submit,
  submitStep,
  type TestNode,
} from './support/nodes.ts';

let net: TestNetwork;
let canteen: Device;
let meal: TestToken;
let bob: Device;
let carol: Device;
let nodes: TestNode[];
let node: TestNode;

beforeAll(async () => {
  net = makeNetwork();
  canteen = makeDevice(net, 'canteen');
  meal = createToken(net, canteen, { cap: 10_000_000n });
  bob = makeDevice(net, 'bob');
  carol = makeDevice(net, 'carol');
  nodes = await openTestNodes(net);
  node = entry(nodes, 0);
});

/** A payer of its own for each test. */
let payers = 0;
const makePayer = (amount = 10_000n): Device => makeFundedDevice(net, `payer ${++payers}`, canteen, meal.token, amount);

/** The same, and its account is known to all nodes. */
async function makeKnownPayer(): Promise<Device> {
  const payer = makePayer();
  for (const at of nodes) must(await publish(net, at, publishRequest(payer)));
  return payer;
}

const slotOf = async (at: TestNode, place: { chain: Device['account']; index: number }): Promise<SlotStatus> =>
  must(await get(at, pathTo.slot(place.chain, place.index), slotStatusCodec(suite)));

describe('NET-15: votes', () => {
  test('a valid submission gets a receipt of the node for exactly this state', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const receipt = receiptOf(await submitStep(net, node, step));
    expect(receipt.node).toBe(0);
    must(verifyReceipt(net, { form: 'votes', ...placeOf(step), round: 0 }, receipt));
    expect(await slotOf(node, placeOf(step))).toMatchObject({
      state: 'open',
      vote: step.hash,
      promise: 0,
      final: null,
    });
  });

  test('the same submission again gets the very same receipt, whatever the log has grown to', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const first = must(await submitStep(net, node, step));
    await submitStep(net, node, signTransfer(net, makePayer(), bob.account, meal.token, 1n));
    expect(must(await submitStep(net, node, step))).toEqual(first);
  });

  test('NET-10: what the node knows already may be left out', async () => {
    const payer = makePayer();
    const first = signTransfer(net, payer, bob.account, meal.token, 1n);
    const certificate = must(await gatherFrom(net, nodes, first));
    must(await finalise(net, node, certificate, itemsOf(net, first)));
    const second = signTransfer(net, payer, bob.account, meal.token, 1n);
    must(await submit(net, node, { state: second.hash, items: second.items, votes: [] }));
  });

  test('what the node knows to be final is not verified again, and no signature twice', async () => {
    const payer = makePayer();
    const first = transfer(net, payer, bob.account, meal.token, 1n);
    must(await finalise(net, node, first.certificate, itemsOf(net, first)));
    const counting = countingSuite();
    const watch = await openTestNode({ ...net, suite: counting }, 0, { disk: node.disk });
    const submission = submissionOf(net, signTransfer(net, payer, bob.account, meal.token, 1n));
    counting.reset();
    must(await submit(net, watch, submission));
    expect(counting.counts).toMatchObject({ verify: 1, sign: 1 });
  });

  test('a predecessor that is not final is E_PARENT and names the certificate that is missing', async () => {
    const payer = makePayer();
    const first = signTransfer(net, payer, bob.account, meal.token, 1n);
    const second = signTransfer(net, payer, bob.account, meal.token, 1n);
    const refused = await submitStep(net, node, second);
    expect(codeOf(refused)).toBe('E_PARENT NET-15');
    expect(failureOf(refused).missing).toEqual([
      `certificate ${Buffer.from(payer.account).toString('hex')} ${first.body.index}`,
    ]);
  });

  test('another state of one writer is refused with evidence that anybody can verify', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    const one = signTransfer(net, payer, bob.account, meal.token, 9_000n);
    const other = signTransfer(net, clone, carol.account, meal.token, 8_000n);
    must(await submitStep(net, node, one));
    const refused = await submitStep(net, node, other);
    expect(codeOf(refused)).toBe('E_FORK NET-21');
    const evidence = failureOf(refused).evidence ?? new Uint8Array(0);
    expect(verifyFile(suite, net.network, evidence)).toMatchObject({ ok: true, kind: 'evidence' });
    const { files } = must(await get(node, pathTo.evidence(payer.account), evidenceListCodec));
    expect(files).toEqual([evidence]);
    expect(await slotOf(node, placeOf(one))).toMatchObject({ vote: one.hash });
  });

  test('the fork is proved after a Final of the other state too', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    const one = transfer(net, payer, bob.account, meal.token, 9_000n);
    const other = signTransfer(net, clone, carol.account, meal.token, 8_000n);
    must(await finalise(net, node, one.certificate, itemsOf(net, one)));
    expect(codeOf(await submitStep(net, node, other))).toBe('E_FORK NET-21');
  });

  test('a node that has never seen the account can prove nothing: E_CONFLICT', async () => {
    const payer = makePayer();
    const clone = copyDevice(payer);
    must(await submitStep(net, node, signTransfer(net, payer, bob.account, meal.token, 1n)));
    const refused = await submitStep(net, node, signTransfer(net, clone, carol.account, meal.token, 1n));
    expect(codeOf(refused)).toBe('E_CONFLICT NET-15');
  });

  test('a state that was seen before and not voted for proves a fork all the same; the vote stands', async () => {
    const watch = await openTestNode(net, 1);
    const payer = makePayer();
    const clone = copyDevice(payer);
    must(await publish(net, watch, publishRequest(payer)));
    const seen = signTransfer(net, payer, bob.account, meal.token, 1n);
    net.nowMs += 2 * HOUR_MS;
    expect(codeOf(await submitStep(net, watch, seen))).toBe('E_WINDOW NET-11');
    const voted = signTransfer(net, clone, carol.account, meal.token, 1n);
    expect(codeOf(await submitStep(net, watch, voted))).toBe('ok');
    const { files } = must(await get(watch, pathTo.evidence(payer.account), evidenceListCodec));
    expect(files).toHaveLength(1);
    expect(await slotOf(watch, placeOf(voted))).toMatchObject({ seen: seen.hash, vote: voted.hash });
    net.nowMs = START_MS;
  });

  test('a restored device that waited until the first body was over by the gap has not forked: E_CONFLICT, no evidence', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    const other = copyDevice(payer);
    const one = signTransfer(net, payer, bob.account, meal.token, 1n);
    must(await submitStep(net, node, one));
    net.nowMs += 2 * HOUR_MS;
    const restored = signAccount(net, clone, { type: 'restored', window: windowNow(net) });
    const payment = signTransfer(net, other, bob.account, meal.token, 2n);
    net.nowMs = START_MS + 2 * HOUR_MS;
    const refused = [await submitStep(net, node, restored), await submitStep(net, node, payment)];
    net.nowMs = START_MS;
    expect(refused.map(codeOf)).toEqual(['E_CONFLICT NET-15', 'E_FORK NET-21']);
  });

  test('two claims of one reservation conflict and prove nothing', async () => {
    const reservation = fund(net, makePayer(), bob, meal.token, 5_000n);
    const half = makeHalf(net, reservation.payer, bob);
    payOffline(net, half, reservation, 100n);
    const later = { ...reservation };
    const one = claim(net, reservation, half);
    payOffline(net, half, later, 100n);
    const other = claim(net, later, half);
    must(await submit(net, node, { ...submissionOf(net, one) }));
    const refused = await submitStep(net, node, other);
    expect(codeOf(refused)).toBe('E_CONFLICT NET-15');
    expect(failureOf(refused).evidence).toBeUndefined();
  });
});

describe('NET-20: what a node keeps', () => {
  test('nothing of what it refuses, and nothing that the verification did not use', async () => {
    const watch = await openTestNode(net, 3);
    const kept = () => (watch.disk.get('item') ?? []).length;
    const payer = makePayer();
    const poor = forgeStep(net, payer, payer.key, {
      operation: {
        kind: 'account',
        operation: {
          type: 'transfer',
          window: windowNow(net),
          token: meal.token,
          amount: 10_001n,
          to: bob.account,
          reference: null,
        },
      },
      edit: (leaves) => {
        leaves.read(['account'], anyItem);
        leaves.read(balanceLeaf(meal.token), anyItem);
      },
    });
    expect(codeOf(await submitStep(net, watch, poor))).toBe('E_BALANCE VAL-6');
    expect(kept()).toBe(0);
    const step = signTransfer(net, payer, bob.account, meal.token, 1n);
    const submission = submissionOf(net, step);
    const stranger = makeDevice(net, 'stranger');
    must(await submit(net, watch, { ...submission, items: [...submission.items, ...stranger.card] }));
    expect(kept()).toBe(submission.items.length);
  });
});

describe('NET-11: windows', () => {
  const late = START_MS + 3 * HOUR_MS;

  test('a node votes while its clock is within the window and Δ on both sides', async () => {
    const clock = { nowMs: 0 };
    const watch = await openTestNode(net, 1, { clock: () => clock.nowMs });
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const { from, until } = step.body.window;
    for (const nowMs of [from - 10_001, until + 10_001]) {
      clock.nowMs = nowMs;
      expect(codeOf(await submitStep(net, watch, step))).toBe('E_WINDOW NET-11');
    }
    clock.nowMs = from - 10_000;
    must(await submitStep(net, watch, step));
    const other = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    clock.nowMs = until + 10_000;
    must(await submitStep(net, watch, other));
  });

  test('f+1 votes of round 0 waive the clock; fewer, others and those of another state do not', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const other = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const watch = await openTestNode(net, 1, { clock: () => late });
    const statement = { form: 'votes', ...placeOf(step), round: 0 } as const;
    const receiptsOf = (...which: number[]) => which.map((i) => makeReceipt(net, i, statement));
    const submission = submissionOf(net, step);
    const withVotes = (votes: ReturnType<typeof receiptsOf>) => submit(net, watch, { ...submission, votes });
    expect(codeOf(await withVotes([]))).toBe('E_WINDOW NET-11');
    expect(codeOf(await withVotes(receiptsOf(0)))).toBe('E_CERTIFICATE NET-6');
    expect(codeOf(await withVotes(receiptsOf(0, 2, 3)))).toBe('E_SURPLUS NET-6');
    expect(codeOf(await withVotes(receiptsOf(2, 2)))).toBe('E_CERTIFICATE NET-6');
    const foreign = [0, 2].map((i) => makeReceipt(net, i, { form: 'votes', ...placeOf(other), round: 0 }));
    expect(codeOf(await withVotes(foreign))).toBe('E_CERTIFICATE NET-5');
    const acks = [0, 2].map((i) => makeReceipt(net, i, { ...statement, form: 'acks' }));
    expect(codeOf(await withVotes(acks))).toBe('E_CERTIFICATE NET-5');
    must(await withVotes(receiptsOf(0, 2)));
  });

  test('votes that nobody has checked waive nothing, even if the window closes while the node decides', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    let looks = 0;
    const watch = await openTestNode(net, 1, { clock: () => (++looks === 1 ? START_MS : late) });
    const votes = [0, 2].map((i) => makeReceipt(net, i, { form: 'acks', ...placeOf(step), round: 0 }));
    expect(codeOf(await submit(net, watch, { ...submissionOf(net, step), votes }))).toBe('E_WINDOW NET-11');
  });

  test('NET-23: a body whose time is over by the gap is shown as lapsed, with its signature', async () => {
    const clock = { nowMs: START_MS };
    const watch = await openTestNode(net, 1, { clock: () => clock.nowMs });
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    expect(await slotOf(watch, placeOf(step))).toMatchObject({ state: 'empty', seen: null, items: [] });
    must(await submitStep(net, watch, step));
    clock.nowMs = step.body.window.until + net.network.gapMs;
    expect(await slotOf(watch, placeOf(step))).toMatchObject({ state: 'open' });
    clock.nowMs += 1;
    const status = await slotOf(watch, placeOf(step));
    expect(status).toMatchObject({ state: 'lapsed', seen: step.hash, seenMs: START_MS, vote: step.hash });
    expect(status.items.map(({ type }) => type)).toEqual(['body', 'operation', 'signature']);
  });

  test('NET-23: a body that came too late for a vote is shown as lapsed too', async () => {
    const watch = await openTestNode(net, 1, { clock: () => late });
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    expect(codeOf(await submitStep(net, watch, step))).toBe('E_WINDOW NET-11');
    expect(await slotOf(watch, placeOf(step))).toMatchObject({ state: 'lapsed', seen: step.hash, vote: null });
  });
});

describe('NET-16: locks', () => {
  test('a quorum is acked, by a node that has never heard of the state too, and the ack is repeated', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const quorum = makeQuorum(net, placeOf(step));
    const first = must(await lock(net, node, { quorum, items: [] }));
    expect(first.type).toBe('ack');
    must(verifyReceipt(net, { form: 'acks', ...placeOf(step), round: 0 }, receiptOf({ ok: true, value: first })));
    expect(must(await lock(net, node, { quorum, items: [] }))).toEqual(first);
    expect(await slotOf(node, placeOf(step))).toMatchObject({ state: 'open', quorum });
  });

  test('the state that comes along is kept for serving; one that is not the locked state is refused', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    const step = signTransfer(net, payer, bob.account, meal.token, 1n);
    const quorum = makeQuorum(net, placeOf(step));
    const stranger = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    must(await lock(net, node, { quorum, items: itemsOf(net, stranger) }));
    const other = signTransfer(net, clone, carol.account, meal.token, 2n);
    must(await lock(net, entry(nodes, 1), { quorum, items: itemsOf(net, step) }));
    expect(codeOf(await submitStep(net, entry(nodes, 1), other))).toBe('E_FORK NET-21');
  });

  test('anything but q votes of one statement is refused', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const quorum = makeQuorum(net, placeOf(step));
    const { receipts } = quorum;
    const lockWith = async (changes: Partial<typeof quorum>) =>
      codeOf(await lock(net, node, { quorum: { ...quorum, ...changes }, items: [] }));
    expect(await lockWith({ receipts: receipts.slice(1) })).toBe('E_CERTIFICATE NET-6');
    expect(await lockWith({ receipts: receipts.toReversed() })).toBe('E_CERTIFICATE NET-6');
    expect(await lockWith({ receipts: [...receipts.slice(1), entry(receipts, 2)] })).toBe('E_CERTIFICATE NET-6');
    expect(await lockWith({ receipts: [...receipts, makeReceipt(net, 3, quorum)] })).toBe('E_SURPLUS NET-6');
    expect(await lockWith({ form: 'acks' })).toBe('E_CERTIFICATE NET-7');
    expect(await lockWith({ round: 1 })).toBe('E_CERTIFICATE NET-5');
    expect(await lockWith({ index: quorum.index + 1 })).toBe('E_CERTIFICATE NET-5');
    expect(await lockWith({ hash: entry(receipts, 0).head.root as never })).toBe('E_CERTIFICATE NET-5');
    expect(await lockWith({ index: 0 })).toBe('E_CERTIFICATE NET-8');
  });

  test('a voter for another state acks the quorum', async () => {
    const payer = makePayer();
    const clone = copyDevice(payer);
    const step = signTransfer(net, payer, bob.account, meal.token, 1n);
    must(await submitStep(net, node, signTransfer(net, clone, carol.account, meal.token, 1n)));
    const answer = must(await lock(net, node, { quorum: makeQuorum(net, placeOf(step)), items: [] }));
    expect(answer.type).toBe('ack');
  });
});

describe('NET-17: Finals', () => {
  test('four nodes make a Final in one trip, three in two', async () => {
    const payer = makePayer();
    const one = signTransfer(net, payer, bob.account, meal.token, 1n);
    const inOne = must(await gatherFrom(net, nodes, one));
    expect(inOne.form).toBe('votes');
    must(verifyCertificate(net, inOne));
    for (const at of nodes) must(await finalise(net, at, inOne, itemsOf(net, one)));
    const two = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    const inTwo = must(await gatherFrom(net, [undefined, ...nodes.slice(1)], two));
    expect(inTwo.form).toBe('acks');
    must(verifyCertificate(net, inTwo));
  });

  test('two nodes of four are too few', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    expect(codeOf(await gatherFrom(net, [undefined, undefined, ...nodes.slice(2)], step))).toBe('E_PENDING NET-14');
  });

  test('a Final from anyone overrides the vote of the node, and is answered from then on', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    const voted = signTransfer(net, clone, carol.account, meal.token, 1n);
    must(await submitStep(net, node, voted));
    const step = transfer(net, payer, bob.account, meal.token, 2n);
    const tip = { index: step.body.index, hash: step.hash, certificate: step.certificate };
    expect(must(await finalise(net, node, step.certificate, itemsOf(net, step)))).toEqual(tip);
    expect(must(await submitStep(net, node, step))).toEqual({ type: 'final', certificate: step.certificate });
    const quorum = makeQuorum(net, placeOf(step));
    expect(must(await lock(net, node, { quorum, items: [] }))).toEqual({
      type: 'final',
      certificate: step.certificate,
    });
    expect(codeOf(await submitStep(net, node, voted))).toBe('E_FORK NET-21');
    expect(codeOf(await lock(net, node, { quorum: makeQuorum(net, placeOf(voted)), items: [] }))).toMatch(
      /^E_(FORK|CONFLICT)/,
    );
    expect(must(await get(node, pathTo.tip(payer.account), chainTipCodec))).toEqual(tip);
  });

  test('places below a Final are closed, even where the node missed what is final there', async () => {
    const payer = makePayer();
    const clone = copyDevice(payer);
    const missed = transfer(net, payer, bob.account, meal.token, 1n);
    const step = transfer(net, payer, bob.account, meal.token, 1n);
    must(
      await finalise(
        net,
        node,
        step.certificate,
        step.items.filter(({ type }) => type !== 'certificate'),
      ),
    );
    const other = signTransfer(net, clone, carol.account, meal.token, 1n);
    expect(codeOf(await submitStep(net, node, other))).toBe('E_CONFLICT NET-17');
    must(await finalise(net, node, missed.certificate, itemsOf(net, missed)));
    expect(must(await get(node, pathTo.tip(payer.account), chainTipCodec)).index).toBe(step.body.index);
  });

  test('a Final whose body or operation nobody brought is E_INCOMPLETE', async () => {
    const step = transfer(net, makePayer(), bob.account, meal.token, 17n);
    const only = (type: string) => step.items.filter((item) => item.type === type);
    expect(codeOf(await finalise(net, node, step.certificate, []))).toBe('E_INCOMPLETE BND-2');
    expect(codeOf(await finalise(net, node, step.certificate, only('body')))).toBe('E_INCOMPLETE BND-2');
    must(await finalise(net, node, step.certificate, [...only('body'), ...only('operation')]));
  });

  test('a certificate that proves nothing changes nothing', async () => {
    const step = transfer(net, makePayer(), bob.account, meal.token, 1n);
    const { certificate } = step;
    const items = itemsOf(net, step);
    const finalWith = async (changes: Partial<typeof certificate>) =>
      codeOf(await finalise(net, node, { ...certificate, ...changes }, items));
    expect(await finalWith({ receipts: certificate.receipts.slice(1) })).toBe('E_CERTIFICATE NET-6');
    expect(await finalWith({ round: 1 })).toBe('E_CERTIFICATE NET-8');
    expect(await finalWith({ form: 'acks' })).toBe('E_SURPLUS NET-6');
    expect(await finalWith({ form: 'acks', receipts: certificate.receipts.slice(1) })).toBe('E_CERTIFICATE NET-5');
    expect(await slotOf(node, placeOf(step))).toMatchObject({ state: 'empty', final: null });
  });

  test('a certificate of another place with this body is refused', async () => {
    const payer = makePayer();
    const step = transfer(net, payer, bob.account, meal.token, 1n);
    const elsewhere = makeQuorum(net, { ...placeOf(step), index: step.body.index + 1 });
    const acked = {
      ...elsewhere,
      form: 'acks',
      receipts: elsewhere.receipts.map(({ node }) => makeReceipt(net, node, { ...elsewhere, form: 'acks' })),
    } as const;
    expect(codeOf(await finalise(net, node, acked, itemsOf(net, step)))).toBe('E_CERTIFICATE NET-8');
  });

  test('a node learns the Finals that a submission proves on its way', async () => {
    const payer = makePayer();
    const before = transfer(net, payer, bob.account, meal.token, 7n);
    const step = signTransfer(net, payer, bob.account, meal.token, 1n);
    const lagging = await openTestNode(net, 2);
    must(await submitStep(net, lagging, step));
    const tip = must(await get(lagging, pathTo.tip(payer.account), chainTipCodec));
    expect(tip).toMatchObject({ index: before.body.index, hash: before.hash });
    expect(codeOf(await finalise(net, lagging, before.certificate, itemsOf(net, before)))).toBe('ok');
    const { credits } = must(await get(lagging, pathTo.credits(bob.account), creditPageCodec));
    expect(credits.filter(({ source }) => Buffer.compare(source, payer.account) === 0)).toHaveLength(1);
  });
});

describe('NET-17: credits', () => {
  test('certified debits are listed once under their payee, in the order of arrival, after a cursor', async () => {
    const dave = makeDevice(net, 'dave');
    const payer = makePayer();
    const steps = [1n, 2n, 3n].map((amount) => transfer(net, payer, dave.account, meal.token, amount));
    for (const step of [...steps, ...steps]) {
      must(await finalise(net, node, step.certificate, itemsOf(net, step)));
    }
    const list = async (after: number) =>
      must(await get(node, pathTo.credits(dave.account, after), creditPageCodec)).credits;
    const all = await list(0);
    expect(all.map(({ cursor, amount, index }) => ({ cursor, amount, index }))).toEqual(
      steps.map((step, i) => ({ cursor: i + 1, amount: BigInt(i + 1), index: step.body.index })),
    );
    expect(all[0]).toMatchObject({ source: payer.account, output: 0, token: meal.token });
    expect(await list(2)).toEqual(all.slice(2));
    expect(await list(3)).toEqual([]);
  });

  test('what a claim pays is listed under the payee', async () => {
    const erin = makeDevice(net, 'erin');
    const reservation = fund(net, makePayer(), erin, meal.token, 5_000n);
    const half = makeHalf(net, reservation.payer, erin);
    payOffline(net, half, reservation, 100n);
    const step = claim(net, reservation, half);
    must(await finalise(net, node, step.certificate, itemsOf(net, step)));
    const { credits } = must(await get(node, pathTo.credits(erin.account), creditPageCodec));
    expect(credits).toMatchObject([{ source: reservation.vault, index: 1, amount: 100n }]);
    must(await submitStep(net, node, receive(net, erin, step)));
  });
});

describe('NET-22: what a node serves proves itself', () => {
  test('an account is found by its id and by that of its identity, with its proof', async () => {
    const frank = makeDevice(net, 'frank');
    expect(codeOf(await get(node, pathTo.card(frank.account), cardCodec(suite)))).toBe('E_NOT_FOUND NET-22');
    must(await publish(net, node, publishRequest(frank)));
    for (const id of [frank.account, frank.identity]) {
      const card = must(await get(node, pathTo.card(id), cardCodec(suite)));
      expect(card.accounts).toEqual([frank.account]);
      must(verifyAccountGenesis(strictContext(net, card.items), frank.account));
    }
    const tip = must(await get(node, pathTo.tip(frank.account), chainTipCodec));
    expect(tip).toMatchObject({ index: 0, certificate: null });
  });

  test('an account without its identity, or with a broken one, is not published', async () => {
    const grace = makeDevice(net, 'grace');
    const items = grace.card.filter((item) => item.type !== 'signature');
    expect(codeOf(await publish(net, node, { account: grace.account, items }))).toBe('E_INCOMPLETE BND-2');
    const mallory = makeDevice(net, 'mallory');
    const stolen = grace.card.map((item) => {
      const other = mallory.card.find((candidate) => candidate.type === 'signature');
      return item.type === 'signature' && other?.type === 'signature' ? { ...item, signature: other.signature } : item;
    });
    expect(codeOf(await publish(net, node, { account: grace.account, items: stolen }))).toBe('E_SIGNATURE IDN-2');
    expect(codeOf(await get(node, pathTo.card(grace.account), cardCodec(suite)))).toBe('E_NOT_FOUND NET-22');
  });

  test('an account of another network is not published', async () => {
    const elsewhere = makeNetwork(4, { name: 'elsewhere' });
    const heidi = makeDevice(elsewhere, 'heidi');
    expect(codeOf(await publish(net, node, publishRequest(heidi)))).toBe('E_NETWORK NET-1');
  });

  test('a submission of the first state makes the account known', async () => {
    const issuer = makeDevice(net, 'ivan');
    const { policy } = makePolicy(net, issuer);
    const first = signAccount(net, issuer, { type: 'createToken', window: windowNow(net), policy });
    must(await submitStep(net, node, first));
    must(await get(node, pathTo.card(issuer.account), cardCodec(suite)));
  });

  test('a final state is served with everything that verifies it', async () => {
    const step = transfer(net, makePayer(), bob.account, meal.token, 1n);
    must(await finalise(net, node, step.certificate, itemsOf(net, step)));
    const path = pathTo.state(step.body.chain, step.body.index);
    const { state, items } = must(await get(node, path, stateAnswerCodec(suite)));
    expect(state).toEqual(step.hash);
    must(verifySubmission(strictContext(net, items), state));
    expect(items.some((item) => item.type === 'certificate' && item.certificate.index === step.body.index)).toBe(true);
  });

  test('a state that became final against the vote of the node is served with its own proof', async () => {
    const payer = makePayer();
    const clone = copyDevice(payer);
    const voted = signAccount(net, clone, fundOperation(net, clone, carol, meal.token, 5n).operation);
    must(await submitStep(net, node, voted));
    const step = transfer(net, payer, bob.account, meal.token, 3n);
    must(await finalise(net, node, step.certificate, itemsOf(net, step)));
    const path = pathTo.state(step.body.chain, step.body.index);
    const { state, items } = must(await get(node, path, stateAnswerCodec(suite)));
    must(verifySubmission(strictContext(net, items), state));
  });

  test('a final state of which only body and operation came is served with these and its certificate', async () => {
    const step = transfer(net, makePayer(), bob.account, meal.token, 1n);
    const bare = step.items.filter(
      (item) => item.type === 'operation' || (item.type === 'body' && item.body.index === step.body.index),
    );
    const fresh = await openTestNode(net, 2);
    must(await finalise(net, fresh, step.certificate, bare));
    const path = pathTo.state(step.body.chain, step.body.index);
    const { items } = must(await get(fresh, path, stateAnswerCodec(suite)));
    expect(items.map(({ type }) => type).toSorted()).toEqual(['body', 'certificate', 'operation']);
  });

  test('nothing is served for what is not final', async () => {
    const step = signTransfer(net, makePayer(), bob.account, meal.token, 1n);
    must(await submitStep(net, node, step));
    const path = pathTo.state(step.body.chain, step.body.index);
    expect(codeOf(await get(node, path, stateAnswerCodec(suite)))).toBe('E_NOT_FOUND NET-22');
  });

  test('evidence is a file', async () => {
    const payer = await makeKnownPayer();
    const clone = copyDevice(payer);
    must(await submitStep(net, node, signTransfer(net, payer, bob.account, meal.token, 1n)));
    await submitStep(net, node, signTransfer(net, clone, carol.account, meal.token, 1n));
    const { files } = must(await get(node, pathTo.evidence(payer.account), evidenceListCodec));
    const file = must(decodeFile(suite, entry(files, 0)));
    expect(file).toMatchObject({ kind: 'evidence', content: { chain: payer.account } });
  });
});

test('a day is longer than any window', () => expect(net.network.settleMs).toBe(DAY_MS));
