import { memoryStore } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { releaseExpired, reserve } from '../src/account/reserve.ts';
import type { Device } from '../src/device.ts';
import { sync } from '../src/sync/sync.ts';
import { copyDisk } from './support/directory.ts';
import { addCustomer, addRichCustomer, balanceOf, befriend, expectOk, makeScene, syncNow } from './support/scene.ts';
import { reopen } from './support/wallets.ts';
import { ALL, unlockNow, downOnly, statuses, payReserved } from './support/unlocking.ts';

describe('WAL-13: a place of a reservation whose votes are split', () => {
  const DAY_MS = 86_400_000;

  async function layTable() {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 10_000n);
    const { device: shop, disk } = await addCustomer(scene, 'shop');
    await befriend(alice, shop);
    const until = scene.world.nowMs + 2 * DAY_MS;
    const { token } = scene;
    const made = expectOk(await reserve(alice, { for: shop.account, token, amount: 2_000n, until }));
    const pay = (payee: Device, amount: bigint) => payReserved(alice, payee, scene, amount);
    return { scene, alice, shop, disk, until, vault: made.reservation, pay };
  }

  test('two claims of one payee end in one, and the rest is claimed on top of it', async () => {
    const { scene, shop, disk, pay } = await layTable();
    downOnly(scene, ...ALL);
    await pay(shop, 300n);
    const copy = await reopen(scene.world, memoryStore(copyDisk(disk)), scene.directory.transport);
    await pay(shop, 200n);
    downOnly(scene, 2, 3);
    await unlockNow(scene, copy, 0);
    expect(expectOk(await sync(copy)).claimed).toEqual([]);
    downOnly(scene, 0, 1);
    expect(expectOk(await sync(shop)).claimed).toEqual([]);
    downOnly(scene);
    const report = await unlockNow(scene, shop);
    expect(report.unlocked).toHaveLength(1);
    await syncNow(shop);
    expect(await balanceOf(shop, scene.token)).toMatchObject({ available: 500n, reserved: 0n });
    expect(await syncNow(shop)).toMatchObject({ claimed: [], received: [], open: [] });
  });

  test('claim against release at the boundary: exactly one takes the value', async () => {
    for (const driver of ['payer', 'payee'] as const) {
      const { scene, alice, shop, until, pay } = await layTable();
      const { world, token } = scene;
      downOnly(scene, ...ALL);
      await pay(shop, 300n);
      world.nowMs = until;
      downOnly(scene, 2, 3);
      expect(expectOk(await sync(shop)).claimed).toEqual([]);
      world.nowMs = until + world.net.network.gapMs;
      downOnly(scene, 0, 1);
      expect((await releaseExpired(alice, shop.account)).ok).toBe(false);
      downOnly(scene);
      await unlockNow(scene, driver === 'payer' ? alice : shop);
      for (const device of [alice, shop, alice, shop]) await sync(device);
      await releaseExpired(alice, shop.account);
      for (const device of [alice, shop]) await syncNow(device);
      const [payer, payee] = [await balanceOf(alice, token), await balanceOf(shop, token)];
      expect(payer.available + payee.available).toBe(10_000n);
      expect([0n, 300n]).toContain(payee.available);
      expect([payer.setAside, payee.reserved]).toEqual([0n, 0n]);
    }
  });

  test('a claim that came too late is not driven: the release goes its way', async () => {
    const { scene, alice, shop, until, pay } = await layTable();
    const { world, token } = scene;
    downOnly(scene, ...ALL);
    await pay(shop, 300n);
    world.nowMs = until + world.net.network.gapMs;
    downOnly(scene);
    const asked: string[] = [];
    scene.directory.onRequest = (_, path) => void asked.push(path);
    expectOk(await sync(shop));
    expect(await unlockNow(scene, shop, 0)).toMatchObject({ unlocked: [] });
    expect(asked.filter((path) => path.includes('start'))).toEqual([]);
    expectOk(await releaseExpired(alice, shop.account));
    await syncNow(shop);
    expect(await balanceOf(alice, token)).toMatchObject({ available: 10_000n, setAside: 0n });
    expect(await statuses(shop, 'in')).toEqual(['lost null']);
  });
});
