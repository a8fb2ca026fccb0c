import { memoryStore, toHex, verifyFile } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { payOnline } from '../src/account/payment.ts';
import { reserve } from '../src/account/reserve.ts';
import { createToken, findToken } from '../src/account/token.ts';
import { setPolicy } from '../src/contacts/policy.ts';
import type { Device } from '../src/device.ts';
import { offer } from '../src/exchange/index.ts';
import { listReservations } from '../src/records/reservation.ts';
import { sync } from '../src/sync/sync.ts';
import { unlock } from '../src/unlock/unlock.ts';
import { exportChain, showChain } from '../src/view/chain.ts';
import { listEvidence } from '../src/view/evidence.ts';
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
import { ALL, unlockNow, passAway, downOnly, statuses, operations, payProvisionally } from './support/unlocking.ts';

describe('WAL-13, WAL-14: an own state whose time is over', () => {
  test('that no node has voted for ends in a void: the balance is back, and it may be paid again', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    const payment = { to: bob.account, token: scene.token, amount: 400n };
    downOnly(scene, ...ALL);
    expectCode(await payOnline(alice, payment), 'E_PENDING');
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 600n });
    passAway(scene);
    downOnly(scene);
    const report = await unlockNow(scene, alice);
    expect(report).toMatchObject({ unlocked: [{ index: 2, outcome: 'void', round: 1 }], waiting: [], open: [] });
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 1_000n });
    expect(await statuses(alice, 'out')).toEqual(['expired null']);
    expect(await operations(alice)).toEqual(['genesis final', 'receive final', 'void final']);
    expect(await unlockNow(scene, alice)).toEqual({ unlocked: [], waiting: [], open: [] });

    expect(expectOk(await payOnline(alice, payment))).toMatchObject({ index: 3, grade: 'certified' });
    expect(await syncNow(bob)).toMatchObject({ received: [{ amount: 400n }] });
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 600n });
    const file = expectOk(await exportChain(alice));
    expect(verifyFile(suite, scene.world.net.network, file)).toMatchObject({ ok: true, findings: { states: 4 } });
  });

  test('that f + 1 nodes have voted for becomes final', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    downOnly(scene, 0, 1);
    expectCode(await payOnline(alice, { to: bob.account, token: scene.token, amount: 400n }), 'E_PENDING');
    passAway(scene);
    // The node that is back votes after the time, since f + 1 votes show that it was in time.
    downOnly(scene, 0);
    const report = await unlockNow(scene, alice);
    expect(report).toMatchObject({ unlocked: [{ index: 2, outcome: 'kept' }], waiting: [], open: [] });
    downOnly(scene);
    expect(await syncNow(bob)).toMatchObject({ received: [{ amount: 400n }] });
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 600n });
  });

  test('that one node alone has voted for ends one way, and the books of both agree', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    downOnly(scene, 0, 1);
    expectCode(await payOnline(alice, { to: bob.account, token: scene.token, amount: 400n }), 'E_PENDING');
    passAway(scene);
    downOnly(scene, 3);
    expect(await unlockNow(scene, alice)).toMatchObject({ unlocked: [{ index: 2, outcome: 'void' }], waiting: [] });
    downOnly(scene);
    expect(await syncNow(bob)).toMatchObject({ received: [] });
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 1_000n });
  });

  test('before that time nothing is driven, and it is said when it will be', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    downOnly(scene, 0, 1);
    expectCode(await payOnline(alice, { to: bob.account, token: scene.token, amount: 400n }), 'E_PENDING');
    const { settleMs, gapMs } = scene.world.net.network;
    const atMs = scene.world.nowMs + settleMs + gapMs + 1;
    const asked: string[] = [];
    scene.directory.onRequest = (_, path) => void asked.push(path);
    const report = await unlockNow(scene, alice, 60_000);
    expect(report).toMatchObject({ unlocked: [], waiting: [{ index: 2, round: 1, atMs }] });
    expect(asked.filter((path) => path.includes('start'))).toEqual([]);
    downOnly(scene);
    expect(await unlockNow(scene, alice, 0)).toMatchObject({ unlocked: [{ outcome: 'kept', round: 0 }], waiting: [] });
  });

  test('a run above it is dead as a whole, both sides go on, and the dead states are in nobody’s way', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    await befriend(alice, bob);
    expectOk(await setPolicy(bob, { provisionalMax: 'any', run: 4 }));
    downOnly(scene, ...ALL);
    await payProvisionally(alice, bob, scene, 100n);
    await payProvisionally(alice, bob, scene, 200n);
    passAway(scene);
    downOnly(scene);
    expect(await unlockNow(scene, alice)).toMatchObject({ unlocked: [{ index: 2, outcome: 'void' }], waiting: [] });
    expect(await statuses(alice, 'out')).toEqual(['expired null', 'expired null']);
    expect(await operations(alice)).toEqual(['genesis final', 'receive final', 'void final']);
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 1_000n });

    // Bob has not heard of the void: what Alice signs now stands where he holds a dead state.
    downOnly(scene, ...ALL);
    await payProvisionally(alice, bob, scene, 300n);
    downOnly(scene);
    await unlockNow(scene, bob);
    await syncNow(bob);
    expect(await statuses(bob, 'in')).toEqual(['lost null', 'lost null', 'final certified']);
    expect(await balanceOf(bob, scene.token)).toMatchObject({ available: 300n, provisional: 0n });
    await syncNow(alice);
    expect(await statuses(alice, 'out')).toEqual(['expired null', 'expired null', 'final certified']);
    for (const device of [alice, bob]) expect(expectOk(await listEvidence(device))).toEqual([]);
    const file = expectOk(await exportChain(alice));
    expect(verifyFile(suite, scene.world.net.network, file)).toMatchObject({ ok: true });
  });

  test('nothing is put on a place whose time is over: E_PARENT until it is decided', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    await befriend(alice, bob);
    expectOk(await setPolicy(bob, { provisionalMax: 'any' }));
    downOnly(scene, ...ALL);
    await payProvisionally(alice, bob, scene, 100n);
    passAway(scene);
    const { token } = scene;
    const command = new Uint8Array(32).fill(200);
    const next = { command, to: bob.account, token, amount: 1n, order: '', provisional: true };
    expectCode(await offer(alice, next), 'E_PARENT');
    downOnly(scene);
    expectCode(await payOnline(alice, { to: bob.account, token, amount: 1n }), 'E_PARENT');
    expect(expectOk(await showChain(alice))).toHaveLength(3);
    await unlockNow(scene, alice);
    expectOk(await offer(alice, next));
    expectOk(await payOnline(alice, { to: bob.account, token, amount: 1n }));
  });

  test('a sync drives by itself, and says what it waits for', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    downOnly(scene, ...ALL);
    expectCode(await payOnline(alice, { to: bob.account, token: scene.token, amount: 400n }), 'E_PENDING');
    passAway(scene);
    downOnly(scene);
    const early = expectOk(await sync(alice, { patienceMs: 0 }));
    const atMs = scene.world.nowMs + scene.world.net.network.roundMs;
    expect(early).toMatchObject({ unlocked: [], waiting: [{ index: 2, round: 1, atMs }] });
    const waits: number[] = [];
    const wait = async (ms: number) => {
      waits.push(ms);
      scene.world.nowMs += ms;
    };
    const late = expectOk(await sync(alice, { wait }));
    expect(late).toMatchObject({ unlocked: [{ index: 2, outcome: 'void' }], waiting: [], open: [] });
    expect(waits).toEqual([scene.world.net.network.roundMs]);
  });

  test('the payee may drive it as well, and the payer learns of the void', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    await befriend(alice, bob);
    expectOk(await setPolicy(bob, { provisionalMax: 'any' }));
    downOnly(scene, ...ALL);
    await payProvisionally(alice, bob, scene, 100n);
    passAway(scene);
    downOnly(scene);
    expect(await unlockNow(scene, bob)).toMatchObject({ unlocked: [{ outcome: 'void' }] });
    expect(await statuses(bob, 'in')).toEqual(['lost null']);
    // Alice learns of it on the way to her next payment.
    expect(expectOk(await payOnline(alice, { to: bob.account, token: scene.token, amount: 100n }))).toMatchObject({
      index: 3,
    });
    expect(await statuses(alice, 'out')).toEqual(['expired null', 'final certified']);
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 900n });
  });

  test('what it credited is credited again, and a reservation or a token that came to nothing is forgotten', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    await befriend(alice, bob);
    const { token, world } = scene;
    const letLapse = async (act: () => Promise<unknown>): Promise<void> => {
      const before = await balanceOf(alice, token);
      scene.directory.onRequest = (_, path) => {
        if (path === '/v1/submit') downOnly(scene, ...ALL);
      };
      await act();
      scene.directory.onRequest = () => {};
      passAway(scene);
      downOnly(scene);
      expect(await unlockNow(scene, alice)).toMatchObject({ unlocked: [{ outcome: 'void' }] });
      expect(await balanceOf(alice, token)).toEqual(before);
    };
    expectOk(await payOnline(scene.canteen, { to: alice.account, token, amount: 50n }));
    await letLapse(() => syncNow(alice));
    await syncNow(alice);
    expect(await balanceOf(alice, token)).toMatchObject({ available: 1_050n });

    const until = world.nowMs + 10 * world.net.network.settleMs;
    const set = () => reserve(alice, { for: bob.account, token, amount: 300n, until });
    await letLapse(async () => expectCode(await set(), 'E_PENDING'));
    expect(await listReservations(alice)).toEqual([]);
    expectOk(await set());
    expect(await balanceOf(alice, token)).toMatchObject({ available: 750n, setAside: 300n });

    await letLapse(async () =>
      expectCode(await createToken(alice, { symbol: 'NEW', decimals: 0, cap: 1n }), 'E_PENDING'),
    );
    expectCode(await findToken(alice, 'NEW'), 'E_TOKEN');
    expectOk(await createToken(alice, { symbol: 'NEW', decimals: 0, cap: 1n }));
  });

  test('a chain that this device has nothing to do with is E_NOT_FOUND', async () => {
    const scene = await makeScene();
    const { device: alice } = await addCustomer(scene, 'alice');
    expectCode(await unlock(alice, { chain: scene.canteen.account, patienceMs: 0 }), 'E_NOT_FOUND');
    expect(expectOk(await unlock(alice, { chain: alice.account, patienceMs: 0 }))).toMatchObject({ unlocked: [] });
  });
});

describe('WAL-13, WAL-15: a double spend whose votes are split', () => {
  interface Split {
    readonly scene: Scene;
    readonly alice: Device;
    readonly copy: Device;
    readonly bob: Device;
    readonly carol: Device;
  }

  /** Alice and a copy of her pay Bob and Carol from one balance; each payee reached two nodes first. */
  async function splitVotes(): Promise<Split> {
    const scene = await makeScene();
    const { device: alice, disk } = await addRichCustomer(scene, 'alice', 10_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    const { device: carol } = await addCustomer(scene, 'carol');
    for (const payee of [bob, carol]) {
      await befriend(alice, payee);
      expectOk(await setPolicy(payee, { provisionalMax: 'any' }));
    }
    const copy = await reopen(scene.world, memoryStore(copyDisk(disk)), scene.directory.transport);
    await payProvisionally(alice, bob, scene, 9_000n);
    await payProvisionally(copy, carol, scene, 8_000n);
    downOnly(scene, 2, 3);
    await unlockNow(scene, bob, 0);
    downOnly(scene, 0, 1);
    await unlockNow(scene, carol, 0);
    downOnly(scene);
    return { scene, alice, copy, bob, carol };
  }

  test.each([
    ['Bob first', (bob: Device, carol: Device) => [bob, carol]],
    ['Carol first', (bob: Device, carol: Device) => [carol, bob]],
  ])('one payment is certified, the other lost with the evidence: %s', async (_, order) => {
    const { scene, bob, carol } = await splitVotes();
    for (const payee of order(bob, carol)) await unlockNow(scene, payee);
    for (const payee of [bob, carol]) await syncNow(payee);
    const rows = [(await statuses(bob, 'in'))[0], (await statuses(carol, 'in'))[0]];
    expect(rows.toSorted()).toEqual(['final certified', 'lost null']);
    const [mine, other] = rows[0] === 'lost null' ? [carol, bob] : [bob, carol];
    expect(expectOk(await listEvidence(other)).length).toBe(1);
    expect((await balanceOf(mine, scene.token)).available).toBe(mine === bob ? 9_000n : 8_000n);
    expect(await balanceOf(other, scene.token)).toMatchObject({ available: 0n, provisional: 0n });
  });

  test('with one node gone for good, both payees at once', async () => {
    const { scene, alice, copy, bob, carol } = await splitVotes();
    downOnly(scene, 1);
    await Promise.all([unlockNow(scene, bob), unlockNow(scene, carol)]);
    for (const device of [bob, carol, alice, copy]) await syncNow(device);
    const rows = [(await statuses(bob, 'in'))[0], (await statuses(carol, 'in'))[0]];
    expect(rows.toSorted()).toEqual(['final certified', 'lost null']);
    const chains = await Promise.all([alice, copy].map(async (device) => expectOk(await showChain(device)).at(-1)));
    expect(new Set(chains.map((state) => state?.status))).toEqual(new Set(['final', 'lost']));
  });

  test('EVD-4: the accused drives its own place, and still signs nothing new', async () => {
    const { scene, alice, bob } = await splitVotes();
    const report = await unlockNow(scene, alice);
    expect(report.unlocked).toHaveLength(1);
    expectCode(await payOnline(alice, { to: bob.account, token: scene.token, amount: 1n }), 'E_FORK');
  });

  test('the patience is over before the round opens: it is said when it goes on, and nothing is lost', async () => {
    const { scene, bob, carol } = await splitVotes();
    const waiting = expectOk(await unlock(bob, { patienceMs: 0 })).waiting;
    expect(waiting).toMatchObject([{ round: 1 }]);
    expect(waiting[0]?.atMs).toBeGreaterThan(scene.world.nowMs);
    await unlockNow(scene, carol);
    await unlockNow(scene, bob);
    const rows = [(await statuses(bob, 'in'))[0], (await statuses(carol, 'in'))[0]];
    expect(rows.map((row) => row?.startsWith('received'))).not.toContain(true);
    expect(toHex(bob.account)).not.toBe(toHex(carol.account));
  });
});
