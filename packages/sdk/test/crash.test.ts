/** A crash at every single commit of either side: the same calls again make exactly one payment. */
import { faultyStore, memoryStore, type CommitFault, type FaultyStore } from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { copyDisk } from '../../wallet/test/support/directory.ts';
import { memoryLink, type Wallet } from '../src/node/index.ts';
import { expectOk, goOffline, makeScene, open, received, type Scene } from './support.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await makeScene();
  await scene.phone.close();
  await scene.shop.close();
  goOffline(scene);
});

type Side = 'phone' | 'shop';
interface Pair {
  readonly phone: Wallet;
  readonly shop: Wallet;
}

/** Answers whether all of it is done, as far as the side that began can tell. */
type Way = (pair: Pair) => Promise<boolean>;

const PATIENCE = { patienceMs: 300 } as const;

const byOffer: Way = async ({ phone, shop }) => {
  const [a, b] = memoryLink();
  const serving = shop.serve(b);
  const paid = await phone.pay({ to: 'shop', amount: '1 MEAL', order: 'x' }, { link: a, ...PATIENCE });
  await a.close();
  await serving;
  return paid.ok;
};

const byRequest: Way = async ({ phone, shop }) => {
  const [a, b] = memoryLink();
  const request = await shop.request({ from: 'phone', amount: '1 MEAL', order: 'x' });
  if (!request.ok) return false;
  const paying = phone.pay(request.value.bytes, { link: a, ...PATIENCE });
  const receipt = await request.value.receive(b, PATIENCE);
  await a.close();
  await paying;
  return receipt.ok;
};

/** Wallets on copies of the disks; the commits of `side` fail as planned. */
async function openPair(disks: Scene['disks'], side: Side, plan: Readonly<Record<number, CommitFault>>) {
  const faulty = faultyStore(memoryStore(disks[side]), plan);
  const storeOf = (one: Side) => (one === side ? faulty : memoryStore(disks[one]));
  const phone = expectOk(await open(scene, 'phone', storeOf('phone')));
  const shop = expectOk(await open(scene, 'shop', storeOf('shop')));
  return { phone, shop, faulty };
}

async function payThroughCrash(way: Way, side: Side, at: number, fault: CommitFault): Promise<FaultyStore> {
  const disks = { phone: copyDisk(scene.disks.phone), shop: copyDisk(scene.disks.shop) };
  const first = await openPair(disks, side, { [at]: fault });
  const isDone = await way(first);
  const second = await openPair(disks, side, {});
  // Who has been told that it is done begins no second time.
  const isDoneNow = isDone || (await way(second));
  expect({ at, fault, isDoneNow }).toEqual({ at, fault, isDoneNow: true });
  expect(await received(second.shop)).toEqual(['1.00 MEAL x reserved']);
  expect(expectOk(await second.phone.balance('MEAL')).setAside.text).toBe('19.00 MEAL');
  return first.faulty;
}

describe.each([
  ['by offer', byOffer],
  ['by request', byRequest],
] as const)('a payment %s', (_name, way) => {
  test.each([
    ['phone', 'lost'],
    ['phone', 'kept'],
    ['shop', 'lost'],
    ['shop', 'kept'],
  ] as const)('SDK-7: when the %s crashes at any commit, which is %s', async (side, fault) => {
    let at = 1;
    while ((await payThroughCrash(way, side, at, fault)).commits() >= at) at++;
    expect(at).toBeGreaterThan(3);
  });
});
