/** A node that is asked twice, in two processes or after a crash at the worst moment, says one thing. */
import {
  memoryStore,
  must,
  orderFork,
  proposalMessage,
  roundOwner,
  signMessage,
  toHex,
  verifyFork,
  type StartRequest,
  type Store,
} from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  contextOf,
  copyDevice,
  createToken,
  entry,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  makePolicy,
  makeQuorum,
  remember,
  seed,
  signAccount,
  signTransfer,
  submissionOf,
  takeVoid,
  windowNow,
  type Device,
  type TestNetwork,
  type TestStep,
  type TestToken,
} from '../../../../tests/kit/index.ts';
import {
  codeOf,
  gatherFrom,
  itemsOf,
  lock,
  openTestNode,
  openTestNodes,
  placeOf,
  publish,
  publishRequest,
  startRound,
  submitStep,
  voteInRound,
  type TestNode,
} from '../support/nodes.ts';
import { proposalIn, reportIn, roundsOver, type Rig } from '../support/rounds.ts';

let net: TestNetwork;
let canteen: Device;
let meal: TestToken;
let bob: Device;
let nodes: TestNode[];
const node = (index: number): TestNode => entry(nodes, index);

const rig: Rig = {
  get net() {
    return net;
  },
  get nodes() {
    return nodes;
  },
};
const { startOf, reportsOf, wanted, voidOf, ownerOf, proposeAt, finish } = roundsOver(rig);

beforeEach(async () => {
  net = makeNetwork();
  canteen = makeDevice(net, 'canteen');
  meal = createToken(net, canteen);
  bob = makeDevice(net, 'bob');
  nodes = await openTestNodes(net);
});

/** A state under two signatures; nobody has voted yet. */
describe('two processes of one node, and crashes', () => {
  let one: TestStep;
  let other: TestStep;
  let forked: StartRequest;
  let owner: number;

  beforeEach(async () => {
    const mallory = makeFundedDevice(net, 'mallory', canteen, meal.token, 10_000n);
    const clone = copyDevice(mallory);
    one = signTransfer(net, mallory, bob.account, meal.token, 9_000n);
    other = signTransfer(net, clone, canteen.account, meal.token, 8_000n);
    const { chain, index } = placeOf(one);
    forked = startOf(one, 1, {
      fork: orderFork(chain, index, one.hash, other.hash),
      items: [
        ...submissionOf(net, one).items,
        ...mallory.card.slice(-2),
        { type: 'body', body: other.body },
        ...other.items.filter(({ type }) => type === 'signature'),
      ],
    });
    for (const at of nodes) expect(codeOf(await startRound(net, at, forked))).toBe('E_TOO_EARLY NET-25');
    net.nowMs += net.network.roundMs;
    owner = roundOwner(net, placeOf(one), 1);
  });

  const twin = ({ index, disk }: TestNode): Promise<TestNode> => openTestNode(net, index, { disk });

  test('NET-25: one report of a round, whichever process is asked', async () => {
    const both = [node(0), await twin(node(0))];
    const answers = await Promise.all([...both, ...both].map((at) => startRound(net, at, forked)));
    expect(new Set(answers.map((answer) => toHex(reportIn(answer).signature))).size).toBe(1);
  });

  test('NET-28: one proposal of a round, although each process is asked for another one', async () => {
    const reports = await reportsOf(one, 1, [0, 1, 2]);
    const both = [node(owner), await twin(node(owner))];
    const answers = await Promise.all(both.map((at, i) => proposeAt(at, wanted(entry([one, other], i)), 1, reports)));
    const [first, second] = answers.map(proposalIn);
    expect(second).toEqual(first);
  });

  test('NET-29: one vote of a round, although a dishonest owner shows each process another proposal', async () => {
    const reports = await reportsOf(one, 1, [0, 1, 2]);
    const { secretKey } = entry(net.nodeKeys, owner);
    const both = [node(3), await twin(node(3))];
    const votes = await Promise.all(
      both.map((at, i) => {
        const step = entry([one, other], i);
        const unsigned = { ...placeOf(step), round: 1, reports };
        const signature = signMessage(net.suite, secretKey, 'proposal', proposalMessage(net, unsigned));
        return voteInRound(net, at, { proposal: { ...unsigned, signature }, items: submissionOf(net, step).items });
      }),
    );
    expect(votes.map(codeOf).toSorted()).toEqual(['E_FORK NET-21', 'ok']);
  });

  test('NET-25: a crash between the promise and its signature: the promise holds, and the report is that of then', async () => {
    const inner = memoryStore(node(0).disk);
    const dying: Store = {
      ...inner,
      commit: async (writes, conditions) =>
        writes.some(({ collection }) => collection === 'signature')
          ? { ok: false, error: { code: 'E_STORE', rule: 'STO-4', message: 'gone' } }
          : inner.commit(writes, conditions),
    };
    const before = await openTestNode(net, 0, { store: dying });
    expect(codeOf(await startRound(net, before, forked))).toBe('E_STORE STO-4');
    const after = await twin(node(0));
    expect(codeOf(await submitStep(net, after, one))).toBe('E_CONFLICT NET-15');
    const quorum = makeQuorum(net, placeOf(one));
    expect(codeOf(await lock(net, after, { quorum, items: itemsOf(net, one) }))).toBe('E_CONFLICT NET-16');
    expect(reportIn(await startRound(net, after, forked))).toMatchObject({ round: 1, lock: null, vote: null });
  });
});

describe('CHN-14, EVD-2: an honest device whose states lapse', () => {
  test('goes on above voids, the first above its genesis, and none of what it ever signed accuses it', async () => {
    const alice = makeDevice(net, 'alice');
    for (const at of nodes) must(await publish(net, at, publishRequest(alice)));
    const signed: TestStep[] = [];
    for (let i = 0; i < 3; i++) {
      const { policy } = makePolicy(net, alice, { symbol: `A${i}` });
      const run = copyDevice(alice);
      // Two states above each other, and both come to nothing.
      for (const salt of ['one', 'two']) {
        const other = { ...policy, salt: seed(salt, i).slice(0, 16) };
        signed.push(signAccount(net, run, { type: 'createToken', window: windowNow(net), policy: other }));
      }
      const lapsed = entry(signed, signed.length - 2);
      net.nowMs = entry(signed, signed.length - 1).body.window.until + net.network.gapMs + 1;
      for (const at of nodes) await startRound(net, at, startOf(lapsed, 1));
      net.nowMs += net.network.roundMs;
      const empty = voidOf(alice);
      const reports = await reportsOf(lapsed, 1, [1, 2, 3]);
      const proposal = proposalIn(await proposeAt(ownerOf(empty, 1), empty, 1, reports));
      remember(net, [{ type: 'certificate', certificate: await finish(proposal, empty.items) }]);
      takeVoid(net, alice);
    }
    const { policy } = makePolicy(net, alice, { symbol: 'LAST' });
    const last = signAccount(net, alice, { type: 'createToken', window: windowNow(net), policy });
    expect(last.body.index).toBe(4);
    signed.push(last);
    expect(must(await gatherFrom(net, nodes, last))).toMatchObject({ form: 'votes', round: 0 });
    for (const step of signed.slice(0, -1)) {
      for (const at of nodes) expect(codeOf(await submitStep(net, at, step))).toMatch(/^E_CONFLICT /);
    }
    const context = contextOf(
      net,
      signed.flatMap(({ items }) => items),
    );
    for (const [a, b] of signed.flatMap((a, i) => signed.slice(i + 1).map((b) => [a, b] as const))) {
      for (let index = 1; index <= 4; index++) {
        const fork = orderFork(alice.account, index, a.hash, b.hash);
        expect(verifyFork(context, fork).ok).toBe(false);
      }
    }
  });
});
