import { describe, expect, test } from 'vitest';
import { anchor } from '../src/account/anchor.ts';
import { releaseExpired, reserve } from '../src/account/reserve.ts';
import type { Device } from '../src/device.ts';
import { accept, commit, offer, receive } from '../src/exchange/index.ts';
import { listReservations } from '../src/records/reservation.ts';
import { closeReservations } from '../src/vault/close.ts';
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

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

interface Table {
  readonly scene: Scene;
  readonly alice: Device;
  readonly shop: Device;
  readonly until: number;
}

/** Alice has 100.00 and sets 20.00 aside for the shop, for two days. */
async function makeTable(): Promise<Table> {
  const scene = await makeScene();
  const { device: alice } = await addRichCustomer(scene, 'alice', 10_000n);
  const { device: shop } = await addCustomer(scene, 'shop');
  await befriend(alice, shop);
  const until = scene.world.nowMs + 2 * DAY_MS;
  expectOk(await reserve(alice, { for: shop.account, token: scene.token, amount: 2_000n, until }));
  return { scene, alice, shop, until };
}

let turns = 100;

async function offerTo({ alice, shop, scene }: Table, amount: bigint): Promise<Uint8Array> {
  turns += 1;
  const command = new Uint8Array(32).fill(turns);
  const options = { command, to: shop.account, token: scene.token, amount, order: '', provisional: false };
  return expectOk(await offer(alice, { ...options, expiryMs: HOUR_MS })).message!;
}

async function pay(table: Table, amount: bigint): Promise<void> {
  const accepted = expectOk(await accept(table.shop, await offerTo(table, amount)));
  expectOk(await receive(table.shop, expectOk(await commit(table.alice, accepted.message!)).message!));
}

const statusOf = async (device: Device): Promise<string[]> =>
  (await listReservations(device)).map(({ status }) => status);

describe('RES-7: the payee gives back what is left', () => {
  test("what was paid is claimed first, the rest is the payer's at once", async () => {
    const table = await makeTable();
    const { alice, shop, scene } = table;
    await pay(table, 750n);
    expect(expectOk(await closeReservations(shop, alice.account))).toMatchObject([{ amount: 1_250n }]);
    await syncNow(shop);
    expect(await balanceOf(shop, scene.token)).toMatchObject({ available: 750n, reserved: 0n });
    expect(await syncNow(alice)).toMatchObject({ received: [{ amount: 1_250n }], open: [] });
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 9_250n, setAside: 0n });
    expect([await statusOf(alice), await statusOf(shop)]).toEqual([['released'], ['released']]);
    expect(expectOk(await history(alice)).filter(({ payment }) => payment.kind === 'reserved')).toMatchObject([
      { payment: { status: 'final', grade: 'certified' } },
    ]);
    expectCode(await closeReservations(shop, alice.account), 'E_NOT_FOUND');
  });

  test('where everything was paid and claimed nothing goes back', async () => {
    const table = await makeTable();
    const { alice, shop } = table;
    await pay(table, 2_000n);
    expect(expectOk(await closeReservations(shop, alice.account))).toEqual([]);
    expect(await syncNow(shop)).toMatchObject({ open: [] });
  });

  test('only its payee does it', async () => {
    const { alice, shop } = await makeTable();
    expectCode(await closeReservations(alice, shop.account), 'E_NOT_FOUND');
  });

  test('not while a payment that was accepted may still be committed', async () => {
    const table = await makeTable();
    const { alice, shop, scene } = table;
    await pay(table, 100n);
    const accepted = expectOk(await accept(shop, await offerTo(table, 50n)));
    expectCode(await closeReservations(shop, alice.account), 'E_OPEN');
    expect(await statusOf(shop)).toEqual(['open']);
    scene.world.nowMs += 2 * HOUR_MS;
    expectOk(await closeReservations(shop, alice.account));
    // Committed in time, carried too late: the payee has given back what it was to be paid from.
    scene.world.nowMs -= 2 * HOUR_MS;
    const late = expectOk(await commit(alice, accepted.message!));
    expectCode(await receive(shop, late.message!), 'E_VOID');
    await syncNow(alice);
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 9_900n, setAside: 0n });
  });

  test('once it has decided so nothing more is taken, and a sync finishes what nobody answered', async () => {
    const table = await makeTable();
    const { alice, shop, scene } = table;
    await pay(table, 100n);
    const waiting = await offerTo(table, 50n);
    scene.directory.down.add(1).add(2);
    expectCode(await closeReservations(shop, alice.account), 'E_PENDING');
    expect(await statusOf(shop)).toEqual(['closing']);
    expectCode(await accept(shop, waiting), 'E_VOID');
    scene.directory.down.clear();
    await syncNow(shop);
    expect(await statusOf(shop)).toEqual(['released']);
    await syncNow(alice);
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 9_900n, setAside: 0n });
    expect(await balanceOf(shop, scene.token)).toMatchObject({ available: 100n, reserved: 0n });
  });

  test('what was not closed before E goes back as always', async () => {
    const table = await makeTable();
    const { alice, shop, scene, until } = table;
    await pay(table, 100n);
    await syncNow(shop);
    [0, 1, 2, 3].forEach((node) => scene.directory.down.add(node));
    expect((await closeReservations(shop, alice.account)).ok).toBe(false);
    scene.world.nowMs = until + scene.world.net.network.gapMs;
    expectCode(await closeReservations(shop, alice.account), 'E_NOT_FOUND');
    scene.directory.down.clear();
    expect(await syncNow(shop)).toMatchObject({ claimed: [] });
    expect(await statusOf(shop)).toEqual(['closing']);
    expect(expectOk(await releaseExpired(alice, shop.account))).toMatchObject([{ amount: 1_900n }]);
    await syncNow(shop);
    expect(await statusOf(shop)).toEqual(['released']);
  });
});

describe('VAL-10: anchors', () => {
  test('32 bytes stand certified on the account, in their order', async () => {
    const { alice } = await makeTable();
    const first = expectOk(await anchor(alice, new Uint8Array(32).fill(1)));
    const second = expectOk(await anchor(alice, new Uint8Array(32).fill(1)));
    expect(second.index).toBe(first.index + 1);
    expect(second.state).not.toEqual(first.state);
    expectCode(await anchor(alice, new Uint8Array(31)), 'E_FORMAT');
  });
});
