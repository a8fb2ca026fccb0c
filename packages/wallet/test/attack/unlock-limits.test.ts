/** Bounds of waiting, and of what is read while others write. */
import { memoryDisk, memoryStore, must, type Store } from '@dsm/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import type { Device } from '../../src/device.ts';
import { makePace, type WaitingSlot } from '../../src/unlock/pace.ts';
import { sync } from '../../src/sync/sync.ts';
import { backup } from '../../src/view/backup.ts';
import { copyDisk } from '../support/directory.ts';
import { restoreFrom } from '../support/restores.ts';
import { addCustomer, addRichCustomer, balanceOf, expectCode, expectOk, makeScene } from '../support/scene.ts';
import { reopen } from '../support/wallets.ts';

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

  async function check(
    scene: Awaited<ReturnType<typeof makeScene>>,
    read: Device,
    disk: ReturnType<typeof memoryDisk>,
  ): Promise<void> {
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
