import { faultyStore, memoryStore, type CommitFault, type CryptoSuite, type MemoryDisk, type Store } from '@dsm/core';
import { systemEntropy } from '@dsm/platform/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { payOnline } from '../src/account/payment.ts';
import { releaseExpired, reserve } from '../src/account/reserve.ts';
import type { Device } from '../src/device.ts';
import { accept, commit, offer, receive } from '../src/exchange/index.ts';
import { listReservations } from '../src/records/reservation.ts';
import { sync } from '../src/sync/sync.ts';
import { showChain } from '../src/view/chain.ts';
import { history } from '../src/view/history.ts';
import { openWallet } from '../src/wallet/open.ts';
import { copyDisk, makeDirectory, type TestDirectory } from './support/directory.ts';
import { addCustomer, addRichCustomer, balanceOf, befriend, expectOk, makeScene, type Scene } from './support/scene.ts';
import { watchSignatures } from './support/signing.ts';
import { PASSPHRASE, present, suite } from './support/wallets.ts';

let scene: Scene;
let disks: { readonly nodes: readonly MemoryDisk[]; readonly alice: MemoryDisk; readonly bob: MemoryDisk };
let bob: Device;

beforeAll(async () => {
  scene = await makeScene();
  const rich = await addRichCustomer(scene, 'alice', 1_000n);
  const poor = await addCustomer(scene, 'bob');
  bob = poor.device;
  await befriend(rich.device, bob);
  disks = { nodes: scene.directory.disks, alice: rich.disk, bob: poor.disk };
});

interface World {
  readonly directory: TestDirectory;
  readonly alice: MemoryDisk;
  readonly bob: MemoryDisk;
}

const copyWorld = async (): Promise<World> => ({
  directory: await makeDirectory(scene.world, disks.nodes.map(copyDisk)),
  alice: copyDisk(disks.alice),
  bob: copyDisk(disks.bob),
});

const openOn = async (store: Store, { directory }: World, signing: CryptoSuite = suite): Promise<Device> =>
  expectOk(
    await openWallet({
      store,
      suite: signing,
      clock: scene.world.clock,
      entropy: systemEntropy,
      transportFor: () => directory.transport,
      passphrase: PASSPHRASE,
    }),
  );

const FAULTS: readonly CommitFault[] = ['lost', 'kept'];

/** Runs a step with every single commit of it failing, both ways, and hands on what a restart and a sync make of it. */
async function crashEverywhere(
  who: 'alice' | 'bob',
  step: (device: Device) => Promise<unknown>,
  check: (world: World, device: Device, where: string, at: number, fault: CommitFault) => Promise<void>,
): Promise<number> {
  const trial = await copyWorld();
  const counting = faultyStore(memoryStore(trial[who]), {});
  await step(await openOn(counting, trial));
  const commits = counting.commits();
  for (let at = 1; at <= commits; at++) {
    for (const fault of FAULTS) {
      const world = await copyWorld();
      const watch = watchSignatures(suite);
      await step(await openOn(faultyStore(memoryStore(world[who]), { [at]: fault }), world, watch.suite));
      const device = await openOn(memoryStore(world[who]), world, watch.suite);
      expectOk(await sync(device));
      const where = `commit ${at} of ${commits} ${fault}`;
      expect(watch.twice(), where).toEqual([]);
      await check(world, device, where, at, fault);
    }
  }
  return commits;
}

describe('a crash at any commit', () => {
  test('of a payment: it is made once or not at all, and no place is signed twice', async () => {
    const { token } = scene;
    const pay = (device: Device) => payOnline(device, { to: bob.account, token, amount: 400n });
    const commits = await crashEverywhere('alice', pay, async (world, alice, where, at, fault) => {
      const made = at > 1 || fault === 'kept';
      const states = expectOk(await showChain(alice));
      expect(
        states.map(({ status }) => status),
        where,
      ).toEqual(made ? ['final', 'final', 'final'] : ['final', 'final']);
      expect((await balanceOf(alice, token)).available, where).toBe(made ? 600n : 1_000n);
      const payee = await openOn(memoryStore(world.bob), world);
      expect(expectOk(await sync(payee)).received.length, where).toBe(made ? 1 : 0);
      expect((await balanceOf(payee, token)).available, where).toBe(made ? 400n : 0n);
      const [, payment] = expectOk(await history(alice));
      expect(payment?.status, where).toBe(made ? 'final' : undefined);
    });
    expect(commits).toBeGreaterThanOrEqual(4);
  });

  test('of a payee that syncs: the payment is credited exactly once', async () => {
    const { token } = scene;
    const run = async (device: Device): Promise<unknown> => sync(device);
    // Paid before any of the worlds is copied.
    const alice = await openOn(memoryStore(disks.alice), { directory: scene.directory } as World);
    expectOk(await payOnline(alice, { to: bob.account, token, amount: 100n }));
    const commits = await crashEverywhere('bob', run, async (_, payee, where) => {
      expect((await balanceOf(payee, token)).available, where).toBe(100n);
      expect(expectOk(await history(payee)), where).toMatchObject([{ status: 'final' }]);
      expect(expectOk(await showChain(payee)), where).toHaveLength(2);
    });
    expect(commits).toBeGreaterThanOrEqual(4);
  });

  test('of a reservation: the value is set aside once or not at all', async () => {
    const { token, world } = scene;
    const until = world.nowMs + 86_400_000 * 2;
    const set = (device: Device) => reserve(device, { for: bob.account, token, amount: 300n, until });
    await crashEverywhere('alice', set, async (_, alice, where, at, fault) => {
      const made = at > 1 || fault === 'kept';
      const { available, setAside } = await balanceOf(alice, token);
      expect([available, setAside], where).toEqual(made ? [600n, 300n] : [900n, 0n]);
      expect(
        (await listReservations(alice)).map(({ status }) => status),
        where,
      ).toEqual(made ? ['open'] : []);
    });
  });
});

describe('a crash at any commit of what follows an offline payment', () => {
  const DAY_MS = 86_400_000;

  beforeAll(async () => {
    const alice = await openOn(memoryStore(disks.alice), { directory: scene.directory } as World);
    expectOk(await sync(bob));
    const until = scene.world.nowMs + 2 * DAY_MS;
    expectOk(await reserve(alice, { for: bob.account, token: scene.token, amount: 300n, until }));
    const pay = { command: new Uint8Array(32), to: bob.account, token: scene.token, amount: 120n, order: '' };
    const offered = expectOk(await offer(alice, { ...pay, provisional: false }));
    const accepted = expectOk(await accept(bob, present(offered.message ?? undefined)));
    const committed = expectOk(await commit(alice, present(accepted.message ?? undefined)));
    expectOk(await receive(bob, present(committed.message ?? undefined)));
  });

  test('RES-4: the claim pays exactly once', async () => {
    const { token } = scene;
    const run = async (device: Device): Promise<unknown> => sync(device);
    await crashEverywhere('bob', run, async (_, payee, where) => {
      expect(await balanceOf(payee, token), where).toMatchObject({ available: 220n, reserved: 0n });
      expect(expectOk(await sync(payee)), where).toMatchObject({ claimed: [], received: [], certified: 0 });
    });
  });

  test('RES-5: the rest comes back exactly once', async () => {
    const { token, world } = scene;
    expectOk(await sync(bob));
    world.nowMs += 2 * DAY_MS + world.net.network.gapMs;
    const release = (device: Device) => releaseExpired(device, bob.account);
    await crashEverywhere('alice', release, async (_, alice, where) => {
      const again = await releaseExpired(alice, bob.account);
      expect(again.ok || again.error.code === 'E_NOT_FOUND', where).toBe(true);
      expect(await balanceOf(alice, token), where).toMatchObject({ available: 780n, setAside: 0n });
    });
  });
});
