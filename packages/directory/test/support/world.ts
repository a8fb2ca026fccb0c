/** Four nodes and the people whose states they see, made anew for each file of tests. */
import { must, pathTo, slotStatusCodec, type SlotStatus } from '@dsm/core';
import {
  createToken,
  entry,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  suite,
  type Device,
  type TestNetwork,
  type TestToken,
} from '../../../../tests/kit/index.ts';
import { get, openTestNodes, publish, publishRequest, type TestNode } from './nodes.ts';

export let net: TestNetwork;
export let canteen: Device;
export let meal: TestToken;
export let bob: Device;
export let carol: Device;
export let nodes: TestNode[];
/** The first of them. */
export let node: TestNode;

export async function openWorld(): Promise<void> {
  net = makeNetwork();
  canteen = makeDevice(net, 'canteen');
  meal = createToken(net, canteen, { cap: 10_000_000n });
  bob = makeDevice(net, 'bob');
  carol = makeDevice(net, 'carol');
  nodes = await openTestNodes(net);
  node = entry(nodes, 0);
}

/** A payer of its own for each test. */
let payers = 0;
export const makePayer = (amount = 10_000n): Device =>
  makeFundedDevice(net, `payer ${++payers}`, canteen, meal.token, amount);

/** The same, and its account is known to all nodes. */
export async function makeKnownPayer(): Promise<Device> {
  const payer = makePayer();
  for (const at of nodes) must(await publish(net, at, publishRequest(payer)));
  return payer;
}

export const slotOf = async (at: TestNode, place: { chain: Device['account']; index: number }): Promise<SlotStatus> =>
  must(await get(at, pathTo.slot(place.chain, place.index), slotStatusCodec(suite)));
