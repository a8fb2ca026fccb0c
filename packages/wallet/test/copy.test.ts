import { keyId, memoryStore, toHex, verifyFile } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { payOnline } from '../src/account/payment.ts';
import { releaseExpired, reserve } from '../src/account/reserve.ts';
import { setPolicy } from '../src/contacts/policy.ts';
import type { Device } from '../src/device.ts';
import { accept, commit, offer, receive } from '../src/exchange/index.ts';
import { sync } from '../src/sync/sync.ts';
import { showChain } from '../src/view/chain.ts';
import { exportEvidence, importEvidence, listEvidence } from '../src/view/evidence.ts';
import { history } from '../src/view/history.ts';
import { copyDisk } from './support/directory.ts';
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
import { reopen, suite } from './support/wallets.ts';

interface Attack {
  readonly scene: Scene;
  readonly alice: Device;
  readonly copy: Device;
  readonly bob: Device;
  readonly carol: Device;
}

/** Alice has 100.00; a byte copy of her home is about to be used as well. */
async function prepareAttack(): Promise<Attack> {
  const scene = await makeScene();
  const { device: alice, disk } = await addRichCustomer(scene, 'alice', 10_000n);
  const { device: bob } = await addCustomer(scene, 'bob');
  const { device: carol } = await addCustomer(scene, 'carol');
  for (const payee of [bob, carol]) {
    await befriend(alice, payee);
    expectOk(await setPolicy(payee, { provisionalMax: 'any' }));
  }
  const copy = await reopen(scene.world, memoryStore(copyDisk(disk)), scene.directory.transport);
  return { scene, alice, copy, bob, carol };
}

let turns = 0;

async function payProvisionally(payer: Device, payee: Device, scene: Scene, amount: bigint): Promise<void> {
  turns += 1;
  const command = new Uint8Array(32).fill(turns);
  const { token } = scene;
  const offered = expectOk(
    await offer(payer, { command, to: payee.account, token, amount, order: '', provisional: true }),
  );
  const accepted = expectOk(await accept(payee, offered.message!));
  const committed = expectOk(await commit(payer, accepted.message!));
  expect(expectOk(await receive(payee, committed.message!)).payment.grade).toBe('provisional');
}

describe('a copy of a home that pays a second time', () => {
  test('one of two provisional payments settles, the other is lost, and the evidence convinces anybody', async () => {
    const { scene, alice, copy, bob, carol } = await prepareAttack();
    const { token, world } = scene;
    await payProvisionally(alice, bob, scene, 9_000n);
    await payProvisionally(copy, carol, scene, 8_000n);
    expect(await balanceOf(bob, token)).toMatchObject({ available: 0n, provisional: 9_000n });
    expect(await balanceOf(carol, token)).toMatchObject({ available: 0n, provisional: 8_000n });

    expect(await syncNow(bob)).toMatchObject({ certified: 1, received: [{ amount: 9_000n }], evidence: 0 });
    expect(await syncNow(carol)).toMatchObject({ certified: 0, received: [], evidence: 1 });
    expect(await balanceOf(bob, token)).toMatchObject({ available: 9_000n, provisional: 0n });
    expect(await balanceOf(carol, token)).toMatchObject({ available: 0n, provisional: 0n });
    expect(expectOk(await history(bob))).toMatchObject([{ status: 'final', payment: { grade: 'certified' } }]);
    expect(expectOk(await history(carol))).toMatchObject([{ status: 'lost', payment: { grade: null } }]);

    const [id = ''] = expectOk(await listEvidence(carol)).map((found) => toHex(found.id));
    const [device] = expectOk(await listEvidence(carol)).map((found) => toHex(found.device));
    expect(device).toBe(toHex(keyId(suite, alice.key.publicKey)));
    const file = expectOk(await exportEvidence(carol, id));
    expect(verifyFile(suite, world.net.network, file)).toMatchObject({ ok: true, kind: 'evidence' });
    expectOk(await importEvidence(scene.canteen, file));
    expect(await syncNow(bob)).toMatchObject({ evidence: 1 });
  });

  test('WAL-6, EVD-4: evidence quarantines new business with that key, and settles what runs', async () => {
    const { scene, alice, copy, bob, carol } = await prepareAttack();
    const { token } = scene;
    await payProvisionally(alice, bob, scene, 9_000n);
    await payProvisionally(copy, carol, scene, 8_000n);
    expect(await syncNow(carol)).toMatchObject({ certified: 1, evidence: 0 });
    expect(await syncNow(bob)).toMatchObject({ certified: 0, evidence: 1 });
    expect(await syncNow(carol)).toMatchObject({ evidence: 1 });
    const to = { to: alice.account, token, amount: 1n };
    expectCode(await payOnline(carol, to), 'E_QUARANTINED');
    const until = scene.world.nowMs + 86_400_000;
    expectCode(await reserve(carol, { for: alice.account, token, amount: 1n, until }), 'E_QUARANTINED');
    expect(await balanceOf(carol, token)).toMatchObject({ available: 8_000n });
  });

  test('WAL-6: the copy that lost says so, signs no further state, and syncs without failing', async () => {
    const { scene, alice, copy, bob } = await prepareAttack();
    const { token } = scene;
    const pay = (device: Device, amount: bigint) => payOnline(device, { to: bob.account, token, amount });
    expectOk(await pay(alice, 100n));
    expectCode(await pay(copy, 200n), 'E_FORK');
    const mine = expectOk(await history(copy)).find(({ payment }) => payment.amount === 200n);
    expect(mine).toMatchObject({ status: 'lost', payment: { grade: null } });
    const before = expectOk(await showChain(copy)).length;
    expectCode(await pay(copy, 300n), 'E_FORK');
    expect(expectOk(await showChain(copy))).toHaveLength(before);
    expectOk(await sync(copy));
    expect(expectOk(await listEvidence(copy))).toHaveLength(1);

    expect(await syncNow(alice)).toMatchObject({ evidence: 1 });
    expectCode(await pay(alice, 1n), 'E_FORK');
    expect((await syncNow(bob)).received).toMatchObject([{ amount: 100n }]);
  });

  test('WAL-6: evidence against the own key does not stop a claim or a release', async () => {
    const { scene, alice, copy, bob, carol } = await prepareAttack();
    const { token, world } = scene;
    const until = world.nowMs + 2 * 86_400_000;
    expectOk(await reserve(alice, { for: bob.account, token, amount: 500n, until }));
    expectCode(await payOnline(copy, { to: carol.account, token, amount: 200n }), 'E_FORK');
    await syncNow(alice);
    world.nowMs = until + world.net.network.gapMs;
    // The release itself is final; only crediting it would be a new state of the account.
    expectCode(await releaseExpired(alice, bob.account), 'E_FORK');
    expect(await balanceOf(alice, token)).toMatchObject({ setAside: 0n });
  });

  test('WAL-6: a copy that went on is noticed by a sync, before the one left behind forks the account', async () => {
    const { scene, alice, copy, bob } = await prepareAttack();
    const pay = (device: Device) => payOnline(device, { to: bob.account, token: scene.token, amount: 100n });
    expectOk(await pay(copy));
    expectOk(await pay(copy));
    await syncNow(alice);
    const before = expectOk(await showChain(alice)).length;
    expectCode(await pay(alice), 'E_FORK');
    expect(expectOk(await showChain(alice))).toHaveLength(before);
    expect(await syncNow(bob)).toMatchObject({ evidence: 0 });
    expectOk(await pay(copy));
  });
});
