import { toHex, verifyFile } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { releaseExpired, reserve } from '../src/account/reserve.ts';
import type { Device } from '../src/device.ts';
import { submitFile } from '../src/directory/submit-file.ts';
import { accept, commit, offer, receive } from '../src/exchange/index.ts';
import { listReservations } from '../src/records/reservation.ts';
import { buildClaim } from '../src/sync/claims.ts';
import { dueClaims, keepClaimed } from '../src/sync/schedule.ts';
import { sync } from '../src/sync/sync.ts';
import { history } from '../src/view/history.ts';
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
import { suite } from './support/wallets.ts';

const DAY_MS = 86_400_000;

interface Table {
  readonly scene: Scene;
  readonly alice: Device;
  readonly shop: Device;
  readonly until: number;
  readonly vault: Awaited<ReturnType<typeof listReservations>>[number]['vault'];
}

/** Alice has 100.00 and sets 20.00 aside for the shop, for two days. */
async function makeTable(): Promise<Table> {
  const scene = await makeScene();
  const { device: alice } = await addRichCustomer(scene, 'alice', 10_000n);
  const { device: shop } = await addCustomer(scene, 'shop');
  await befriend(alice, shop);
  const until = scene.world.nowMs + 2 * DAY_MS;
  const made = expectOk(await reserve(alice, { for: shop.account, token: scene.token, amount: 2_000n, until }));
  return { scene, alice, shop, until, vault: made.reservation };
}

let turns = 0;

/** Nobody needs the network for this. */
async function payOffline({ alice, shop, scene }: Table, amount: bigint): Promise<void> {
  turns += 1;
  const command = new Uint8Array(32).fill(turns);
  const offered = expectOk(
    await offer(alice, { command, to: shop.account, token: scene.token, amount, order: '', provisional: false }),
  );
  const accepted = expectOk(await accept(shop, offered.message!));
  const committed = expectOk(await commit(alice, accepted.message!));
  const received = expectOk(await receive(shop, committed.message!));
  expect(received.payment.grade).toBe('reserved');
}

const cutOff = ({ scene }: Table): void => [0, 1, 2, 3].forEach((node) => scene.directory.down.add(node));

describe('a reservation', () => {
  test('sets value aside, and the balances stay disjoint', async () => {
    const table = await makeTable();
    const { alice, scene } = table;
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 8_000n, setAside: 2_000n });
    expect(await listReservations(alice)).toMatchObject([{ status: 'open', funded: 2_000n, claimed: 0n }]);
  });

  test('RES-1: for contacts only, and never for oneself', async () => {
    const { scene, alice, until } = await makeTable();
    const { device: stranger } = await addCustomer(scene, 'stranger');
    const options = { token: scene.token, amount: 1n, until };
    expectCode(await reserve(alice, { for: stranger.account, ...options }), 'E_CONTACT');
    expectCode(await reserve(alice, { for: alice.account, ...options }), 'E_SELF');
    expectCode(await reserve(alice, { for: alice.account, ...options, until: 5 }), 'E_EXPIRED');
  });

  test('RES-4: what was paid offline is claimed by the next sync, and then credited', async () => {
    const table = await makeTable();
    const { alice, shop, scene } = table;
    cutOff(table);
    await payOffline(table, 750n);
    await payOffline(table, 300n);
    expect(await balanceOf(shop, scene.token)).toMatchObject({ available: 0n, reserved: 1_050n });
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 8_000n, setAside: 950n });
    scene.directory.down.clear();
    const report = await syncNow(shop);
    expect(report).toMatchObject({ claimed: [{ total: 1_050n, amount: 1_050n }], open: [] });
    expect(report.received).toMatchObject([{ amount: 1_050n, peer: alice.account }]);
    expect(await balanceOf(shop, scene.token)).toMatchObject({ available: 1_050n, reserved: 0n });
    expect(expectOk(await history(shop)).map(({ payment: { status, grade } }) => [status, grade])).toEqual([
      ['final', 'certified'],
      ['final', 'certified'],
    ]);
    expect(await syncNow(shop)).toMatchObject({ claimed: [], received: [] });
  });

  test('RES-4: a higher total is claimed on top, and the payer learns of it', async () => {
    const table = await makeTable();
    const { alice, shop, vault } = table;
    await payOffline(table, 100n);
    await syncNow(shop);
    await payOffline(table, 50n);
    expect(await syncNow(shop)).toMatchObject({ claimed: [{ total: 150n, amount: 50n }] });
    await syncNow(alice);
    expect((await listReservations(alice)).find((one) => toHex(one.vault) === toHex(vault))?.claimed).toBe(150n);
    expect(expectOk(await history(alice)).map(({ payment: { status } }) => status)).toEqual([
      'final',
      'final',
      'final',
    ]);
  });

  test('RES-4: a claim cut short by the network is finished by the next sync', async () => {
    const table = await makeTable();
    const { shop, scene } = table;
    await payOffline(table, 100n);
    scene.directory.down.add(1).add(2);
    expect(await syncNow(shop)).toMatchObject({ claimed: [], open: [{ code: 'E_PENDING' }] });
    scene.directory.down.clear();
    await payOffline(table, 50n);
    await syncNow(shop);
    expect(await balanceOf(shop, scene.token)).toMatchObject({ available: 150n, reserved: 0n });
  });

  test('RES-4: anybody may carry a claim', async () => {
    const table = await makeTable();
    const { shop, scene, vault } = table;
    cutOff(table);
    await payOffline(table, 100n);
    const file = expectOk(await buildClaim(shop, vault));
    const { network } = scene.world.net;
    expect(verifyFile(suite, network, file)).toMatchObject({ ok: true, kind: 'claim' });
    const carrier = { suite, network, transport: scene.directory.transport };
    expectCode(await submitFile(carrier, file), 'E_PENDING');
    scene.directory.down.clear();
    expectOk(await submitFile(carrier, file));
    expectOk(await submitFile(carrier, file));
    const report = await syncNow(shop);
    expect(report.received).toMatchObject([{ amount: 100n }]);
    expect(await balanceOf(shop, scene.token)).toMatchObject({ available: 100n, reserved: 0n });
  });

  test('RES-5: the rest comes back after E and the gap, not before', async () => {
    const table = await makeTable();
    const { alice, shop, scene, until } = table;
    const { world } = scene;
    await payOffline(table, 750n);
    await syncNow(shop);
    expectCode(await releaseExpired(alice, shop.account), 'E_TOO_EARLY');
    world.nowMs = until + world.net.network.gapMs - 1;
    expectCode(await releaseExpired(alice, shop.account), 'E_TOO_EARLY');
    world.nowMs += 1;
    const released = expectOk(await releaseExpired(alice, shop.account));
    expect(released).toMatchObject([{ amount: 1_250n }]);
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 9_250n, setAside: 0n });
    expectCode(await releaseExpired(alice, shop.account), 'E_NOT_FOUND');
    expect(await syncNow(alice)).toMatchObject({ received: [] });
  });

  test('RES-5: a release that is cut short is finished by sync', async () => {
    const table = await makeTable();
    const { alice, shop, scene, until } = table;
    scene.world.nowMs = until + scene.world.net.network.gapMs;
    scene.directory.down.add(1).add(2);
    expectCode(await releaseExpired(alice, shop.account), 'E_PENDING');
    scene.directory.down.clear();
    expect(await syncNow(alice)).toMatchObject({ received: [{ amount: 2_000n }] });
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 10_000n, setAside: 0n });
  });
});

describe('the keeper of claims', () => {
  test('claims by itself, sleeps otherwise', async () => {
    const table = await makeTable();
    const { shop } = table;
    expect(expectOk(await keepClaimed(shop))).toMatchObject({ warnings: [] });
    await payOffline(table, 100n);
    expect(expectOk(await dueClaims(shop))).toMatchObject([{ amount: 100n, urgency: 'waiting' }]);
    expect(expectOk(await keepClaimed(shop))).toMatchObject({ warnings: [], failures: [] });
    expect(expectOk(await dueClaims(shop))).toEqual([]);
  });

  test('warns from E - margin on while no node answers, claims before E when they are back', async () => {
    const table = await makeTable();
    const { shop, scene, until } = table;
    const { world } = scene;
    cutOff(table);
    await payOffline(table, 100n);
    const waiting = expectOk(await keepClaimed(shop));
    expect(waiting).toMatchObject({ warnings: [], failures: [{ code: 'E_UNREACHABLE' }] });
    world.nowMs = until - world.net.network.marginMs;
    const urgent = expectOk(await keepClaimed(shop));
    expect(urgent).toMatchObject({ warnings: [{ urgency: 'urgent', amount: 100n, lostAt: until }] });
    expect(urgent.sleepMs).toBeLessThanOrEqual(5_000);
    world.nowMs = until - 1;
    scene.directory.down.clear();
    expect(expectOk(await keepClaimed(shop))).toMatchObject({ warnings: [] });
    expect(await balanceOf(shop, scene.token)).toMatchObject({ available: 100n, reserved: 0n });
  });

  test('RES-6: a claim that comes too late is tried until E + gap + D, and no longer', async () => {
    const table = await makeTable();
    const { shop, scene, until } = table;
    const { world } = scene;
    cutOff(table);
    await payOffline(table, 100n);
    scene.directory.down.clear();
    const { gapMs, settleMs } = world.net.network;
    world.nowMs = until + gapMs + settleMs;
    expect(expectOk(await sync(shop)).open).toMatchObject([{ code: 'E_WINDOW' }]);
    world.nowMs += 1;
    expect(expectOk(await sync(shop)).open).toEqual([]);
  });

  test('says that it is too late after E, and the payer gets it back', async () => {
    const table = await makeTable();
    const { alice, shop, scene, until } = table;
    const { world } = scene;
    cutOff(table);
    await payOffline(table, 100n);
    world.nowMs = until + world.net.network.gapMs;
    scene.directory.down.clear();
    expect(expectOk(await keepClaimed(shop))).toMatchObject({ warnings: [{ urgency: 'late' }] });
    expect(await balanceOf(shop, scene.token)).toMatchObject({ available: 0n });
    expect(expectOk(await releaseExpired(alice, shop.account))).toMatchObject([{ amount: 2_000n }]);
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 10_000n });
  });
});
