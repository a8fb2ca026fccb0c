/**
 * Whatever happens to the store, a node never says two different things about one slot, never gives two leaves one
 * position and never signs two roots of one size.
 */
import {
  decodeWith,
  equalBytes,
  faultyStore,
  logLeafHash,
  memoryDisk,
  memoryStore,
  must,
  statementToItem,
  toHex,
  treeHeadCodec,
  verifyReceipt,
  type CommitFault,
  type MemoryDisk,
  type Receipt,
  type Store,
} from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  copyDevice,
  createToken,
  entry,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  makeQuorum,
  signTransfer,
  suite,
  type Device,
  type TestNetwork,
  type TestStep,
  type TestToken,
} from '../../../tests/kit/index.ts';
import { codeOf, lock, openTestNode, placeOf, receiptOf, submitStep, type TestNode } from './support/nodes.ts';

let net: TestNetwork;
let bob: Device;
let carol: Device;
let meal: TestToken;
/** Pairs of states for one place each: the device and its copy. */
let forks: (readonly [TestStep, TestStep])[];

beforeAll(() => {
  net = makeNetwork();
  const canteen = makeDevice(net, 'canteen');
  meal = createToken(net, canteen);
  bob = makeDevice(net, 'bob');
  carol = makeDevice(net, 'carol');
  forks = Array.from({ length: 4 }, (_, i) => {
    const payer = makeFundedDevice(net, `payer ${i}`, canteen, meal.token, 1_000n);
    const clone = copyDevice(payer);
    return [
      signTransfer(net, payer, bob.account, meal.token, 900n),
      signTransfer(net, clone, carol.account, meal.token, 800n),
    ];
  });
});

/** Every signed head and every leaf on a disk: heads of one size agree, leaves stand where they say. */
function inspect(disk: MemoryDisk): void {
  const records = (collection: string) => disk.get(collection) ?? [];
  const size = records('log-leaf').length;
  records('log-leaf').forEach(({ key }, i) => expect(Number(new DataView(key.buffer).getBigUint64(0))).toBe(i));
  const roots = new Map(records('log-root').map(({ key, value }) => [toHex(key), value]));
  for (const { key, value } of records('head')) {
    const head = must(decodeWith(treeHeadCodec, value, 'head'));
    expect(head.size).toBeLessThanOrEqual(size);
    expect(equalBytes(head.root, roots.get(toHex(key)) ?? new Uint8Array(0))).toBe(true);
  }
}

const statementOf = (step: TestStep, form: 'votes' | 'acks' = 'votes') => ({ form, ...placeOf(step), round: 0 });

describe('NET-18: faults of the store', () => {
  const plans: [string, Record<number, CommitFault>][] = [];
  for (const fault of ['lost', 'kept'] as const) {
    for (let commit = 1; commit <= 6; commit++) plans.push([`commit ${commit} is ${fault}`, { [commit]: fault }]);
  }
  plans.push(
    ['commits 2 and 3 are kept', { 2: 'kept', 3: 'kept' }],
    ['all are lost', Object.fromEntries(Array.from({ length: 12 }, (_, i) => [i + 1, 'lost' as const]))],
  );

  test.each(plans)('%s: never two votes, and after a restart the same answer', async (_, plan) => {
    const disk = memoryDisk();
    // The first commit claims the store.
    const shifted = Object.fromEntries(Object.entries(plan).map(([commit, fault]) => [Number(commit) + 1, fault]));
    const shaken = await openTestNode(net, 0, { disk, store: faultyStore(memoryStore(disk), shifted) });
    const given = new Map<TestStep, Receipt[]>();
    const refused = new Set<string>();
    const ask = async (node: TestNode, step: TestStep): Promise<void> => {
      const answer = await submitStep(net, node, step);
      if (answer.ok) given.set(step, [...(given.get(step) ?? []), receiptOf(answer)]);
      else refused.add(answer.error.code);
    };
    for (const [one, other] of forks.slice(0, 2)) {
      for (const step of [one, other, one, other]) await ask(shaken, step);
    }
    const restarted = await openTestNode(net, 0, { disk });
    for (const [one, other] of forks.slice(0, 2)) {
      for (const step of [other, one]) await ask(restarted, step);
      const answers = [one, other].map((step) => given.get(step) ?? []);
      // Exactly one of the two states has a vote, and it is the same one before and after.
      expect(answers.filter(({ length }) => length > 0)).toHaveLength(1);
    }
    for (const [step, receipts] of given) {
      for (const receipt of receipts) {
        must(verifyReceipt(net, statementOf(step), receipt));
        expect(receipt.leaf).toBe(entry(receipts, 0).leaf);
      }
    }
    expect([...refused].filter((code) => code !== 'E_STORE' && code !== 'E_CONFLICT')).toEqual([]);
    inspect(disk);
  });

  test('an ack whose commit was kept is the same after a restart', async () => {
    const disk = memoryDisk();
    const shaken = await openTestNode(net, 0, { disk, store: faultyStore(memoryStore(disk), { 2: 'kept' }) });
    const [step] = entry(forks, 0);
    const request = { quorum: makeQuorum(net, placeOf(step)), items: [] };
    expect(codeOf(await lock(net, shaken, request))).toBe('E_STORE STO-4');
    const restarted = await openTestNode(net, 0, { disk });
    const receipt = receiptOf(await lock(net, restarted, request));
    must(verifyReceipt(net, statementOf(step, 'acks'), receipt));
    expect(receipt.leaf).toBe(0);
    inspect(disk);
  });

  test('what is read while a store is down is a failure with a code, not an exception', async () => {
    const disk = memoryDisk();
    const node = await openTestNode(net, 0, { disk });
    await node.open.close();
    const [step] = entry(forks, 0);
    expect(codeOf(await submitStep(net, node, step))).toBe('E_STORE STO-4');
  });
});

/** A store whose every call takes a turn, so that two processes on one disk interleave. */
function slowStore(disk: MemoryDisk): Store {
  const inner = memoryStore(disk);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    ...inner,
    get: async (collection, key) => {
      await turn();
      return inner.get(collection, key);
    },
    commit: async (writes, conditions) => {
      await turn();
      return inner.commit(writes, conditions);
    },
  };
}

describe('NET-19: two processes on one store', () => {
  test('never both succeed on one slot, and positions stay dense', async () => {
    const disk = memoryDisk();
    const first = await openTestNode(net, 0, { disk, store: slowStore(disk) });
    const second = await openTestNode(net, 0, { disk, store: slowStore(disk) });
    const receipts: Receipt[] = [];
    for (const [one, other] of forks) {
      const answers = await Promise.all([submitStep(net, first, one), submitStep(net, second, other)]);
      expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
      receipts.push(...answers.filter(({ ok }) => ok).map(receiptOf));
    }
    expect(receipts.map(({ leaf }) => leaf).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    inspect(disk);
  });

  test('a writer that loses every race says E_BUSY and has decided nothing', async () => {
    const disk = memoryDisk();
    const inner = memoryStore(disk);
    let race = false;
    const contested: Store = {
      ...inner,
      commit: async (writes, conditions) =>
        race
          ? { ok: false, error: { code: 'E_CONFLICT', rule: 'STO-2', message: 'somebody was faster' } }
          : inner.commit(writes, conditions),
    };
    const node = await openTestNode(net, 0, { disk, store: contested });
    race = true;
    const [one, other] = entry(forks, 0);
    expect(codeOf(await submitStep(net, node, one))).toBe('E_BUSY NET-19');
    race = false;
    expect(codeOf(await submitStep(net, node, other))).toBe('ok');
  });

  test('a store belongs to one node for ever', async () => {
    const disk = memoryDisk();
    await openTestNode(net, 0, { disk });
    await expect(openTestNode(net, 1, { disk })).rejects.toThrow('E_NETWORK (NET-19)');
    await expect(openTestNode(makeNetwork(4, { name: 'other' }), 0, { disk })).rejects.toThrow('E_NETWORK (NET-19)');
    await openTestNode(net, 0, { disk, emptyStore: 'refuse' });
  });

  test('a node that has run before does not begin anew with an empty store', async () => {
    await expect(openTestNode(net, 0, { emptyStore: 'refuse' })).rejects.toThrow('E_DAMAGED (NET-19)');
  });

  test('the secret key must be that of the node', async () => {
    const swapped = { ...net, nodeKeys: net.nodeKeys.toReversed() };
    await expect(openTestNode(swapped, 0)).rejects.toThrow('E_NETWORK (NET-19)');
    await expect(openTestNode({ ...net, nodeKeys: [...net.nodeKeys, entry(net.nodeKeys, 0)] }, 4)).rejects.toThrow(
      'E_NETWORK (NET-19)',
    );
  });
});

describe('NET-18: batches', () => {
  test('requests that arrive together share one signed tree head and two commits', async () => {
    const disk = memoryDisk();
    const store = faultyStore(memoryStore(disk), {});
    const node = await openTestNode(net, 0, { disk, store });
    const before = store.commits();
    const answers = await Promise.all(forks.map(([step]) => submitStep(net, node, step)));
    const receipts = answers.map(receiptOf);
    expect(new Set(receipts.map(({ leaf }) => leaf)).size).toBe(forks.length);
    expect(new Set(receipts.map(({ head }) => toHex(head.signature))).size).toBe(1);
    expect(store.commits() - before).toBe(2);
    receipts.forEach((receipt, i) => must(verifyReceipt(net, statementOf(entry(forks, i)[0]), receipt)));
  });

  test('two states for one place in one batch: one vote, and the other is refused', async () => {
    const node = await openTestNode(net, 0);
    const [one, other] = entry(forks, 0);
    const answers = await Promise.all([submitStep(net, node, one), submitStep(net, node, other)]);
    expect(answers.map(codeOf).toSorted()).toEqual(['E_CONFLICT NET-15', 'ok']);
  });

  test('the same state many times in one batch is one leaf', async () => {
    const disk = memoryDisk();
    const node = await openTestNode(net, 0, { disk });
    const [step] = entry(forks, 0);
    const answers = await Promise.all(Array.from({ length: 5 }, () => submitStep(net, node, step)));
    expect(new Set(answers.map((answer) => receiptOf(answer).leaf))).toEqual(new Set([0]));
    expect(disk.get('log-leaf')).toHaveLength(1);
    expect(logLeafHash(suite, statementToItem(net.network, statementOf(step)))).toEqual(
      entry(disk.get('log-node') ?? [], 0).value,
    );
  });
});
