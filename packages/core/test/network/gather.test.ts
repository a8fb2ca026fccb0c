import {
  advanceGathering,
  encodeFile,
  fail,
  gatheredEvidence,
  ok,
  orderFork,
  recordFinder,
  startGathering,
  verifyCertificate,
  verifyFork,
  evidenceFrom,
  indexItems,
  type Ask,
  type Certificate,
  type GatherEvent,
  type LockAnswer,
  type Progress,
  type Result,
  type SubmitAnswer,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  certify,
  certifyByAcks,
  contextOf,
  copyDevice,
  createToken,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  makeReceipt,
  signTransfer,
  type TestStep,
} from '../../../../tests/kit/index.ts';

const net = makeNetwork();
const canteen = makeDevice(net, 'canteen');
const { token } = createToken(net, canteen);
const alice = makeFundedDevice(net, 'alice', canteen, token, 10_000n);
const bob = makeDevice(net, 'bob');
const carol = makeDevice(net, 'carol');
const clone = copyDevice(alice);
const toBob = signTransfer(net, alice, bob.account, token, 9_000n);
const toCarol = signTransfer(net, clone, carol.account, token, 8_000n);
const targetOf = ({ body, hash }: TestStep) => ({ chain: body.chain, index: body.index, hash });
const target = targetOf(toBob);
const statement = (form: 'votes' | 'acks', round = 0) => ({ form, ...target, round });
const SILENCE = fail('E_UNREACHABLE', 'NET-14', 'no answer');

type Answer = Result<SubmitAnswer | LockAnswer>;
type Behaviour = (ask: Ask) => Answer;

const honest: Behaviour = (ask) =>
  ask.type === 'vote'
    ? ok({ type: 'vote', receipt: makeReceipt(net, ask.node, statement('votes')) })
    : ok({ type: 'ack', receipt: makeReceipt(net, ask.node, statement('acks')) });
const silent: Behaviour = () => SILENCE;
const refusing =
  (failure: Result<never>): Behaviour =>
  () =>
    failure;

const eventOf = (ask: Ask, answer: Answer): GatherEvent => ({ type: ask.type, node: ask.node, answer }) as GatherEvent;

/** Runs to the outcome; answers the number of trips too. */
function gather(...nodes: Behaviour[]): { outcome: Result<Certificate>; asked: Ask[]; last: Progress } {
  let progress = startGathering(net, target);
  const asked: Ask[] = [];
  const queue = [...progress.asks];
  for (let ask = queue.shift(); ask && !progress.outcome; ask = queue.shift()) {
    asked.push(ask);
    const behave = nodes[ask.node];
    if (behave === undefined) throw new Error('more nodes than behaviours');
    progress = advanceGathering(net, progress.gathering, eventOf(ask, behave(ask)));
    queue.push(...progress.asks);
  }
  if (!progress.outcome) throw new Error('no outcome though everybody has answered');
  return { outcome: progress.outcome, asked, last: progress };
}

const codeOf = (outcome: Result<unknown>) => (outcome.ok ? 'ok' : outcome.error.code);

function evidenceOf(a: TestStep, b: TestStep): Uint8Array {
  const fork = orderFork(a.body.chain, a.body.index, a.hash, b.hash);
  const own = indexItems(net.suite, [...a.items, ...b.items]);
  const recorder = recordFinder((name) => own.get(name) ?? net.items.get(name));
  const proven = verifyFork({ ...net, evidence: evidenceFrom(recorder.find) }, fork);
  if (!proven.ok) throw new Error(proven.error.message);
  return encodeFile(net.suite, 'evidence', fork, recorder.used());
}

describe('NET-14: gathering a Final', () => {
  test('n equal votes are Final in one trip', () => {
    const { outcome, asked } = gather(honest, honest, honest, honest);
    expect(asked.map(({ type }) => type)).toEqual(['vote', 'vote', 'vote', 'vote']);
    expect(outcome.ok && outcome.value.form).toBe('votes');
    expect(outcome.ok && verifyCertificate(net, outcome.value).ok).toBe(true);
  });

  test('with one node silent a quorum of exactly q votes is shown to all nodes, and q acks are Final', () => {
    const { outcome, asked } = gather(honest, silent, honest, honest);
    const ack = asked.find((ask) => ask.type === 'ack');
    expect(ack?.quorum.receipts.map(({ node }) => node)).toEqual([0, 2, 3]);
    expect(outcome.ok && outcome.value.form).toBe('acks');
    expect(outcome.ok && verifyCertificate(net, outcome.value).ok).toBe(true);
  });

  test('a node that did not vote may ack', () => {
    const late: Behaviour = (ask) => (ask.type === 'vote' ? SILENCE : honest(ask));
    const early: Behaviour = (ask) => (ask.type === 'ack' ? SILENCE : honest(ask));
    const { outcome } = gather(late, early, honest, honest);
    expect(outcome.ok && outcome.value.receipts.map(({ node }) => node)).toEqual([0, 2, 3]);
    expect(outcome.ok && verifyCertificate(net, outcome.value).ok).toBe(true);
  });

  test('fewer than q votes are E_PENDING', () => {
    expect(codeOf(gather(honest, silent, silent, honest).outcome)).toBe('E_PENDING');
  });

  test('q votes and fewer than q acks are E_PENDING', () => {
    const early: Behaviour = (ask) => (ask.type === 'ack' ? SILENCE : honest(ask));
    expect(codeOf(gather(early, early, honest, silent).outcome)).toBe('E_PENDING');
  });

  test('it waits for all n unless told to hurry', () => {
    let progress = startGathering(net, target);
    for (const ask of progress.asks.slice(0, 3)) {
      progress = advanceGathering(net, progress.gathering, eventOf(ask, honest(ask)));
    }
    expect(progress).toMatchObject({ asks: [], outcome: undefined });
    progress = advanceGathering(net, progress.gathering, { type: 'hurry' });
    expect(progress.asks.map(({ type }) => type)).toEqual(['ack', 'ack', 'ack', 'ack']);
  });

  test('to hurry without a quorum is to go on waiting', () => {
    const start = startGathering(net, target);
    const progress = advanceGathering(net, start.gathering, { type: 'hurry' });
    expect(progress).toMatchObject({ asks: [], outcome: undefined });
  });

  test('a vote that comes after the acks were asked for still completes the n votes', () => {
    let progress = startGathering(net, target);
    const late = progress.asks.at(-1) as Ask;
    for (const ask of progress.asks.slice(0, 3)) {
      progress = advanceGathering(net, progress.gathering, eventOf(ask, honest(ask)));
    }
    progress = advanceGathering(net, progress.gathering, { type: 'hurry' });
    progress = advanceGathering(net, progress.gathering, eventOf(late, honest(late)));
    expect(progress.outcome?.ok && progress.outcome.value.form).toBe('votes');
  });

  test('a node that knows the Final ends it', () => {
    const certificate = certifyByAcks(net, target);
    const { outcome, asked } = gather(() => ok({ type: 'final', certificate }), silent, silent, silent);
    expect(asked).toHaveLength(1);
    expect(outcome).toEqual(ok(certificate));
  });

  test('a node that shows the Final of another state ends it with E_CONFLICT', () => {
    const certificate = certify(net, targetOf(toCarol));
    const { outcome } = gather(() => ok({ type: 'final', certificate }), silent, silent, silent);
    expect(codeOf(outcome)).toBe('E_CONFLICT');
  });

  test('NET-11: nodes whose clock has left the window are asked again with exactly f+1 votes', () => {
    const slow: Behaviour = (ask) =>
      ask.type === 'vote' && ask.votes.length === 0
        ? fail('E_WINDOW', 'NET-11', 'the window is not open')
        : honest(ask);
    const { outcome, asked } = gather(slow, honest, slow, honest);
    const again = asked.filter((ask) => ask.type === 'vote' && ask.votes.length > 0);
    expect(again.map(({ node }) => node)).toEqual([0, 2]);
    expect(again[0]?.type === 'vote' && again[0].votes.map(({ node }) => node)).toEqual([1, 3]);
    expect(outcome.ok && outcome.value.form).toBe('votes');
  });

  test('NET-11: a node that refuses the waiver is not asked for ever', () => {
    const stubborn = refusing(fail('E_WINDOW', 'NET-11', 'the window is not open'));
    const { outcome } = gather(stubborn, honest, honest, honest);
    expect(outcome.ok && outcome.value.form).toBe('acks');
  });
});

describe('NET-14: nodes that lie', () => {
  const impersonate: Behaviour = () => ok({ type: 'vote', receipt: makeReceipt(net, 0, statement('votes')) });
  const otherState: Behaviour = (ask) =>
    ok({
      type: 'vote',
      receipt: makeReceipt(net, ask.node, { form: 'votes', ...targetOf(toCarol), round: 0 }),
    });
  const laterRound: Behaviour = (ask) =>
    ok({ type: 'vote', receipt: makeReceipt(net, ask.node, statement('votes', 1)) });
  const ackForVote: Behaviour = (ask) => ok({ type: 'vote', receipt: makeReceipt(net, ask.node, statement('acks')) });
  const brokenHead: Behaviour = (ask) => {
    const receipt = makeReceipt(net, ask.node, statement('votes'));
    return ok({ type: 'vote', receipt: { ...receipt, head: { ...receipt.head, timeMs: 0 } } });
  };
  const falseFinal: Behaviour = () => {
    const certificate = certifyByAcks(net, target);
    return ok({ type: 'final', certificate: { ...certificate, receipts: certificate.receipts.slice(1) } });
  };
  const strayFinal: Behaviour = () =>
    ok({ type: 'final', certificate: certify(net, { ...target, index: target.index + 1 }) });

  test.each([
    ["another node's receipt", impersonate],
    ['a vote for another state', otherState],
    ['a vote of another round', laterRound],
    ['an ack for a vote', ackForVote],
    ['a tree head that it did not sign', brokenHead],
    ['a certificate with too few receipts', falseFinal],
    ['the certificate of another slot', strayFinal],
    ['a refusal', refusing(fail('E_BALANCE', 'VAL-6', 'a lie'))],
    ['a conflict', refusing(fail('E_CONFLICT', 'NET-15', 'a lie'))],
    ['a fork without evidence', refusing(fail('E_FORK', 'EVD-1', 'a lie'))],
  ])('f nodes that answer %s do not prevent a Final', (_, lying) => {
    const { outcome } = gather(honest, lying, honest, honest);
    expect(outcome.ok && outcome.value.form).toBe('acks');
    expect(outcome.ok && verifyCertificate(net, outcome.value).ok).toBe(true);
  });

  test.each([
    ["another node's receipt", impersonate, 'E_CERTIFICATE NET-14'],
    ['an ack for a vote', ackForVote, 'E_CERTIFICATE NET-5'],
    ['the certificate of another slot', strayFinal, 'E_CERTIFICATE NET-14'],
    ['a certificate with too few receipts', falseFinal, 'E_CERTIFICATE NET-6'],
  ])('why %s did not count is kept with the node', (_, lying, expected) => {
    const { last } = gather(silent, silent, silent, lying);
    const failure = last.gathering.nodes[3]?.failure;
    expect(`${failure?.code} ${failure?.rule}`).toBe(expected);
  });

  test('a lie does not count as a vote', () => {
    expect(codeOf(gather(honest, otherState, honest, silent).outcome)).toBe('E_PENDING');
  });

  test('what f+1 nodes refuse with is believed, what fewer refuse with is not', () => {
    const poor = refusing(fail('E_BALANCE', 'VAL-6', 'over the balance'));
    expect(codeOf(gather(poor, silent, poor, honest).outcome)).toBe('E_BALANCE');
    expect(codeOf(gather(poor, silent, silent, honest).outcome)).toBe('E_PENDING');
  });

  test('what is missing is united over the nodes', () => {
    const lacking = (what: string) => refusing(fail('E_INCOMPLETE', 'BND-2', `missing: ${what}`, { missing: [what] }));
    const { outcome } = gather(lacking('a'), lacking('b'), lacking('a'), silent);
    expect(outcome).toMatchObject({ error: { code: 'E_INCOMPLETE', missing: ['a', 'b'] } });
  });

  test('answers that come twice, late or from nowhere do no harm', () => {
    const start = startGathering(net, target);
    const [ask] = start.asks as [Ask];
    const once = advanceGathering(net, start.gathering, eventOf(ask, honest(ask)));
    const twice = advanceGathering(net, once.gathering, eventOf(ask, SILENCE));
    expect(twice.gathering).toEqual(once.gathering);
    const nowhere = advanceGathering(net, once.gathering, { type: 'vote', node: 9, answer: SILENCE });
    expect(nowhere.gathering).toBe(once.gathering);
    const early = advanceGathering(net, once.gathering, { type: 'ack', node: 1, answer: SILENCE });
    expect(early.gathering).toEqual(once.gathering);
  });
});

describe('NET-14: conflicts', () => {
  const evidence = evidenceOf(toBob, toCarol);
  const forked = refusing(fail('E_FORK', 'EVD-1', 'signed twice', { evidence }));

  test('when too few nodes are left for a quorum it ends at once, with the evidence', () => {
    const { outcome, asked } = gather(honest, forked, forked, honest);
    expect(asked).toHaveLength(3);
    expect(outcome).toMatchObject({ error: { code: 'E_FORK', evidence } });
  });

  test('evidence that proves nothing is dropped, and the fork is a conflict', () => {
    const broken = evidence.slice();
    broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1;
    const lying = refusing(fail('E_FORK', 'EVD-1', 'signed twice', { evidence: broken }));
    const { outcome } = gather(lying, lying, honest, honest);
    expect(outcome).toEqual(fail('E_CONFLICT', 'EVD-1', 'signed twice'));
  });

  test('evidence about another chain is dropped', () => {
    const dave = makeFundedDevice(net, 'dave', canteen, token, 100n);
    const copy = copyDevice(dave);
    const other = evidenceOf(
      signTransfer(net, dave, bob.account, token, 1n),
      signTransfer(net, copy, carol.account, token, 1n),
    );
    const lying = refusing(fail('E_FORK', 'EVD-1', 'signed twice', { evidence: other }));
    expect(codeOf(gather(lying, lying, honest, honest).outcome)).toBe('E_CONFLICT');
  });

  test('evidence is kept whatever the outcome', () => {
    const { outcome, last } = gather(forked, honest, honest, silent);
    expect(codeOf(outcome)).toBe('E_PENDING');
    expect(gatheredEvidence(last.gathering)).toEqual([evidence]);
  });

  test('the fork that the evidence proves is accepted by anybody', () => {
    const context = contextOf(net, [...toBob.items, ...toCarol.items]);
    const fork = orderFork(toBob.body.chain, toBob.body.index, toBob.hash, toCarol.hash);
    expect(verifyFork(context, fork).ok).toBe(true);
  });
});
