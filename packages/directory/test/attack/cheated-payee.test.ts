/** A payer that wants a payment in its payee's hands to come to nothing, and leave no proof that it signed twice. */
import { must, type AccountOperation, type Window } from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  copyDevice,
  createToken,
  DAY_MS,
  entry,
  HOUR_MS,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  signAccount,
  type Device,
  type TestNetwork,
  type TestStep,
  type TestToken,
} from '../../../../tests/kit/index.ts';
import {
  codeOf,
  openTestNodes,
  placeOf,
  publish,
  publishRequest,
  startRound,
  submitStep,
  type TestNode,
} from '../support/nodes.ts';
import { proposalIn, roundsOver, type Rig } from '../support/rounds.ts';

let net: TestNetwork;
let nodes: TestNode[];
let canteen: Device;
let meal: TestToken;
let bob: Device;
let mallory: Device;

const rig: Rig = {
  get net() {
    return net;
  },
  get nodes() {
    return nodes;
  },
};
const { startOf, reportsOf, voidOf, ownerOf, proposeAt, finish, statusOf } = roundsOver(rig);

beforeEach(async () => {
  net = makeNetwork();
  canteen = makeDevice(net, 'canteen');
  meal = createToken(net, canteen);
  bob = makeDevice(net, 'bob');
  mallory = makeFundedDevice(net, 'mallory', canteen, meal.token, 10_000n);
  nodes = await openTestNodes(net);
  for (const at of nodes) must(await publish(net, at, publishRequest(mallory)));
});

/** Another state for the same place; the device itself stays where it is. */
const sign = (operation: AccountOperation): TestStep => signAccount(net, copyDevice(mallory), operation);
const payIn = (window: Window, to: Device): TestStep =>
  sign({ type: 'transfer', window, token: meal.token, amount: 9_000n, to: to.account, reference: null });
const restoredIn = (window: Window): TestStep => sign({ type: 'restored', window });
const after = (startMs: number, lengthMs: number = HOUR_MS): Window => ({
  from: net.nowMs + startMs,
  until: net.nowMs + startMs + lengthMs,
});

/** Round 1 takes the place to a void because of a state whose window is long past. */
async function endByVoid(hidden: TestStep): Promise<void> {
  for (const at of nodes) await startRound(net, at, startOf(hidden, 1));
  net.nowMs += net.network.roundMs;
  const reports = await reportsOf(hidden, 1, [0, 1, 2]);
  const empty = voidOf(mallory);
  await finish(proposalIn(await proposeAt(ownerOf(empty, 1), empty, 1, reports)), empty.items);
}

const submitAll = (step: TestStep) => Promise.all(nodes.map((at) => submitStep(net, at, step)));

describe('EVD-3, NET-21: whoever loses an open payment to a void finds the proof', () => {
  test('although the nodes were shown restored states of the future first', async () => {
    const payment = payIn(after(0), bob);
    // Each of them is excused beside the payment and beside the other: they are the first two that the nodes meet.
    for (const step of [restoredIn(after(10 * DAY_MS)), restoredIn(after(20 * DAY_MS))]) {
      expect((await submitAll(step)).map(codeOf)).toEqual(nodes.map(() => 'E_WINDOW NET-11'));
      for (const at of nodes) await startRound(net, at, startOf(step, 1));
    }
    await endByVoid(payIn(after(-10 * DAY_MS), canteen));
    expect((await submitAll(payment)).map(codeOf)).toEqual(nodes.map(() => 'E_FORK NET-21'));
  });

  test('NET-15, NET-25: a state whose window has not begun leaves no trace and begins no round', async () => {
    const step = restoredIn(after(10 * DAY_MS));
    expect(codeOf(await submitStep(net, entry(nodes, 0), step))).toBe('E_WINDOW NET-11');
    expect(codeOf(await startRound(net, entry(nodes, 0), startOf(step, 1)))).toBe('E_TOO_EARLY NET-25');
    expect(await statusOf(entry(nodes, 0), placeOf(step))).toMatchObject({ state: 'empty', seen: null, items: [] });
  });

  test('although restored states of the past were shown first', async () => {
    const payment = payIn(after(0), bob);
    for (const step of [restoredIn(after(-30 * DAY_MS)), restoredIn(after(-20 * DAY_MS))]) {
      expect((await submitAll(step)).map(codeOf)).toEqual(nodes.map(() => 'E_WINDOW NET-11'));
    }
    await endByVoid(restoredIn(after(-10 * DAY_MS)));
    expect((await submitAll(payment)).map(codeOf)).toEqual(nodes.map(() => 'E_FORK NET-21'));
  });

  test('a payment that is still open begins no round, whoever asks and in whatever company', async () => {
    const payment = payIn(after(0), bob);
    await submitAll(restoredIn(after(10 * DAY_MS)));
    for (const round of [1, 2, 3, 30]) {
      for (const at of nodes)
        expect(codeOf(await startRound(net, at, startOf(payment, round)))).toBe('E_TOO_EARLY NET-25');
      net.nowMs += net.network.roundMs;
    }
    expect((await submitAll(payment)).map(codeOf)).toEqual(nodes.map(() => 'ok'));
  });
});
