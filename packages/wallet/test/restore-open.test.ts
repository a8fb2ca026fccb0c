/** WAL-35: what was open on the account when the backup was made, and what became of it since. */
import { beforeEach, expect, test } from 'vitest';
import { payOnline } from '../src/account/payment.ts';
import type { Device } from '../src/device.ts';
import { readRestore } from '../src/records/restore.ts';
import { sync } from '../src/sync/sync.ts';
import { showChain } from '../src/view/chain.ts';
import { history } from '../src/view/history.ts';
import { pay, takeAny } from './attack/kit.ts';
import { passDate, restoreFrom, save, waitIn, type Saved } from './support/restores.ts';
import {
  addCustomer,
  addRichCustomer,
  balanceOf,
  befriend,
  expectCode,
  expectOk,
  makeScene,
  syncNow,
  type Scene,
} from './support/scene.ts';

let scene: Scene;
let alice: Device;
let bob: Device;

beforeEach(async () => {
  scene = await makeScene();
  ({ device: alice } = await addRichCustomer(scene, 'alice', 10_000n));
  ({ device: bob } = await addCustomer(scene, 'bob'));
  await befriend(alice, bob);
  await takeAny(bob);
});

const provisional = (amount: bigint) => pay(scene, alice, bob, { amount, provisional: true });

async function again(saved: Saved): Promise<Device> {
  const device = await restoreFrom(scene.world, scene.directory.transport, saved);
  await passDate(scene.world, device);
  for (let i = 0; i < 6 && (await readRestore(device))?.restored === null; i++) {
    expectOk(await sync(device, waitIn(scene.world)));
    scene.world.nowMs += 60_000;
  }
  expect((await readRestore(device))?.restored).not.toBeNull();
  return device;
}

const kindsOf = async (device: Device): Promise<readonly (string | undefined)[]> =>
  expectOk(await showChain(device)).map(({ operation }) => operation?.operation.type);

test('a run of which the nodes have a part goes on above it, and the rest is paid or lost, not both', async () => {
  await provisional(100n);
  const { received } = await provisional(20n);
  const saved = await save(alice);
  // The payee brings the first of the two to the nodes.
  const first = expectOk(await showChain(alice))[2];
  const { transport } = bob;
  const short: Device = {
    ...bob,
    transport: {
      request: (node, path, body, signal) =>
        path === '/v1/submit' && body && !Buffer.from(body).includes(Buffer.from(first?.body.op ?? []))
          ? scene.directory.transport.request(99, path, body, signal)
          : transport.request(node, path, body, signal),
    },
  };
  await syncNow(short);
  const device = await again(saved);
  const kinds = await kindsOf(device);
  expect(kinds.slice(0, 3)).toEqual(['genesis', 'receive', 'transfer']);
  expect(kinds.at(-1)).toBe('restored');
  const left = (await balanceOf(device, scene.token)).available;
  expect([9_900n, 9_880n]).toContain(left);
  await syncNow(bob);
  const row = expectOk(await history(bob)).find(
    ({ payment }) => payment.payment.join() === received.payment.payment.join(),
  );
  expect(row?.status).toBe(left === 9_880n ? 'final' : 'lost');
  expectOk(await payOnline(device, { to: bob.account, token: scene.token, amount: 1n }));
});

test('a run that the lost device ended by a void is given up for what followed', async () => {
  await provisional(100n);
  await provisional(20n);
  const saved = await save(alice);
  const { settleMs, gapMs } = scene.world.net.network;
  scene.world.nowMs += settleMs + gapMs + 1;
  for (let i = 0; i < 4; i++) {
    expectOk(await sync(alice, waitIn(scene.world)));
    scene.world.nowMs += 60_000;
  }
  expectOk(await payOnline(alice, { to: bob.account, token: scene.token, amount: 3n }));
  const device = await again(saved);
  expect(await kindsOf(device)).toEqual(['genesis', 'receive', 'void', 'transfer', 'restored']);
  expect(await balanceOf(device, scene.token)).toMatchObject({ available: 9_997n });
  const rows = expectOk(await history(device)).map(({ payment, status }) => `${payment.amount} ${status}`);
  expect(rows.toSorted()).toEqual(['100 lost', '10000 final', '20 lost', '3 final']);
});

test('a payment that no node has seen ends as a void', async () => {
  scene.directory.down.add(0).add(1).add(2).add(3);
  expectCode(await payOnline(alice, { to: bob.account, token: scene.token, amount: 5n }), 'E_PENDING');
  const saved = await save(alice);
  scene.directory.down.clear();
  const { settleMs, gapMs } = scene.world.net.network;
  scene.world.nowMs += settleMs + gapMs + 1;
  const device = await again(saved);
  expect((await kindsOf(device)).slice(-2)).toEqual(['void', 'restored']);
  expect(await balanceOf(device, scene.token)).toMatchObject({ available: 10_000n });
});
