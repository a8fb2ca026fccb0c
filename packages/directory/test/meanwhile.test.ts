/** What happens between the moment at which a node reads a slot and the one at which it decides; stores that fail there. */
import { equalBytes, memoryDisk, memoryStore, must, StoreError, type Store } from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  certify,
  copyDevice,
  createToken,
  entry,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  makeQuorum,
  signTransfer,
  type Device,
  type TestNetwork,
  type TestStep,
  type TestToken,
} from '../../../tests/kit/index.ts';
import { placeKey } from '../src/store/keys.ts';
import {
  codeOf,
  finalise,
  itemsOf,
  lock,
  openTestNode,
  placeOf,
  publish,
  publishRequest,
  receiptOf,
  submitStep,
  type TestNode,
} from './support/nodes.ts';
import { roundsOver, type Rig } from './support/rounds.ts';

type Reading = (collection: string, key: Uint8Array) => Promise<void> | void;

interface Watch {
  /** Called when what was read is known, and before it is handed on. */
  reading: Reading;
  /** Called after each commit. */
  wrote: () => void;
}

const IDLE: Watch = { reading: () => {}, wrote: () => {} };

const watched = (store: Store, watch: Watch): Store => ({
  ...store,
  get: async (collection, key) => {
    const value = await store.get(collection, key);
    await watch.reading(collection, key);
    return value;
  },
  commit: async (writes, conditions) => {
    const result = await store.commit(writes, conditions);
    watch.wrote();
    return result;
  },
});

let net: TestNetwork;
let nodes: TestNode[];
let alice: Device;
let bob: Device;
let meal: TestToken;
let step: TestStep;
let elsewhere: TestStep;
const watch: Watch = { ...IDLE };

beforeEach(async () => {
  net = makeNetwork();
  Object.assign(watch, IDLE);
  const canteen = makeDevice(net, 'canteen');
  meal = createToken(net, canteen);
  bob = makeDevice(net, 'bob');
  alice = makeFundedDevice(net, 'alice', canteen, meal.token, 10_000n);
  const carol = makeFundedDevice(net, 'carol', canteen, meal.token, 10_000n);
  step = signTransfer(net, copyDevice(alice), bob.account, meal.token, 1n);
  elsewhere = signTransfer(net, carol, bob.account, meal.token, 2n);
  nodes = await Promise.all(
    net.nodeKeys.map((_, index) => openTestNode(net, index, { store: watched(memoryStore(memoryDisk()), watch) })),
  );
  for (const at of nodes) must(await publish(net, at, publishRequest(alice)));
});

const rig: Rig = {
  get net() {
    return net;
  },
  get nodes() {
    return nodes;
  },
};
const { startAt, reportsOf, wanted, ownerOf, proposeAt } = roundsOver(rig);

/** The next time that a slot is read, it is final right after. */
function finaliseMeanwhile(at: TestNode): void {
  watch.reading = async (collection) => {
    if (collection !== 'slot') return;
    watch.reading = () => {};
    must(await finalise(net, at, certify(net, placeOf(step)), itemsOf(net, step)));
  };
}

/** The state has lapsed, so that nobody needs a fork to begin a round. */
async function reportLapsed() {
  receiptOf(await submitStep(net, entry(nodes, 0), step));
  net.nowMs = step.body.window.until + net.network.gapMs + 1;
  await startAt(step, 1, [0, 1, 2]);
  net.nowMs += net.network.roundMs;
  return reportsOf(step, 1, [0, 1, 2]);
}

describe('NET-17: a slot that becomes final while a node deals with something else about it', () => {
  test('NET-25: is answered with its Final where a round was to begin', async () => {
    net.nowMs = step.body.window.until + net.network.gapMs + net.network.roundMs + 1;
    finaliseMeanwhile(entry(nodes, 0));
    const started = entry(await startAt(step, 1, [0]), 0);
    expect(must(started)).toMatchObject({ type: 'final', certificate: { hash: step.hash } });
  });

  test('NET-28: is answered with its Final where a round was to be proposed', async () => {
    const reports = await reportLapsed();
    const owner = ownerOf(step.body, 1);
    finaliseMeanwhile(owner);
    const proposed = await proposeAt(owner, wanted(step), 1, reports);
    expect(must(proposed)).toMatchObject({ type: 'final', certificate: { hash: step.hash } });
  });
});

test('NET-8: where the choice is free, a state of another place is none of this slot', async () => {
  const reports = await reportLapsed();
  const { hash, items } = wanted(elsewhere);
  const proposed = await proposeAt(ownerOf(step.body, 1), { ...wanted(step), hash, items }, 1, reports);
  expect(codeOf(proposed)).toBe('E_CERTIFICATE NET-8');
});

test('NET-21: a quorum for another state than the final one is refused, with evidence where one device signed both', async () => {
  const at = entry(nodes, 0);
  const other = signTransfer(net, alice, bob.account, meal.token, 2n);
  receiptOf(await submitStep(net, at, step));
  must(await finalise(net, at, certify(net, placeOf(step)), itemsOf(net, step)));
  const late = { quorum: makeQuorum(net, placeOf(other)), items: itemsOf(net, other) };
  expect(codeOf(await lock(net, at, late))).toMatch(/^E_(?:FORK NET-21|CONFLICT NET-15)$/);
});

describe('NET-18: a store that cannot be read', () => {
  const broken = (): never => {
    throw new StoreError({ code: 'E_STORE', rule: 'STO-4', message: 'a simulated fault while reading' });
  };

  test('while the slot is decided: nothing is, and the next request is answered', async () => {
    const at = entry(nodes, 0);
    const place = placeKey(step.body.chain, step.body.index);
    watch.reading = (collection, key) => (collection === 'slot' && equalBytes(key, place) ? broken() : undefined);
    expect(codeOf(await submitStep(net, at, step))).toBe('E_STORE STO-4');
    expect(at.log).toContainEqual(expect.objectContaining({ event: 'decision failed' }));
    Object.assign(watch, IDLE);
    receiptOf(await submitStep(net, at, step));
  });

  test('a defect is no answer about the state: E_INTERNAL', async () => {
    const place = placeKey(step.body.chain, step.body.index);
    watch.reading = (collection, key) => {
      if (collection === 'slot' && equalBytes(key, place)) throw new Error('a simulated defect');
    };
    expect(codeOf(await submitStep(net, entry(nodes, 0), step))).toBe('E_INTERNAL NET-18');
  });

  test('before anything is decided: the batch as a whole is refused', async () => {
    const at = entry(nodes, 0);
    watch.reading = (collection) => (collection === 'log' ? broken() : undefined);
    expect(codeOf(await submitStep(net, at, step))).toBe('E_STORE STO-4');
    expect(at.log).toContainEqual(expect.objectContaining({ event: 'batch failed' }));
    Object.assign(watch, IDLE);
    receiptOf(await submitStep(net, at, step));
  });

  test('after the vote was stored: it is not answered, and the vote is the same when it is asked for again', async () => {
    const at = entry(nodes, 0);
    watch.wrote = () => void (watch.reading = broken);
    expect(codeOf(await submitStep(net, at, step))).toBe('E_STORE STO-4');
    Object.assign(watch, IDLE);
    const receipt = receiptOf(await submitStep(net, at, step));
    expect(receiptOf(await submitStep(net, at, step))).toEqual(receipt);
  });
});

test('NET-22: an account without its genesis is not published', async () => {
  const { account } = makeDevice(net, 'nobody has met');
  const [, ...items] = publishRequest(alice).items;
  expect(codeOf(await publish(net, entry(nodes, 0), { account, items }))).toBe('E_INCOMPLETE BND-2');
});
