/** What nodes and peers answer a restored wallet, and what it makes of it (WAL-34, WAL-35, REL-44, REL-46). */
import {
  encodeWith,
  fail,
  must,
  ok,
  ROUTES,
  slotStatusCodec,
  type BundleItem,
  type ChainId,
  type SlotStatus,
  type StateHash,
  type Transition,
} from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { reserve } from '../../src/account/reserve.ts';
import type { Device } from '../../src/device.ts';
import { receive, refund } from '../../src/exchange/index.ts';
import { findRelationship } from '../../src/exchange/records.ts';
import type { DirectoryTransport } from '../../src/ports.ts';
import { creditRecords } from '../../src/records/credit.ts';
import { listReservations } from '../../src/records/reservation.ts';
import { readRestore } from '../../src/records/restore.ts';
import { effectsBeside } from '../../src/restore/effects.ts';
import { finishRestore } from '../../src/restore/finish.ts';
import { requireMayAppend } from '../../src/restore/guard.ts';
import { readHalfTerms } from '../../src/restore/half-terms.ts';
import { requireSuccession } from '../../src/restore/halves.ts';
import { showRestore } from '../../src/restore/view.ts';
import { showChain } from '../../src/view/chain.ts';
import { command } from '../exchange/table.ts';
import { passDate, restoreFrom, save, type Saved } from '../support/restores.ts';
import {
  addCustomer,
  addRichCustomer,
  balanceOf,
  befriend,
  expectOk,
  makeScene,
  syncNow,
  type Scene,
} from '../support/scene.ts';
import { present, suite } from '../support/wallets.ts';
import { codeOf, messageOf, pay, payUpToCommit, takeAny } from './kit.ts';

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

const SILENCE: Answer = fail('E_UNREACHABLE', 'NET-13', 'no answer');

/** The status of a slot in which something was seen. */
const seen = (items: readonly BundleItem[] = []): Answer => {
  const status: SlotStatus = {
    state: 'open',
    promise: 0,
    vote: null,
    quorum: null,
    final: null,
    seen: new Uint8Array(32).fill(7) as StateHash,
    seenMs: 1,
    items,
  };
  return ok(encodeWith(slotStatusCodec(suite), status));
};

/** Alice as she comes back, past the date; what she asks goes this way. */
async function dueFrom(saved: Saved, transport: DirectoryTransport = scene.directory.transport): Promise<Device> {
  const device = await restoreFrom(scene.world, transport, saved);
  await passDate(scene.world, device);
  return device;
}

const finish = async (device: Device): Promise<string> => codeOf(await finishRestore(device));

/** Restored, and signing again. */
async function again(saved: Saved): Promise<Device> {
  const device = await dueFrom(saved);
  await syncNow(device);
  expect((await readRestore(device))?.restored).not.toBeNull();
  return device;
}

describe('WAL-34: the time of the nodes', () => {
  test('what is no answer is none: the wait begins by those of the others', async () => {
    const nonsense: Answer = ok(new TextEncoder().encode('half past nine'));
    const transport = lying((node, path) => (path === ROUTES.health && node === 0 ? nonsense : undefined));
    const device = await restoreFrom(scene.world, transport, await save(alice));
    expect((await readRestore(device))?.contacted).toBe(true);
  });

  test('a clock that was set back since changes nothing about the wait, whether or not they answer', async () => {
    const device = await restoreFrom(scene.world, scene.directory.transport, await save(alice));
    const before = await readRestore(device);
    const slow: Device = { ...device, clock: () => scene.world.nowMs - 3_600_000 };
    expect(await finish(slow)).toBe('E_TOO_EARLY');
    scene.directory.down.add(0).add(1).add(2).add(3);
    expect(await finish(slow)).not.toBe('ok');
    expect(await readRestore(device)).toEqual(before);
  });
});

describe('WAL-35: what the account did after the backup', () => {
  test('nothing is signed while a state that is final is shown by nobody, or was not asked for', async () => {
    const saved = await save(alice);
    expectOk(await payOnline(alice, { to: bob.account, token: scene.token, amount: 5n }));
    let hidden = '/v1/state/';
    const device = await dueFrom(
      saved,
      lying((_, path) => (path.startsWith(hidden) ? SILENCE : undefined)),
    );
    expect(await finish(device)).toBe('E_PENDING');
    // Nobody says how far the account has come; the next slot says that it is decided.
    hidden = '/v1/tip/';
    expect(await finish(device)).toBe('ok');
    expect((await readRestore(device))?.draft).toBeNull();
    hidden = '/nothing';
    await syncNow(device);
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 9_995n });
  });

  test('nothing is signed while more than f nodes have seen a state that nobody shows', async () => {
    const device = await dueFrom(
      await save(alice),
      lying((node, path) => (path.startsWith('/v1/slot/') && node < 2 ? seen() : undefined)),
    );
    expect(await finish(device)).toBe('E_PENDING');
    expect((await readRestore(device))?.draft).toBeNull();
  });

  test('what was adopted counts, also where something else is in the way', async () => {
    const saved = await save(alice);
    expectOk(await payOnline(alice, { to: bob.account, token: scene.token, amount: 5n }));
    const device = await dueFrom(
      saved,
      lying((node, path) => (path.startsWith('/v1/slot/') && node < 2 ? seen() : undefined)),
    );
    expect(must(await finishRestore(device))).toBe(1);
    expect((await readRestore(device))?.draft).toBeNull();
  });

  test('a credit is taken over with the state that paid it, which the backup does not know', async () => {
    const saved = await save(alice);
    expectOk(await payOnline(scene.canteen, { to: alice.account, token: scene.token, amount: 7n }));
    await syncNow(alice);
    expect(await balanceOf(await again(saved), scene.token)).toMatchObject({ available: 10_007n });
  });

  test('what this device has written itself is not written again', async () => {
    const until = scene.world.nowMs + 20 * 86_400_000;
    expectOk(await payOnline(alice, { to: bob.account, token: scene.token, amount: 5n }));
    expectOk(await reserve(alice, { for: bob.account, token: scene.token, amount: 10n, until }));
    for (const { body, operation } of must(await showChain(alice))) {
      const step = { body: present(body), operation: present(operation) } as Transition;
      const writes = await effectsBeside(alice, step, [], true);
      expect(writes.filter(({ collection }) => collection !== creditRecords.name)).toEqual([]);
    }
    const { vault } = present((await listReservations(alice))[0]);
    const beside = { body: { chain: vault }, operation: { kind: 'vault', operation: { type: 'void' } } };
    expect(await effectsBeside(alice, beside as unknown as Transition, [], true)).toEqual([]);
  });

  test('what another device of the account has begun is as open as it is there', async () => {
    const until = scene.world.nowMs + 20 * 86_400_000;
    expectOk(await reserve(alice, { for: bob.account, token: scene.token, amount: 10n, until }));
    const steps = must(await showChain(alice)).map((step) => step as unknown as Transition);
    const find = (type: string): Transition => present(steps.find((step) => step.operation.operation.type === type));
    const funded = await effectsBeside(bob, find('fund'), [], false);
    expect(funded.map(({ collection }) => collection)).not.toContain('final');
    const credited = await effectsBeside(bob, find('receive'), [], false);
    expect(credited.map(({ collection }) => collection)).toEqual([creditRecords.name]);
  });

  test.each([
    ['CHN-11: that does not follow', { root: new Uint8Array(32) }],
    ['without its signature', {}],
  ])('a state %s is not taken over, whoever shows it', async (_, changes) => {
    const saved = await save(alice);
    scene.directory.down.add(0).add(1).add(2).add(3);
    expect(codeOf(await payOnline(alice, { to: bob.account, token: scene.token, amount: 5n }))).toBe('E_PENDING');
    scene.directory.down.clear();
    const { body, operation } = present(must(await showChain(alice)).at(-1));
    const items: readonly BundleItem[] = [
      { type: 'body', body: { ...present(body), ...changes } },
      { type: 'operation', operation: present(operation) },
    ];
    const device = await dueFrom(
      saved,
      lying((node, path) => (path.startsWith('/v1/slot/') && node === 0 ? seen(items) : undefined)),
    );
    expect(await finish(device)).toBe('ok');
    expect((await readRestore(device))?.restored).not.toBeNull();
  });
});

describe('REL-44: halves', () => {
  const setAside = async (): Promise<void> => {
    const until = scene.world.nowMs + 20 * 86_400_000;
    expectOk(await reserve(alice, { for: bob.account, token: scene.token, amount: 1_000n, until }));
  };

  /** A step of this half, as far as the guard looks at it. */
  const stepOf = (chain: ChainId): Transition =>
    ({ body: { chain }, operation: { kind: 'half', operation: { type: 'accept' } } }) as unknown as Transition;

  test('nothing is appended to one of before, whatever asks for it', async () => {
    await setAside();
    await pay(scene, alice, bob, { amount: 1n });
    const { ownHalf: old } = present(await findRelationship(alice, bob.account));
    const saved = await save(alice);
    const waiting = await restoreFrom(scene.world, scene.directory.transport, saved);
    expect(codeOf(await requireMayAppend(waiting, stepOf(old)))).toBe('E_TOO_EARLY');
    const device = await again(saved);
    expect(codeOf(await requireMayAppend(device, stepOf(old)))).toBe('E_STALE');
    const { ownHalf } = present(await findRelationship(device, bob.account));
    expect(codeOf(await requireMayAppend(device, stepOf(ownHalf)))).toBe('ok');
  });

  test('another one than before, on the same base, does not take its place', async () => {
    await setAside();
    await pay(scene, alice, bob, { amount: 1n });
    const known = present(present(await findRelationship(alice, bob.account)).peerHalf ?? undefined);
    const terms = present(await readHalfTerms(alice, known));
    const shown = { chain: bob.account, terms: { ...terms, nonce: new Uint8Array(32) } };
    expect(codeOf(await requireSuccession(alice, known, { chain: known, terms }))).toBe('ok');
    expect(codeOf(await requireSuccession(alice, known, shown))).toBe('E_MISMATCH');
  });
});

describe('what was received before', () => {
  test('WAL-36: of reservations from before it is told that more may have been promised', async () => {
    const until = scene.world.nowMs + 20 * 86_400_000;
    expectOk(await reserve(alice, { for: bob.account, token: scene.token, amount: 1_000n, until }));
    await pay(scene, alice, bob, { amount: 5n });
    const device = await again(await save(bob));
    expect(expectOk(await showRestore(device))).toMatchObject({ signs: true, olderReservations: 1 });
  });

  test('REL-46: of commits only totals of reservations are collected', async () => {
    await takeAny(bob);
    const { committed } = await payUpToCommit(scene, alice, bob, { amount: 5n, provisional: true });
    const device = await restoreFrom(scene.world, scene.directory.transport, await save(bob));
    expect(codeOf(await receive(device, messageOf(committed)))).toBe('E_MISMATCH');
  });

  test('REL-24: it is not paid back: whether that was done nobody knows', async () => {
    await takeAny(bob);
    const { received } = await pay(scene, alice, bob, { amount: 5n, provisional: true });
    await syncNow(bob);
    const device = await again(await save(bob));
    const back = { command: command(), payment: received.payment.payment, provisional: true };
    expect(codeOf(await refund(device, back))).toBe('E_STATE');
  });
});
