import { fail, memoryStore, must, type MemoryDisk } from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { reserve } from '../../src/account/reserve.ts';
import type { Device } from '../../src/device.ts';
import { accept, acknowledge, cancel, commit, offer, receive } from '../../src/exchange/index.ts';
import { readRestore } from '../../src/records/restore.ts';
import { listReservations, type ReservationRecord } from '../../src/records/reservation.ts';
import { showRestore } from '../../src/restore/view.ts';
import { buildClaim } from '../../src/sync/claims.ts';
import { dueClaims } from '../../src/sync/schedule.ts';
import { sync } from '../../src/sync/sync.ts';
import { listEvidence } from '../../src/view/evidence.ts';
import { history } from '../../src/view/history.ts';
import { passDate, restoreFrom, save, waitIn, type Saved } from '../support/restores.ts';
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
} from '../support/scene.ts';
import { watchSignatures, type SignatureWatch } from '../support/signing.ts';
import { copyDisk } from '../support/directory.ts';
import { present, reopen, suite } from '../support/wallets.ts';
import { messageOf, offerTo, pay, payUpToCommit, takeAny } from './kit.ts';

const DAY_MS = 86_400_000;

let scene: Scene;
let alice: Device;
let aliceDisk: MemoryDisk;
let bob: Device;
let carol: Device;
/** All that Alice's devices sign, before and after the restore. */
let watch: SignatureWatch;

beforeEach(async () => {
  scene = await makeScene();
  ({ device: alice, disk: aliceDisk } = await addRichCustomer(scene, 'alice', 10_000n));
  ({ device: bob } = await addCustomer(scene, 'bob'));
  ({ device: carol } = await addCustomer(scene, 'carol'));
  await befriend(alice, bob);
  await befriend(alice, carol);
  watch = watchSignatures(suite);
  alice = { ...alice, suite: watch.suite };
});

const setAside = async (from: Device, to: Device, days = 30): Promise<void> => {
  const until = scene.world.nowMs + days * DAY_MS;
  expectOk(await reserve(from, { for: to.account, token: scene.token, amount: 1_000n, until }));
};

async function restored(saved: Saved): Promise<Device> {
  return { ...(await restoreFrom(scene.world, scene.directory.transport, saved)), suite: watch.suite };
}

async function again(saved: Saved): Promise<Device> {
  const device = await restored(saved);
  await passDate(scene.world, device);
  await finish(device);
  return device;
}

/** Rounds open one after the other. */
async function finish(device: Device): Promise<void> {
  for (let i = 0; i < 6 && (await readRestore(device))?.restored === null; i++) {
    expectOk(await sync(device, waitIn(scene.world)));
    scene.world.nowMs += 60_000;
  }
  expect((await readRestore(device))?.restored).not.toBeNull();
}

describe('a payer that was restored', () => {
  test('REL-44: cannot sign a second state at an old index, whatever it is asked for', async () => {
    await setAside(alice, bob);
    const offered = must(await offerTo(scene, alice, bob, { amount: 10n }));
    const saved = await save(alice);
    const accepted = must(await accept(bob, messageOf(offered)));
    const committed = must(await commit(alice, messageOf(accepted)));
    must(await receive(bob, messageOf(committed)));
    const more = must(await offerTo(scene, alice, bob, { amount: 20n }));
    const moreAccepted = must(await accept(bob, messageOf(more)));
    const ask = async (device: Device): Promise<readonly string[]> => {
      const answers = [
        await commit(device, messageOf(accepted)),
        await commit(device, messageOf(moreAccepted)),
        await offerTo(scene, device, bob, { amount: 30n }),
        await offer(device, {
          command: new Uint8Array(32).fill(3),
          to: bob.account,
          token: scene.token,
          amount: 10n,
          order: '',
          provisional: false,
        }),
      ];
      return answers.map((answer) => (answer.ok ? 'ok' : answer.error.code));
    };
    const device = await restored(saved);
    const before = watch.count();
    expect(await ask(device)).toEqual(['E_TOO_EARLY', 'E_TOO_EARLY', 'E_TOO_EARLY', 'E_TOO_EARLY']);
    await passDate(scene.world, device);
    expect(await ask(device)).toEqual(['E_PARENT', 'E_PARENT', 'E_PARENT', 'E_PARENT']);
    expect(watch.count()).toBe(before);
    await finish(device);
    expect(await ask(device)).toEqual(['E_STATE', 'E_NOT_FOUND', 'E_RESERVATION', 'E_RESERVATION']);
    await setAside(device, bob);
    await pay(scene, device, bob, { amount: 30n });
    await syncNow(bob);
    expect(watch.twice()).toEqual([]);
    expect(await balanceOf(bob, scene.token)).toMatchObject({ available: 40n });
  });

  test('EVD-3: a provisional payment that nobody has submitted is no evidence against it', async () => {
    await takeAny(bob);
    const saved = await save(alice);
    await pay(scene, alice, bob, { amount: 70n, provisional: true });
    const device = await again(saved);
    expectOk(await payOnline(device, { to: carol.account, token: scene.token, amount: 5n }));
    for (const one of [bob, carol, device]) expect((await syncNow(one)).evidence).toBe(0);
    for (const one of [bob, carol, device]) expect(expectOk(await listEvidence(one))).toEqual([]);
    expect(expectOk(await history(bob))).toMatchObject([{ status: 'lost' }]);
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 9_995n });
  });

  test('a provisional payment that its payee submits in time is adopted and not paid twice', async () => {
    await takeAny(bob);
    const saved = await save(alice);
    await pay(scene, alice, bob, { amount: 70n, provisional: true });
    const device = await restored(saved);
    await syncNow(bob);
    await passDate(scene.world, device);
    await finish(device);
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 9_930n });
    expect(watch.twice()).toEqual([]);
  });

  test('REL-44: offers of the lost device on the old half are refused by whoever knows of the restore', async () => {
    await setAside(alice, bob);
    await pay(scene, alice, bob, { amount: 10n });
    const device = await again(await save(alice));
    await syncNow(bob);
    const late = must(await offerTo(scene, alice, bob, { amount: 20n }));
    expectCode(await accept(bob, messageOf(late)), 'E_STALE');
    await setAside(device, bob);
    await pay(scene, device, bob, { amount: 1n });
  });
});

describe('a payee that was restored', () => {
  test('REL-45: a payer that hides its totals wins no more than what is lost anyway', async () => {
    await setAside(alice, bob);
    await pay(scene, alice, bob, { amount: 100n });
    const saved = await save(bob);
    const forked = await reopen(scene.world, memoryStore(copyDisk(aliceDisk)), scene.directory.transport);
    await pay(scene, alice, bob, { amount: 500n });
    const device = await restoreFrom(scene.world, scene.directory.transport, saved);
    expect(expectOk(await showRestore(device))).toMatchObject({ olderReservations: 1 });
    await passDate(scene.world, device);
    await syncNow(device);
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 100n, reserved: 0n });
    // From a fork of its half at the state that the backup knows, or from its true tip: nothing is taken there.
    for (const hiding of [alice, forked]) {
      const offered = must(await offerTo(scene, hiding, device, { amount: 10n }));
      expectCode(await accept(device, messageOf(offered)), 'E_RESERVATION');
      must(await cancel(hiding, offered.payment.payment));
    }
    await setAside(alice, device);
    await syncNow(alice);
    await pay(scene, alice, device, { amount: 7n });
    await syncNow(device);
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 107n });
  });

  test('REL-46: old commits that are shown again are collected once, and claimed before the date', async () => {
    await setAside(alice, bob);
    const known = await pay(scene, alice, bob, { amount: 100n });
    const { accepted: pending, ...underWay } = await payUpToCommit(scene, alice, bob, { amount: 5n });
    const saved = await save(bob);
    must(await receive(bob, messageOf(underWay.committed)));
    const lost = await pay(scene, alice, bob, { amount: 500n });
    const device = await restoreFrom(scene.world, scene.directory.transport, saved);
    expectCode(await acknowledge(device, known.received.payment), 'E_TOO_EARLY');
    expect(pending.payment.status).toBe('accepted');
    const statuses = async () => expectOk(await history(device)).map(({ status }) => status);
    expect(await statuses()).toEqual(['received', 'unknown']);

    expect(must(await receive(device, messageOf(lost.committed))).payment).toMatchObject({ status: 'unknown' });
    const [reservation] = await listReservations(device);
    expect(reservation).toMatchObject({ total: 605n });
    for (const old of [known, underWay, lost]) must(await receive(device, messageOf(old.committed)));
    expect((await listReservations(device))[0]).toMatchObject({ total: 605n });
    expectOk(await buildClaim(device, present(reservation).vault));
    expect((await syncNow(device)).claimed).toMatchObject([{ total: 605n }]);
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 0n });
    await passDate(scene.world, device);
    await syncNow(device);
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 605n });
    must(await receive(device, messageOf(lost.committed)));
    expect((await syncNow(device)).claimed).toEqual([]);
    expectCode(await receive(carol, messageOf(lost.committed)), 'E_MISMATCH');
  });

  test('REL-46: from E − margin on no total is collected, and to E what is known is claimed', async () => {
    await setAside(alice, bob, 2);
    await pay(scene, alice, bob, { amount: 100n });
    const saved = await save(bob);
    const lost = await pay(scene, alice, bob, { amount: 500n });
    const [{ until }] = (await listReservations(bob)) as [ReservationRecord];
    scene.world.nowMs = until - scene.world.net.network.marginMs;
    const device = await restoreFrom(scene.world, scene.directory.transport, saved);
    expectCode(await receive(device, messageOf(lost.committed)), 'E_VOID');
    expect(expectOk(await dueClaims(device))).toMatchObject([{ urgency: 'urgent', amount: 100n }]);
    expect((await syncNow(device)).claimed).toMatchObject([{ total: 100n }]);
  });

  test('WAL-34: a claim of a total that the lost device had claimed itself does no harm', async () => {
    await setAside(alice, bob);
    await pay(scene, alice, bob, { amount: 100n });
    const saved = await save(bob);
    await pay(scene, alice, bob, { amount: 500n });
    await syncNow(bob);
    const device = await restoreFrom(scene.world, scene.directory.transport, saved);
    const report = await syncNow(device);
    expect(report.claimed).toEqual([]);
    await passDate(scene.world, device);
    await syncNow(device);
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 600n, reserved: 0n });
  });
});

describe('WAL-36: two devices restored from one backup', () => {
  test('are a clone: when both sign, there is evidence against the key', async () => {
    const saved = await save(alice);
    const [first, second] = [await restored(saved), await restored(saved)];
    await passDate(scene.world, second);
    // What the second signs reaches one node only.
    const { directory } = scene;
    const cut: Device = {
      ...second,
      transport: {
        request: (node, path, body, signal) =>
          directory.transport.request(path === '/v1/submit' && node !== 3 ? 99 : node, path, body, signal),
      },
    };
    await syncNow(cut);
    expect((await readRestore(second))?.draft).not.toBeNull();
    // To the first that node does not show it in time.
    const late: Device = {
      ...first,
      transport: {
        request: (node, path, body, signal) =>
          node === 3 && path.startsWith('/v1/slot/')
            ? Promise.resolve(fail('E_STORE', 'STO-4', 'later'))
            : directory.transport.request(node, path, body, signal),
      },
    };
    await syncNow(late);
    expect((await readRestore(first))?.restored).not.toBeNull();
    expect(watch.twice()).toHaveLength(1);
    expect((await syncNow(bob)).evidence).toBe(1);
    for (const one of [first, second]) {
      expectOk(await sync(one));
      const refused = await payOnline(one, { to: carol.account, token: scene.token, amount: 5n });
      expect(refused.ok ? 'ok' : refused.error.code).toMatch(/^E_(FORK|TOO_EARLY)$/);
    }
    expectCode(await payOnline(first, { to: carol.account, token: scene.token, amount: 5n }), 'E_FORK');
    expectCode(await payOnline(bob, { to: first.account, token: scene.token, amount: 5n }), 'E_QUARANTINED');
  });

  test('the one that comes later waits for the other, and signs nothing at its places', async () => {
    const saved = await save(alice);
    const [first, second] = [await restored(saved), await restored(saved)];
    await passDate(scene.world, first);
    await finish(first);
    expect((await syncNow(second)).open).toMatchObject([{ code: 'E_TOO_EARLY' }]);
    await passDate(scene.world, second);
    await finish(second);
    expect(watch.twice()).toEqual([]);
    await syncNow(first);
    expectCode(await payOnline(first, { to: carol.account, token: scene.token, amount: 5n }), 'E_FORK');
    expect(expectOk(await listEvidence(first))).toEqual([]);
  });
});
