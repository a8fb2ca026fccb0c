/** Bounds of waiting, and of what is read while others write. */
import { fail, memoryStore, must, type MemoryDisk, type Store } from '@dsm/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { releaseExpired, reserve } from '../../src/account/reserve.ts';
import type { Device } from '../../src/device.ts';
import { makePace, type WaitingSlot } from '../../src/unlock/pace.ts';
import { listReservations } from '../../src/records/reservation.ts';
import { sync } from '../../src/sync/sync.ts';
import { backup } from '../../src/view/backup.ts';
import { copyDisk } from '../support/directory.ts';
import { restoreFrom } from '../support/restores.ts';
import {
  addCustomer,
  addRichCustomer,
  balanceOf,
  befriend,
  expectCode,
  expectOk,
  makeScene,
  syncNow,
} from '../support/scene.ts';
import { present, reopen } from '../support/wallets.ts';
import { pay } from './kit.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('WAL-13: a wait of more than 25 days is none that ends at once', async () => {
  vi.useFakeTimers();
  const pace = makePace({ patienceMs: Number.MAX_SAFE_INTEGER });
  let over = false;
  const waiting = pace.wait({} as WaitingSlot, 2 ** 31 + 1_000).then(() => (over = true));
  await vi.advanceTimersByTimeAsync(2 ** 31);
  expect(over).toBe(false);
  await vi.advanceTimersByTimeAsync(1_001);
  await waiting;
  expect(over).toBe(true);
});

test('RES-6: a claim that is due soon goes before everything that a slow node can keep a sync busy with', async () => {
  const scene = await makeScene();
  const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
  const { device: bob } = await addCustomer(scene, 'bob');
  await befriend(alice, bob);
  const until = scene.world.nowMs + 2 * 86_400_000;
  expectOk(await reserve(alice, { for: bob.account, token: scene.token, amount: 100n, until }));
  await pay(scene, alice, bob, { amount: 40n });
  scene.world.nowMs = until - scene.world.net.network.marginMs;
  const asked: string[] = [];
  scene.directory.onRequest = (_, path) => void asked.push(path.split('/')[2] ?? '');
  expect((await syncNow(bob)).claimed).toMatchObject([{ total: 40n }]);
  expect(asked.slice(0, 4)).toEqual(['submit', 'submit', 'submit', 'submit']);
});

test('RES-5: a reservation that cannot be taken back now keeps no other from it', async () => {
  const scene = await makeScene();
  const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
  const { device: bob } = await addCustomer(scene, 'bob');
  await befriend(alice, bob);
  const until = scene.world.nowMs + 2 * 86_400_000;
  const options = { for: bob.account, token: scene.token, until };
  expectOk(await reserve(alice, { ...options, amount: 100n }));
  expectOk(await reserve(alice, { ...options, amount: 200n }));
  scene.world.nowMs = until + scene.world.net.network.gapMs + 1;
  const [first, second] = await listReservations(alice);
  const { transport } = scene.directory;
  const stuck: Device = {
    ...alice,
    transport: {
      request: (node, path, body, signal) =>
        path === '/v1/submit' && body && Buffer.from(body).includes(Buffer.from(present(first).vault))
          ? Promise.resolve(fail('E_STORE', 'STO-4', 'later'))
          : transport.request(node, path, body, signal),
    },
  };
  expectCode(await releaseExpired(stuck, bob.account), 'E_PENDING');
  expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 700n + present(second).funded });
});

describe('FIL-3: a backup', () => {
  /** A payment that is made while the store is being read. */
  async function payWhileReading(times: number): Promise<Parameters<typeof check>> {
    const scene = await makeScene();
    const { device: bob } = await addCustomer(scene, 'bob');
    const { device: alice, disk } = await addRichCustomer(scene, 'alice', 1_000n);
    const payment = { to: bob.account, token: scene.token, amount: 5n };
    let left = times;
    const store: Store = {
      ...alice.store,
      get: (collection, key) => alice.store.get(collection, key),
      scan: async (collection, options) => {
        const read = await alice.store.scan(collection, options);
        if (collection === 'leaf' && left > 0) {
          left -= 1;
          expectOk(await payOnline(alice, payment));
        }
        return read;
      },
    };
    return [scene, { ...alice, store }, disk];
  }

  async function check(scene: Awaited<ReturnType<typeof makeScene>>, read: Device, disk: MemoryDisk): Promise<void> {
    const file = must(await backup(read));
    const device = await restoreFrom(scene.world, scene.directory.transport, { file, seed: read.keys.seed });
    const same = await reopen(scene.world, memoryStore(copyDisk(disk)), scene.directory.transport);
    expectOk(await sync(device));
    expect(await balanceOf(device, scene.token)).toEqual(await balanceOf(same, scene.token));
  }

  test('holds the records of one moment, though others write meanwhile', async () => {
    await check(...(await payWhileReading(1)));
  });

  test('is E_BUSY where the wallet never stands still', async () => {
    const [, read] = await payWhileReading(99);
    expectCode(await backup(read), 'E_BUSY');
  });
});
