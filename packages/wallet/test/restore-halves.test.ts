import { beforeEach, describe, expect, test } from 'vitest';
import { reserve } from '../src/account/reserve.ts';
import type { Device } from '../src/device.ts';
import { accept, cancel, commit, offer, receive, request } from '../src/exchange/index.ts';
import { readRestore } from '../src/records/restore.ts';
import { pay } from './attack/kit.ts';
import { command } from './exchange/table.ts';
import { passDate, restoreFrom, save, type Saved } from './support/restores.ts';
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
import { present } from './support/wallets.ts';

let scene: Scene;
let alice: Device;
let bob: Device;

beforeEach(async () => {
  scene = await makeScene();
  ({ device: alice } = await addRichCustomer(scene, 'alice', 10_000n));
  ({ device: bob } = await addCustomer(scene, 'bob'));
  await befriend(alice, bob);
});

/** A device after it was restored and has waited. */
async function again(saved: Saved): Promise<Device> {
  const device = await restoreFrom(scene.world, scene.directory.transport, saved);
  await passDate(scene.world, device);
  await syncNow(device);
  expect((await readRestore(device))?.restored).not.toBeNull();
  return device;
}

describe('REL-44: payments after a restore', () => {
  const setAside = async (device: Device): Promise<number> => {
    const until = scene.world.nowMs + 20 * 86_400_000;
    expectOk(await reserve(device, { for: bob.account, token: scene.token, amount: 1_000n, until }));
    return until;
  };

  const payment = (to: Device) => ({
    command: command(),
    to: to.account,
    token: scene.token,
    amount: 10n,
    order: '',
    provisional: false,
  });

  /** Two turns, begun by the payee. */
  async function payRequested(payer: Device, payee: Device, amount: bigint): Promise<void> {
    const { provisional: _provisional, to: _to, ...rest } = payment(payee);
    const requested = expectOk(await request(payee, { ...rest, from: payer.account, amount }));
    const committed = expectOk(await commit(payer, present(requested.message ?? undefined)));
    expectOk(await receive(payee, present(committed.message ?? undefined)));
  }

  test('go on in a new half of the payer, out of a new reservation', async () => {
    await setAside(alice);
    await pay(scene, alice, bob, { amount: 100n });
    const saved = await save(alice);
    await pay(scene, alice, bob, { amount: 200n });
    const device = await again(saved);
    // Not "nothing is set aside": the balance shows that something is.
    expect(await offer(device, payment(bob))).toMatchObject({ error: { code: 'E_RESERVATION', rule: 'REL-45' } });
    await setAside(device);
    const { received } = await pay(scene, device, bob, { amount: 40n });
    expect(received.payment.grade).toBe('reserved');
    await pay(scene, device, bob, { amount: 1n });
    await payRequested(device, bob, 1n);
    const { claimed } = await syncNow(bob);
    expect(new Set(claimed.map(({ total }) => total))).toEqual(new Set([300n, 42n]));
    await syncNow(device);
    expect(await balanceOf(device, scene.token)).toMatchObject({ setAside: 1_658n });
  });

  test('the payee that was restored accepts in a new half; the payer goes on in its own', async () => {
    await setAside(alice);
    await pay(scene, alice, bob, { amount: 100n });
    const saved = await save(bob);
    await pay(scene, alice, bob, { amount: 200n, compact: true });
    await pay(scene, alice, bob, { amount: 5n, compact: true });
    const device = await again(saved);
    const older = await offer(alice, { ...payment(device), amount: 10n });
    const refused = await accept(device, present(expectOk(older).message ?? undefined));
    expectCode(refused, 'E_RESERVATION');
    expectOk(await cancel(alice, expectOk(older).payment.payment));
    // Whoever syncs learns of the restore, and offers nothing any more that would be refused.
    await syncNow(alice);
    expectCode(await offer(alice, payment(device)), 'E_RESERVATION');
    await setAside(alice);
    const first = await pay(scene, alice, device, { amount: 40n });
    expect(first.received.payment).toMatchObject({ grade: 'reserved', status: 'received' });
    await pay(scene, alice, device, { amount: 2n, compact: true });
    await syncNow(device);
    await payRequested(alice, device, 1n);
    await pay(scene, alice, device, { amount: 2n, compact: true });
    const { claimed } = await syncNow(device);
    expect(claimed.map(({ total }) => total)).toEqual([45n]);
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 145n, reserved: 0n });
  });

  test('both sides may be restored, one after the other or at once', async () => {
    await setAside(alice);
    await pay(scene, alice, bob, { amount: 100n });
    const [payer, payee] = [await save(alice), await save(bob)];
    await pay(scene, alice, bob, { amount: 7n });
    const device = await again(payer);
    const peer = await again(payee);
    await setAside(device);
    await pay(scene, device, peer, { amount: 5n });
    await payRequested(device, peer, 1n);
    const third = await again(await save(peer));
    await setAside(device);
    await syncNow(device);
    await pay(scene, device, third, { amount: 2n });
    await syncNow(third);
    expect(await balanceOf(third, scene.token)).toMatchObject({ available: 108n, reserved: 0n });
  });
});
