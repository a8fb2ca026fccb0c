import {
  faultyStore,
  memoryStore,
  verifyFile,
  type CommitFault,
  type CryptoSuite,
  type MemoryDisk,
  type Store,
} from '@dsm/core';
import { systemEntropy } from '@dsm/platform/node';
import { describe, expect, test } from 'vitest';
import { payOnline } from '../src/account/payment.ts';
import { reserve } from '../src/account/reserve.ts';
import { setPolicy } from '../src/contacts/policy.ts';
import type { Device } from '../src/device.ts';
import { unlock } from '../src/unlock/unlock.ts';
import { exportChain, showChain } from '../src/view/chain.ts';
import { listEvidence } from '../src/view/evidence.ts';
import { history } from '../src/view/history.ts';
import { openWallet } from '../src/wallet/open.ts';
import { copyDisk, makeDirectory, type TestDirectory } from './support/directory.ts';
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
import { watchSignatures } from './support/signing.ts';
import { payProvisionally, payReserved } from './support/unlocking.ts';
import { PASSPHRASE, reopen, suite } from './support/wallets.ts';

const FAULTS: readonly CommitFault[] = ['lost', 'kept'];

interface World {
  readonly directory: TestDirectory;
  readonly disk: MemoryDisk;
}

const openOn = async (
  { world }: Scene,
  store: Store,
  { directory }: World,
  signing: CryptoSuite = suite,
): Promise<Device> =>
  expectOk(
    await openWallet({
      store,
      suite: signing,
      clock: world.clock,
      entropy: systemEntropy,
      transportFor: () => directory.transport,
      passphrase: PASSPHRASE,
    }),
  );

const unlockNow = ({ world }: Scene, device: Device) =>
  unlock(device, { patienceMs: Number.MAX_SAFE_INTEGER, wait: async (ms) => void (world.nowMs += ms) });

/** Unlocks with every single commit failing, both ways; a restart and another unlock must make good of it. */
async function crashEverywhere(
  scene: Scene,
  disk: MemoryDisk,
  check: (device: Device, where: string) => Promise<void>,
): Promise<number> {
  const copyWorld = async (): Promise<World> => ({
    directory: await makeDirectory(scene.world, scene.directory.disks.map(copyDisk)),
    disk: copyDisk(disk),
  });
  const trial = await copyWorld();
  const counting = faultyStore(memoryStore(trial.disk), {});
  expectOk(await unlockNow(scene, await openOn(scene, counting, trial)));
  const commits = counting.commits();
  for (let at = 1; at <= commits; at++) {
    for (const fault of FAULTS) {
      const where = `commit ${at} of ${commits} ${fault}`;
      const world = await copyWorld();
      const watch = watchSignatures(suite);
      await unlockNow(
        scene,
        await openOn(scene, faultyStore(memoryStore(world.disk), { [at]: fault }), world, watch.suite),
      );
      const device = await openOn(scene, memoryStore(world.disk), world, watch.suite);
      expectOk(await unlockNow(scene, device));
      expect(expectOk(await unlockNow(scene, device)), where).toEqual({ unlocked: [], waiting: [], open: [] });
      await syncNow(device);
      expect(watch.twice(), where).toEqual([]);
      await check(device, where);
    }
  }
  return commits;
}

describe('WAL-13: a crash at any commit of unlock', () => {
  test('WAL-14: that voids a run of two: the balance is back once, the chain is whole, and it goes on', async () => {
    const scene = await makeScene();
    const { device: alice, disk } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    await befriend(alice, bob);
    expectOk(await setPolicy(bob, { provisionalMax: 'any' }));
    await payProvisionally(alice, bob, scene, 100n);
    await payProvisionally(alice, bob, scene, 200n);
    scene.world.nowMs += scene.world.net.network.settleMs + scene.world.net.network.gapMs + 1;
    const commits = await crashEverywhere(scene, disk, async (device, where) => {
      expect(await balanceOf(device, scene.token), where).toMatchObject({ available: 1_000n });
      const rows = expectOk(await history(device)).filter(({ payment }) => payment.direction === 'out');
      expect(
        rows.map(({ status }) => status),
        where,
      ).toEqual(['expired', 'expired']);
      expect(
        expectOk(await showChain(device)).map(({ status }) => status),
        where,
      ).toEqual(['final', 'final', 'final']);
      const paid = expectOk(await payOnline(device, { to: bob.account, token: scene.token, amount: 400n }));
      expect(paid.index, where).toBe(3);
      const file = expectOk(await exportChain(device));
      expect(verifyFile(suite, scene.world.net.network, file).ok, where).toBe(true);
    });
    expect(commits).toBeGreaterThanOrEqual(2);
  });

  test('WAL-15: of a payee whose place is split: one outcome, recorded once', async () => {
    const scene = await makeScene();
    const { device: alice, disk } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob, disk: bobs } = await addCustomer(scene, 'bob');
    const { device: carol } = await addCustomer(scene, 'carol');
    for (const payee of [bob, carol]) {
      await befriend(alice, payee);
      expectOk(await setPolicy(payee, { provisionalMax: 'any' }));
    }
    const copy = await reopen(scene.world, memoryStore(copyDisk(disk)), scene.directory.transport);
    await payProvisionally(alice, bob, scene, 900n);
    await payProvisionally(copy, carol, scene, 800n);
    for (const [payee, away] of [
      [bob, [2, 3]],
      [carol, [0, 1]],
    ] as const) {
      away.forEach((node) => scene.directory.down.add(node));
      expect(expectOk(await unlock(payee, { patienceMs: 0 })).unlocked).toEqual([]);
      scene.directory.down.clear();
    }
    const outcomes = new Set<string>();
    await crashEverywhere(scene, bobs, async (device, where) => {
      const [row] = expectOk(await history(device));
      outcomes.add(row?.status ?? 'none');
      const { available, provisional } = await balanceOf(device, scene.token);
      expect([available, provisional], where).toEqual([row?.status === 'final' ? 900n : 0n, 0n]);
      expect(expectOk(await listEvidence(device)).length, where).toBe(1);
      expectCode(await unlock(device, { chain: carol.account, patienceMs: 0 }), 'E_NOT_FOUND');
    });
    for (const outcome of outcomes) expect(['final', 'lost']).toContain(outcome);
  });

  test('RES-4: of a payee with two claims in flight: the whole total is claimed once', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: shop, disk } = await addCustomer(scene, 'shop');
    await befriend(alice, shop);
    const until = scene.world.nowMs + 2 * 86_400_000;
    expectOk(await reserve(alice, { for: shop.account, token: scene.token, amount: 500n, until }));
    await payReserved(alice, shop, scene, 300n);
    const copy = await reopen(scene.world, memoryStore(copyDisk(disk)), scene.directory.transport);
    await payReserved(alice, shop, scene, 200n);
    for (const [payee, away] of [
      [copy, [2, 3]],
      [shop, [0, 1]],
    ] as const) {
      away.forEach((node) => scene.directory.down.add(node));
      expect((await syncNow(payee)).claimed).toEqual([]);
      scene.directory.down.clear();
    }
    await crashEverywhere(scene, disk, async (device, where) => {
      await syncNow(device);
      expect(await balanceOf(device, scene.token), where).toMatchObject({ available: 500n, reserved: 0n });
    });
  });
});
