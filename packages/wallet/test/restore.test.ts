import {
  backupDigest,
  decodeFileOf,
  encodeFile,
  memoryStore,
  must,
  ok,
  toHex,
  verifyFile,
  type BundleItem,
} from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { payOnline } from '../src/account/payment.ts';
import { releaseExpired, reserve } from '../src/account/reserve.ts';
import { createToken, mint } from '../src/account/token.ts';
import { listContacts } from '../src/contacts/contacts.ts';
import type { Device } from '../src/device.ts';
import { accept, offer, refund, request } from '../src/exchange/index.ts';
import { readRestore } from '../src/records/restore.ts';
import { showRestore } from '../src/restore/view.ts';
import { sync } from '../src/sync/sync.ts';
import { exportChain, showChain } from '../src/view/chain.ts';
import { history } from '../src/view/history.ts';
import { openWallet } from '../src/wallet/open.ts';
import { command } from './exchange/table.ts';
import {
  NEW_PASSPHRASE,
  passDate,
  restoreFrom,
  restoreOptions,
  save,
  tryRestore,
  waitIn,
  type Saved,
} from './support/restores.ts';
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
import { unlockNow } from './support/unlocking.ts';
import { makeWallet, makeWorld, OFFLINE, present, suite } from './support/wallets.ts';

let scene: Scene;
let alice: Device;
let bob: Device;

beforeEach(async () => {
  scene = await makeScene();
  ({ device: alice } = await addRichCustomer(scene, 'alice', 10_000n));
  ({ device: bob } = await addCustomer(scene, 'bob'));
  await befriend(alice, bob);
});

const restored = (saved: Saved): Promise<Device> => restoreFrom(scene.world, scene.directory.transport, saved);
const payBob = (device: Device, amount = 100n) => payOnline(device, { to: bob.account, token: scene.token, amount });

/** Alice after she was restored and has waited. */
async function again(saved: Saved): Promise<Device> {
  const device = await restored(saved);
  await passDate(scene.world, device);
  await syncNow(device);
  expect((await readRestore(device))?.restored).not.toBeNull();
  return device;
}

describe('WAL-33: the file and the words', () => {
  test('bring back the records under a new passphrase', async () => {
    const saved = await save(alice);
    const device = await restored(saved);
    expect(device).toMatchObject({ name: 'alice', account: alice.account, identity: alice.identity });
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 10_000n });
    expect(expectOk(await listContacts(device))).toMatchObject([{ name: 'bob' }]);
    expect(device.key).toEqual(alice.key);
    const options = {
      store: device.store,
      suite,
      clock: scene.world.clock,
      entropy: device.entropy,
      transportFor: () => OFFLINE,
    };
    expectOk(await openWallet({ ...options, passphrase: NEW_PASSPHRASE }));
    expectCode(await openWallet({ ...options, passphrase: 'correct horse' }), 'E_PASSPHRASE');
  });

  test('E_EXISTS where there is a wallet, and nothing is changed', async () => {
    const saved = await save(alice);
    const options = restoreOptions(scene.world, OFFLINE, saved, bob.store);
    expectCode(await tryRestore(scene.world, OFFLINE, saved, options), 'E_EXISTS');
    expect((await readRestore(bob)) === undefined).toBe(true);
  });

  test('E_PASSPHRASE for words of another wallet, and for an empty new passphrase', async () => {
    const saved = await save(alice);
    const store = memoryStore();
    expectCode(await tryRestore(scene.world, OFFLINE, { ...saved, seed: bob.keys.seed }, { store }), 'E_PASSPHRASE');
    expectCode(await tryRestore(scene.world, OFFLINE, saved, { store, passphrase: '' }), 'E_PASSPHRASE');
    expectOk(await tryRestore(scene.world, OFFLINE, saved, { store }));
  });

  test('E_NETWORK for a backup of another network than the one asked for', async () => {
    const other = makeWorld();
    other.net = { ...other.net, network: { ...other.net.network, name: 'other' } };
    const { device } = await makeWallet(other, 'carol');
    const { id: _id, quorum: _quorum, ...network } = scene.world.net.network;
    const wanted = { network: { network, endpoints: ['http://127.0.0.1:1'] } };
    expectCode(await tryRestore(other, OFFLINE, await save(device), wanted), 'E_NETWORK');
    expectOk(await tryRestore(scene.world, OFFLINE, await save(alice), wanted));
  });

  test('FIL-3: no byte may be damaged, and no other kind of file will do', async () => {
    const saved = await save(alice);
    for (let at = 0; at < saved.file.length; at += Math.ceil(saved.file.length / 60)) {
      const file = Uint8Array.from(saved.file);
      file[at] = (file[at] ?? 0) ^ 1;
      const result = await tryRestore(scene.world, OFFLINE, { ...saved, file });
      expect(result.ok, String(at)).toBe(false);
    }
    const { content } = must(decodeFileOf(suite, 'backup', saved.file));
    const resealed = { ...content, timeMs: content.timeMs + 1 };
    const damaged = encodeFile(suite, 'backup', resealed);
    expectCode(await tryRestore(scene.world, OFFLINE, { ...saved, file: damaged }), 'E_DAMAGED');
    const item: BundleItem = { type: 'body', body: present(must(await showChain(alice))[0]).body };
    const surplus = encodeFile(suite, 'backup', content, [item]);
    expectCode(await tryRestore(scene.world, OFFLINE, { ...saved, file: surplus }), 'E_SURPLUS');
    const elsewhere = { ...content, account: bob.account };
    const moved = encodeFile(suite, 'backup', { ...elsewhere, digest: backupDigest(suite, elsewhere) });
    expectCode(await tryRestore(scene.world, OFFLINE, { ...saved, file: moved }), 'E_PASSPHRASE');
    expectCode(await tryRestore(scene.world, OFFLINE, { ...saved, file: must(await exportChain(alice)) }), 'E_FORMAT');
  });
});

describe('WAL-34: until D + gap + Δ after the restore', () => {
  test('every signature is refused with the date, but those of claims', async () => {
    const { token, world } = scene;
    const device = await restored(await save(alice));
    const facts = expectOk(await showRestore(device));
    const { settleMs, gapMs, deltaMs } = world.net.network;
    expect(facts).toMatchObject({ signsFrom: world.nowMs + settleMs + gapMs + deltaMs, signs: false });
    const until = world.nowMs + 30 * 86_400_000;
    const message = { command: command(), token, amount: 1n, order: '' };
    const refused = [
      payBob(device),
      reserve(device, { for: bob.account, token, amount: 1n, until }),
      createToken(device, { symbol: 'NEW', decimals: 0, cap: 1n }),
      mint(device, token, 1n),
      offer(device, { ...message, to: bob.account, provisional: false }),
      offer(device, { ...message, to: bob.account, provisional: true }),
      request(device, { ...message, from: bob.account }),
      accept(device, new Uint8Array()),
      refund(device, { command: command(), payment: new Uint8Array(32), provisional: false }),
    ];
    for (const result of await Promise.all(refused)) {
      expectCode(result, 'E_TOO_EARLY');
      expect(result.ok ? '' : result.error.message).toContain(new Date(facts!.signsFrom).toISOString());
    }
    world.nowMs = facts!.signsFrom;
    expectCode(await payBob(device), 'E_TOO_EARLY');
    expect((await syncNow(device)).open).toMatchObject([{ code: 'E_TOO_EARLY', rule: 'WAL-34' }]);
    expect(await unlockNow(scene, device)).toMatchObject({ open: [{ code: 'E_TOO_EARLY', rule: 'WAL-34' }] });
    world.nowMs += 1;
    expectCode(await payBob(device), 'E_PARENT');
    expect(await unlockNow(scene, device)).toMatchObject({ open: [{ code: 'E_PARENT', rule: 'WAL-35' }] });
    expect(await syncNow(device)).toMatchObject({ certified: 1, open: [] });
    expect(await unlockNow(scene, device)).toMatchObject({ open: [] });
    expectOk(await payBob(device));
    expect(expectOk(await showRestore(device))).toMatchObject({ signs: true });
  });

  test('a clock that is behind the backup or the certified time does not shorten the wait', async () => {
    const { world } = scene;
    const saved = await save(alice);
    const now = world.nowMs;
    world.nowMs = now - 10 * 86_400_000;
    const device = await restored(saved);
    expect((await readRestore(device))?.restoredAt).toBe(now);
  });

  test('begins with the first contact, so that a clock that was behind at the restore does not shorten it', async () => {
    const { world, directory } = scene;
    const saved = await save(alice);
    const nodesMs = world.nowMs + 5 * 86_400_000;
    const slow = await restoreFrom(world, OFFLINE, saved);
    expect(expectOk(await showRestore(slow))).toMatchObject({ contacted: false });
    const device: Device = { ...slow, transport: directory.transport };
    world.nowMs = nodesMs;
    expectCode(await payBob(device), 'E_TOO_EARLY');
    directory.down.add(0).add(1);
    expect((await syncNow(device)).open).toMatchObject([{ code: 'E_PENDING', rule: 'WAL-34' }]);
    directory.down.clear();
    expect((await syncNow(device)).open).toMatchObject([{ code: 'E_TOO_EARLY' }]);
    expect((await readRestore(device))?.restoredAt).toBe(nodesMs);
  });

  test('f nodes that lie about the time neither shorten nor lengthen it', async () => {
    const { world, directory } = scene;
    const saved = await save(alice);
    for (const lie of [0, world.nowMs + 9 * 86_400_000, -1, 'soon', null]) {
      const transport = {
        request: (node: number, path: string, body: Uint8Array | null) =>
          node === 2 && path === '/v1/health'
            ? Promise.resolve(
                ok(new TextEncoder().encode(JSON.stringify({ network: toHex(alice.network.id), node, nowMs: lie }))),
              )
            : directory.transport.request(node, path, body),
      };
      const behind = { clock: () => world.nowMs - 86_400_000 };
      const device = expectOk(await tryRestore(world, transport, { ...saved }, behind));
      expect((await readRestore(device))?.restoredAt, String(lie)).toBe(world.nowMs);
    }
  });

  test('WAL-36: while the lost device goes on, the wait begins anew, and neither accuses the other', async () => {
    const { world } = scene;
    const device = await restored(await save(alice));
    const first = (await readRestore(device))!.signsFrom;
    world.nowMs += 3_600_000;
    expectOk(await payBob(alice));
    await passDate(world, device);
    expect((await syncNow(device)).open).toMatchObject([{ code: 'E_TOO_EARLY' }]);
    expect((await readRestore(device))!.signsFrom).toBe(first + 3_600_000);
    await passDate(world, device);
    await syncNow(device);
    expectOk(await payBob(device));
    await syncNow(alice);
    expectCode(await payBob(alice), 'E_FORK');
    expect(await syncNow(bob)).toMatchObject({ evidence: 0 });
  });
});

describe('WAL-35: what the account did after the backup', () => {
  test('is adopted from the nodes: payments, credits, tokens, reservations, the chain itself', async () => {
    const { token, world } = scene;
    const saved = await save(alice);
    expectOk(await payBob(alice, 700n));
    expectOk(await payOnline(scene.canteen, { to: alice.account, token, amount: 50n }));
    await syncNow(alice);
    const own = expectOk(await createToken(alice, { symbol: 'HUG', decimals: 0, cap: 9n }));
    expectOk(await mint(alice, own.token, 5n));
    const until = world.nowMs + 2 * 86_400_000;
    expectOk(await reserve(alice, { for: bob.account, token, amount: 300n, until }));
    const device = await again(saved);
    expect(await balanceOf(device, token)).toEqual({
      available: 9_050n,
      setAside: 300n,
      reserved: 0n,
      provisional: 0n,
    });
    expect(await balanceOf(device, own.token)).toMatchObject({ available: 5n });
    const rows = expectOk(await history(device)).map(
      ({ payment: { direction, amount }, status }) => `${direction} ${amount} ${status}`,
    );
    expect(rows.toSorted()).toEqual(['in 10000 final', 'in 5 final', 'in 50 final', 'out 700 final']);
    const states = expectOk(await showChain(device));
    expect(states.map(({ status }) => status)).toEqual(states.map(() => 'final'));
    expect(states.at(-1)?.operation?.operation.type).toBe('restored');
    const file = expectOk(await exportChain(device));
    expect(verifyFile(suite, world.net.network, file)).toMatchObject({ ok: true, findings: { grade: 'certified' } });
    world.nowMs = until + world.net.network.gapMs + 1;
    expectOk(await releaseExpired(device, bob.account));
    expect(await balanceOf(device, token)).toMatchObject({ available: 9_350n, setAside: 0n });
  });

  test('a state that was open when the backup was made goes on if the nodes have it', async () => {
    scene.directory.down.add(0).add(1).add(2);
    expectCode(await payBob(alice, 300n), 'E_PENDING');
    const saved = await save(alice);
    scene.directory.down.clear();
    const device = await restored(saved);
    expect((await syncNow(device)).certified).toBe(1);
    await passDate(scene.world, device);
    await syncNow(device);
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 9_700n });
    expect(await syncNow(bob)).toMatchObject({ received: [{ amount: 300n }] });
  });

  test('a state that stands open in the next slot is settled before anything is signed', async () => {
    const saved = await save(alice);
    scene.directory.down.add(0).add(1).add(2);
    expectCode(await payBob(alice, 300n), 'E_PENDING');
    scene.directory.down.clear();
    const device = await restored(saved);
    await passDate(scene.world, device);
    for (let i = 0; i < 4 && (await readRestore(device))?.restored === null; i++) {
      expectOk(await sync(device, waitIn(scene.world)));
      scene.world.nowMs += 60_000;
    }
    expect((await readRestore(device))?.restored).not.toBeNull();
    const kinds = expectOk(await showChain(device)).map(({ operation }) => operation?.operation.type);
    expect(kinds).toHaveLength(4);
    expect(kinds.at(-1)).toBe('restored');
    expect(['transfer', 'void']).toContain(kinds.at(-2));
    expectOk(await payBob(device, 1n));
    expect((await syncNow(bob)).evidence).toBe(0);
  });

  test('E_PENDING while fewer than a quorum of nodes say what stands there', async () => {
    const device = await restored(await save(alice));
    await passDate(scene.world, device);
    scene.directory.down.add(0).add(1);
    const report = await syncNow(device);
    expect(report.open.map(({ code }) => code)).toContain('E_PENDING');
    expect((await readRestore(device))?.draft).toBeNull();
    scene.directory.down.clear();
    await syncNow(device);
    expectOk(await payBob(device));
  });

  test('a second restore from a newer backup waits once more', async () => {
    const device = await again(await save(alice));
    expectOk(await payBob(device));
    const twice = await restored(await save(device));
    expectCode(await payBob(twice), 'E_TOO_EARLY');
    await passDate(scene.world, twice);
    await syncNow(twice);
    expectOk(await payBob(twice));
    expect(await balanceOf(twice, scene.token)).toMatchObject({ available: 9_800n });
  });
});
