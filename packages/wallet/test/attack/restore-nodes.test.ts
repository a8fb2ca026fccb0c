/** Nodes, peers and files that would keep a restored wallet from going on, or have it say what is not so. */
import {
  backupDigest,
  chainTipCodec,
  decodeFileOf,
  decodeWith,
  encodeFile,
  encodeWith,
  fail,
  must,
  ok,
  slotStatusCodec,
  stateAnswerCodec,
  toHex,
  verifyFile,
  type BundleItem,
  type StateHash,
} from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { releaseExpired, reserve } from '../../src/account/reserve.ts';
import type { Device } from '../../src/device.ts';
import { receive, type Exchanged } from '../../src/exchange/index.ts';
import type { DirectoryTransport } from '../../src/ports.ts';
import { listReservations } from '../../src/records/reservation.ts';
import { readRestoredIndex, readRestore } from '../../src/records/restore.ts';
import { sync } from '../../src/sync/sync.ts';
import { exportChain, showChain } from '../../src/view/chain.ts';
import { history } from '../../src/view/history.ts';
import { passDate, restoreFrom, save, tryRestore, waitIn, type Saved } from '../support/restores.ts';
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
import { suite } from '../support/wallets.ts';
import { messageOf, pay } from './kit.ts';

const DAY_MS = 86_400_000;

let scene: Scene;
let alice: Device;
let bob: Device;

beforeEach(async () => {
  scene = await makeScene();
  ({ device: alice } = await addRichCustomer(scene, 'alice', 10_000n));
  ({ device: bob } = await addCustomer(scene, 'bob'));
  await befriend(alice, bob);
});

type Answer = Awaited<ReturnType<DirectoryTransport['request']>>;

/** Answers in the place of some nodes; undefined: as the node would. */
const lying = (lie: (node: number, path: string) => Answer | undefined): DirectoryTransport => ({
  request: (node, path, body, signal) => {
    const answer = lie(node, path);
    return answer ? Promise.resolve(answer) : scene.directory.transport.request(node, path, body, signal);
  },
});

const health = (node: number, nowMs: number): Answer =>
  ok(new TextEncoder().encode(JSON.stringify({ network: toHex(alice.network.id), node, nowMs })));

const setAside = async (from: Device, to: Device): Promise<void> => {
  const until = scene.world.nowMs + 20 * DAY_MS;
  expectOk(await reserve(from, { for: to.account, token: scene.token, amount: 1_000n, until }));
};

async function finish(device: Device): Promise<void> {
  await passDate(scene.world, device);
  for (let i = 0; i < 6 && (await readRestore(device))?.restored === null; i++) {
    expectOk(await sync(device, waitIn(scene.world)));
    scene.world.nowMs += 60_000;
  }
  expect((await readRestore(device))?.restored).not.toBeNull();
}

describe('WAL-35: f nodes that lie', () => {
  test('about what they have seen in the next slot do not keep a wallet from being restored', async () => {
    const made = {
      state: 'open',
      promise: 0,
      vote: null,
      quorum: null,
      final: null,
      seen: new Uint8Array(32).fill(7) as StateHash,
      seenMs: 1,
      items: [],
    } as const;
    const transport = lying((node, path) =>
      node === 1 && path.startsWith('/v1/slot/') ? ok(encodeWith(slotStatusCodec(suite), made)) : undefined,
    );
    await finish(await restoreFrom(scene.world, transport, await save(alice)));
  });

  test('WAL-35: cannot have a wallet adopt a state without its signature', async () => {
    const saved = await save(alice);
    expectOk(await payOnline(alice, { to: bob.account, token: scene.token, amount: 5n }));
    const codec = stateAnswerCodec(suite);
    const { transport } = scene.directory;
    const hiding: DirectoryTransport = {
      async request(node, path, body, signal) {
        const answer = await transport.request(node, path, body, signal);
        if (!answer.ok || node > 1 || !path.startsWith('/v1/state/')) return answer;
        const { state, items } = must(decodeWith(codec, answer.value, 'answer'));
        const changed = items.flatMap((item): readonly BundleItem[] => {
          if (item.type !== 'signature') return [item];
          return node === 0 ? [] : [{ ...item, signature: item.signature.map((byte) => byte ^ 1) }];
        });
        return ok(encodeWith(codec, { state, items: changed }));
      },
    };
    const device = await restoreFrom(scene.world, hiding, saved);
    await finish(device);
    expect(verifyFile(suite, device.network, expectOk(await exportChain(device))).ok).toBe(true);
  });

  test('REL-44: cannot hide that a peer was restored behind a newer state of it', async () => {
    await setAside(alice, bob);
    await pay(scene, alice, bob, { amount: 1n });
    const device = await restoreFrom(scene.world, scene.directory.transport, await save(bob));
    await finish(device);
    await setAside(alice, device);
    expectOk(await payOnline(scene.canteen, { to: device.account, token: scene.token, amount: 9n }));
    await syncNow(device);
    const restored = (await readRestore(device))?.restored;
    const newer = must(await scene.directory.transport.request(0, `/v1/tip/${toHex(device.account)}`, null));
    expect(must(decodeWith(chainTipCodec, newer, 'tip')).index).toBeGreaterThan(restored?.index ?? 0);
    const deceived: Device = {
      ...alice,
      transport: lying((node, path) =>
        node === 3 && path === `/v1/restored/${toHex(bob.account)}` ? ok(newer) : undefined,
      ),
    };
    await syncNow(deceived);
    expect(await readRestoredIndex(alice, bob.account)).toBe(restored?.index);
  });
});

describe('WAL-34: times that nobody has signed', () => {
  test.each([Number.MAX_SAFE_INTEGER, 9e15, 4_000_000_000_000])(
    'of all nodes (%d) delay a restore no longer than they are told, and break nothing',
    async (far) => {
      const saved = await save(alice);
      let honest = false;
      const transport = lying((node, path) => (path === '/v1/health' && !honest ? health(node, far) : undefined));
      const device = await restoreFrom(scene.world, transport, saved);
      expectCode(await payOnline(device, { to: bob.account, token: scene.token, amount: 1n }), 'E_TOO_EARLY');
      expect((await syncNow(device)).open.map(({ code }) => code)).not.toContain('E_DAMAGED');
      honest = true;
      expect((await syncNow(device)).open).toMatchObject([{ code: 'E_TOO_EARLY' }]);
      const { settleMs, gapMs, deltaMs } = scene.world.net.network;
      const restore = await readRestore(device);
      expect(restore?.contacted).toBe(true);
      expect(restore?.signsFrom).toBe(scene.world.nowMs + settleMs + gapMs + deltaMs);
      await finish(device);
    },
  );

  test('of nodes that are behind, later, do not shorten the wait', async () => {
    const device = await restoreFrom(scene.world, scene.directory.transport, await save(alice));
    const before = await readRestore(device);
    const slow: Device = {
      ...device,
      transport: lying((node, path) => (path === '/v1/health' ? health(node, 0) : undefined)),
    };
    scene.world.nowMs += 3_600_000;
    await syncNow(slow);
    expect((await readRestore(device))?.signsFrom).toBe(before?.signsFrom);
  });

  test('FIL-3: the time on a backup is sealed with it', async () => {
    const saved = await save(alice);
    const { content } = must(decodeFileOf(suite, 'backup', saved.file));
    const { digest: _digest, ...rest } = { ...content, timeMs: Number.MAX_SAFE_INTEGER };
    const file = encodeFile(suite, 'backup', { ...rest, digest: backupDigest(suite, rest) });
    expectCode(await tryRestore(scene.world, scene.directory.transport, { ...saved, file }), 'E_PASSPHRASE');
  });
});

test('WAL-33: an intent that was not signed when the backup was made does not keep the wallet from being restored', async () => {
  const crash = (): never => {
    throw new Error('the process ends here');
  };
  const dying: Device = { ...alice, suite: { ...suite, sign: crash } };
  const payment = { to: bob.account, token: scene.token, amount: 400n };
  await expect(payOnline(dying, payment)).rejects.toThrow('ends here');
  expect(expectOk(await showChain(alice)).at(-1)).toMatchObject({ status: 'intent' });
  const device = await restoreFrom(scene.world, scene.directory.transport, await save(alice));
  await finish(device);
  expect(await balanceOf(device, scene.token)).toMatchObject({ available: 10_000n });
  expectOk(await payOnline(device, payment));
});

describe('REL-46: a payee that was restored after the lost device had claimed', () => {
  let saved: Saved;
  let late: Exchanged;

  beforeEach(async () => {
    await setAside(alice, bob);
    await pay(scene, alice, bob, { amount: 10n });
    saved = await save(bob);
    await pay(scene, alice, bob, { amount: 100n });
    expect((await syncNow(bob)).claimed).toMatchObject([{ total: 110n }]);
    late = (await pay(scene, alice, bob, { amount: 50n })).committed;
  });

  const grades = async (device: Device) =>
    expectOk(await history(device)).flatMap(({ payment: { amount, grade, kind } }) =>
      kind === 'reserved' ? [[amount, grade]] : [],
    );

  test('claims what is above that, and shows a payment as certified no sooner', async () => {
    const device = await restoreFrom(scene.world, scene.directory.transport, saved);
    must(await receive(device, messageOf(late)));
    const mute: Device = {
      ...device,
      transport: lying((_, path) => (path === '/v1/submit' ? fail('E_STORE', 'STO-4', 'later') : undefined)),
    };
    expectOk(await sync(mute, { patienceMs: 0 }));
    const [first, second] = await grades(device);
    expect([first, second]).toEqual([
      [10n, 'certified'],
      [50n, 'reserved'],
    ]);
    expect((await syncNow(device)).claimed).toMatchObject([{ total: 160n }]);
    expect((await grades(device))[1]).toEqual([50n, 'certified']);
  });

  test('shows a commit whose total was claimed before it came as certified', async () => {
    const device = await restoreFrom(scene.world, scene.directory.transport, saved);
    must(await receive(device, messageOf(late)));
    expect((await syncNow(device)).claimed).toMatchObject([{ total: 160n }]);
    const again = await restoreFrom(scene.world, scene.directory.transport, saved);
    await syncNow(again);
    expect(must(await receive(again, messageOf(late))).payment).toMatchObject({ status: 'final', grade: 'certified' });
    expect((await syncNow(again)).claimed).toEqual([]);
  });

  test('claims what is above that when it learnt of the claim first', async () => {
    const device = await restoreFrom(scene.world, scene.directory.transport, saved);
    await syncNow(device);
    must(await receive(device, messageOf(late)));
    expect((await syncNow(device)).claimed).toMatchObject([{ total: 160n }]);
    await finish(device);
    await syncNow(device);
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 160n, reserved: 0n });
  });
});

test('RES-5: a release that is learnt of before the claim below it does not make a paid payment lost', async () => {
  const until = scene.world.nowMs + 2 * DAY_MS;
  expectOk(await reserve(alice, { for: bob.account, token: scene.token, amount: 1_000n, until }));
  await pay(scene, alice, bob, { amount: 100n });
  const saved = await save(alice);
  await syncNow(bob);
  scene.world.nowMs = until + scene.world.net.network.gapMs + 1;
  expectOk(await releaseExpired(alice, bob.account));
  const device = await restoreFrom(scene.world, scene.directory.transport, saved);
  await syncNow(device);
  const rows = expectOk(await history(device)).filter(({ payment }) => payment.direction === 'out');
  expect(rows.map(({ status, payment: { amount, grade } }) => [amount, status, grade])).toEqual([
    [100n, 'final', 'certified'],
  ]);
  expect(await listReservations(device)).toMatchObject([{ claimed: 100n, status: 'released' }]);
});
