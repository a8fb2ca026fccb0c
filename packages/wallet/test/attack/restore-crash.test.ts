import { faultyStore, memoryDisk, memoryStore, type CommitFault, type MemoryDisk, type Store } from '@dsm/core';
import { systemEntropy } from '@dsm/platform/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { reserve } from '../../src/account/reserve.ts';
import type { Device } from '../../src/device.ts';
import { receive } from '../../src/exchange/index.ts';
import { listRelationships } from '../../src/exchange/records.ts';
import { readRestore } from '../../src/records/restore.ts';
import { restoreWallet } from '../../src/restore/open.ts';
import { sync } from '../../src/sync/sync.ts';
import { showChain } from '../../src/view/chain.ts';
import { openWallet } from '../../src/wallet/open.ts';
import { copyDisk, makeDirectory, type TestDirectory } from '../support/directory.ts';
import { NEW_PASSPHRASE, restoreOptions, save, waitIn, type Saved } from '../support/restores.ts';
import { addRichCustomer, balanceOf, befriend, expectOk, makeScene, syncNow, type Scene } from '../support/scene.ts';
import { watchSignatures } from '../support/signing.ts';
import { present, suite } from '../support/wallets.ts';
import { messageOf, pay } from './kit.ts';

const DAY_MS = 86_400_000;

let scene: Scene;
let saved: Saved;
let shown: Uint8Array;
let nodes: readonly MemoryDisk[];
let restoredAtMs: number;

/**
 * After the backup Alice pays Bob, is paid by him offline, and leaves a payment open that one node has seen: all that a
 * restore has to make good.
 */
beforeAll(async () => {
  scene = await makeScene();
  const { token, directory, world } = scene;
  const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
  const { device: bob } = await addRichCustomer(scene, 'bob', 1_000n);
  await befriend(alice, bob);
  const until = world.nowMs + 30 * DAY_MS;
  expectOk(await reserve(bob, { for: alice.account, token, amount: 300n, until }));
  await pay(scene, bob, alice, { amount: 10n });
  saved = await save(alice);
  shown = messageOf((await pay(scene, bob, alice, { amount: 20n })).committed);
  expectOk(await payOnline(alice, { to: bob.account, token, amount: 100n }));
  directory.down.add(0).add(1).add(2);
  await payOnline(alice, { to: bob.account, token, amount: 7n });
  directory.down.clear();
  await syncNow(bob);
  nodes = directory.disks.map(copyDisk);
  restoredAtMs = world.nowMs;
});

interface Trial {
  readonly directory: TestDirectory;
  readonly disk: MemoryDisk;
}

const makeTrial = async (): Promise<Trial> => {
  scene.world.nowMs = restoredAtMs;
  return {
    directory: await makeDirectory(scene.world, nodes.map(copyDisk)),
    disk: memoryDisk(),
  };
};

/** As the person does it: restores unless there is a wallet, shows the old commit, and syncs until it pays again. */
async function run({ directory }: Trial, store: Store, signing = suite): Promise<Device | undefined> {
  const { world } = scene;
  const options = { ...restoreOptions(world, directory.transport, saved, store), suite: signing };
  const restored = await restoreWallet(options);
  const opened = restored.ok
    ? restored
    : await openWallet({
        ...options,
        entropy: systemEntropy,
        passphrase: NEW_PASSPHRASE,
      });
  if (!opened.ok) return undefined;
  const device = opened.value;
  if (!(await receive(device, shown)).ok) return undefined;
  if (!(await sync(device, waitIn(world))).ok) return undefined;
  const restore = await readRestore(device);
  world.nowMs = Math.max(world.nowMs, (restore?.signsFrom ?? 0) + 1);
  for (let i = 0; i < 5; i++) {
    if (!(await sync(device, waitIn(world))).ok) return undefined;
    if ((await readRestore(device))?.restored) return device;
    world.nowMs += 60_000;
  }
  return undefined;
}

describe('WAL-33 to WAL-35: a crash at any commit of a restore', () => {
  test('is made good by doing the same again, and no place is signed twice', { timeout: 600_000 }, async () => {
    const counted = await makeTrial();
    const counting = faultyStore(memoryStore(counted.disk), {});
    const whole = present(await run(counted, counting));
    const commits = counting.commits();
    expect(commits).toBeGreaterThan(15);
    const expected = {
      states: expectOk(await showChain(whole)).map(({ status, operation }) => [status, operation?.operation.type]),
      balance: await balanceOf(whole, scene.token),
    };
    expect(expected.balance).toEqual({ available: 930n, setAside: 0n, reserved: 0n, provisional: 0n });
    expect(expected.states.slice(-4, -1)).toEqual([
      ['final', 'transfer'],
      ['final', 'void'],
      ['final', 'restored'],
    ]);
    // What a lost commit leaves behind is what the kept one before it did.
    const faults: readonly (readonly [number, CommitFault])[] = [
      [1, 'lost'],
      ...Array.from({ length: commits }, (_, i) => [i + 1, 'kept'] as const),
    ];
    for (const [at, fault] of faults) {
      const where = `commit ${at} of ${commits} ${fault}`;
      const trial = await makeTrial();
      const watch = watchSignatures(suite);
      await run(trial, faultyStore(memoryStore(trial.disk), { [at]: fault }), watch.suite);
      const resumed = await run(trial, memoryStore(trial.disk), watch.suite);
      expect(resumed, where).toBeDefined();
      const device = present(resumed);
      expect(watch.twice(), where).toEqual([]);
      expect(await balanceOf(device, scene.token), where).toEqual(expected.balance);
      const states = expectOk(await showChain(device)).map(({ status, operation }) => [
        status,
        operation?.operation.type,
      ]);
      expect(states.slice(0, 4), where).toEqual(expected.states.slice(0, 4));
      const restored = (await readRestore(device))?.restored;
      for (const { ownHalf } of await listRelationships(device)) {
        const [genesis] = expectOk(await showChain(device, { chain: ownHalf }));
        expect(genesis?.operation?.operation, where).toMatchObject({ base: restored });
      }
    }
  });
});
