import { faultyStore, memoryStore, must, type CommitFault, type MemoryDisk, type Result, type Store } from '@dsm/core';
import { systemEntropy } from '@dsm/platform/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { releaseExpired, reserve } from '../../src/account/reserve.ts';
import type { Device } from '../../src/device.ts';
import {
  accept,
  acknowledge,
  cancel,
  commit,
  offer,
  receive,
  request,
  takeAck,
  type Exchanged,
} from '../../src/exchange/index.ts';
import { listReservations, type ReservationRecord } from '../../src/records/reservation.ts';
import { buildClaim } from '../../src/sync/claims.ts';
import { sync } from '../../src/sync/sync.ts';
import { openWallet } from '../../src/wallet/open.ts';
import { copyDisk, makeDirectory, type TestDirectory } from '../support/directory.ts';
import {
  addCustomer,
  addRichCustomer,
  balanceOf,
  befriend,
  expectOk,
  makeScene,
  type Scene,
} from '../support/scene.ts';
import { watchSignatures, type SignatureWatch } from '../support/signing.ts';
import { PASSPHRASE, present, suite } from '../support/wallets.ts';
import { messageOf, pay } from './kit.ts';

type Who = 'alice' | 'till';
const DAY_MS = 86_400_000;

let scene: Scene;
let until: number;
/** Alice has set 500 aside for the till and has paid 10 of them. */
let start: Disks;

interface Disks {
  readonly alice: MemoryDisk;
  readonly till: MemoryDisk;
  readonly nodes: readonly MemoryDisk[];
}

beforeAll(async () => {
  scene = await makeScene();
  const alice = await addRichCustomer(scene, 'alice', 1_000n);
  const till = await addCustomer(scene, 'till');
  await befriend(alice.device, till.device);
  until = scene.world.nowMs + 10 * DAY_MS;
  expectOk(await reserve(alice.device, { for: till.device.account, token: scene.token, amount: 500n, until }));
  await pay(scene, alice.device, till.device, { amount: 10n });
  start = { alice: alice.disk, till: till.disk, nodes: scene.directory.disks };
});

/** Two devices and their network, in memory of their own. */
interface World {
  readonly disks: Disks;
  readonly directory: TestDirectory;
  readonly watch: SignatureWatch;
}

async function copyWorld({ alice, till, nodes }: Disks): Promise<World> {
  const disks = { alice: copyDisk(alice), till: copyDisk(till), nodes: nodes.map(copyDisk) };
  return { disks, directory: await makeDirectory(scene.world, disks.nodes), watch: watchSignatures(suite) };
}

const openOn = async ({ directory, watch }: World, store: Store): Promise<Device> =>
  must(
    await openWallet({
      store,
      suite: watch.suite,
      clock: scene.world.clock,
      entropy: systemEntropy,
      transportFor: () => directory.transport,
      passphrase: PASSPHRASE,
    }),
  );

const open = (world: World, who: Who): Promise<Device> => openOn(world, memoryStore(world.disks[who]));

interface Step {
  readonly who: Who;
  /** `before`: what the step before answered. */
  run(device: Device, before: Exchanged): Promise<Result<Exchanged>>;
}

/** Fails every commit of every step, both ways; restarts, repeats the step, and finishes what follows. */
async function crashEverywhere(
  steps: readonly Step[],
  check: (world: World, where: string) => Promise<void>,
  crashing: number = steps.length,
): Promise<void> {
  let disks = start;
  let before = undefined as unknown as Exchanged;
  for (const [i, step] of steps.slice(0, crashing).entries()) {
    const trial = await copyWorld(disks);
    const counting = faultyStore(memoryStore(trial.disks[step.who]), {});
    const answer = must(await step.run(await openOn(trial, counting), before));
    expect(counting.commits(), `step ${i}`).toBeGreaterThan(0);
    for (let at = 1; at <= counting.commits(); at++) {
      for (const fault of ['lost', 'kept'] as const) {
        await crashOnce({ steps, disks, before, i, at, fault, check });
      }
    }
    disks = trial.disks;
    before = answer;
  }
}

interface Crash {
  readonly steps: readonly Step[];
  readonly disks: Disks;
  readonly before: Exchanged;
  readonly i: number;
  readonly at: number;
  readonly fault: CommitFault;
  readonly check: (world: World, where: string) => Promise<void>;
}

async function crashOnce({ steps, disks, before, i, at, fault, check }: Crash): Promise<void> {
  const where = `step ${i}, commit ${at} ${fault}`;
  const world = await copyWorld(disks);
  const { who, run } = present(steps[i]);
  const rest = steps.slice(i + 1);
  const broken = await run(await openOn(world, faultyStore(memoryStore(world.disks[who]), { [at]: fault })), before);
  expect(broken.ok, where).toBe(false);
  let answer = must(await run(await open(world, who), before));
  expect(must(await run(await open(world, who), before)).message, where).toEqual(answer.message);
  for (const next of rest) answer = must(await next.run(await open(world, next.who), answer));
  expect(world.watch.twice(), where).toEqual([]);
  await check(world, where);
}

const firstReservation = async (device: Device): Promise<ReservationRecord> =>
  present((await listReservations(device))[0]);

const byTill = (run: Step['run']): Step => ({ who: 'till', run });
const byAlice = (run: Step['run']): Step => ({ who: 'alice', run });
const command = new Uint8Array(32).fill(7);

const offering = byAlice(async (device) => {
  const to = (await firstReservation(device)).payee;
  return offer(device, { command, to, token: scene.token, amount: 90n, order: 'tea', provisional: false });
});
const accepting = byTill((device, before) => accept(device, messageOf(before)));
const committing = byAlice((device, before) => commit(device, messageOf(before)));
const receiving = byTill((device, before) => receive(device, messageOf(before)));
const acknowledging = byTill((device, { payment }) => acknowledge(device, payment));
const confirming = byAlice((device, before) => takeAck(device, messageOf(before)));
const requesting = byTill(async (device) => {
  const from = (await firstReservation(device)).payer;
  return request(device, { command, from, token: scene.token, amount: 90n, order: '' });
});

/** 10 and 90 of 500 were paid, on both sides, and can be claimed. */
async function paidOnce(world: World, where: string): Promise<void> {
  const till = await open(world, 'till');
  expect((await balanceOf(till, scene.token)).reserved, where).toBe(100n);
  expect((await balanceOf(await open(world, 'alice'), scene.token)).setAside, where).toBe(400n);
  // Once for each step: the claim is the same for all.
  if (!where.includes('commit 1 kept')) return;
  must(await sync(till));
  expect((await balanceOf(till, scene.token)).available, where).toBe(100n);
}

describe('WAL-3: a crash at any commit of any turn', () => {
  test('of three turns and an ack: paid once, the same bytes again, no place signed twice', async () => {
    await crashEverywhere([offering, accepting, committing, receiving, acknowledging, confirming], paidOnce);
  });

  test('of two turns: the same', async () => {
    await crashEverywhere([requesting, committing, receiving], paidOnce);
  });

  test('of a withdrawal: withdrawn, and the next offer is paid', async () => {
    const withdrawing = byAlice(async (device, before) => {
      const cancelled = await cancel(device, before.payment.payment);
      return cancelled.ok ? { ok: true, value: { ...before, payment: cancelled.value } } : cancelled;
    });
    const again = byAlice((device, { payment: { peer: to } }) =>
      offer(device, {
        command: new Uint8Array(32).fill(8),
        to,
        token: scene.token,
        amount: 90n,
        order: '',
        provisional: false,
      }),
    );
    await crashEverywhere([offering, withdrawing, again, accepting, committing, receiving], paidOnce, 3);
  });
});

/** One crash after the other in a step that talks to the nodes; then a restart and the same step. */
async function crashOnline(
  who: Who,
  run: (device: Device) => Promise<Result<unknown>>,
  disks: Disks,
  check: (world: World, where: string) => Promise<void>,
): Promise<void> {
  const trial = await copyWorld(disks);
  const counting = faultyStore(memoryStore(trial.disks[who]), {});
  must(await run(await openOn(trial, counting)));
  // Some of the many commits of a sync, which are alike, and the one way and the other.
  for (let at = 1; at <= counting.commits(); at += 3) {
    const fault = at % 2 === 0 ? 'lost' : 'kept';
    const where = `commit ${at} of ${counting.commits()} ${fault}`;
    const world = await copyWorld(disks);
    await run(await openOn(world, faultyStore(memoryStore(world.disks[who]), { [at]: fault })));
    await run(await open(world, who));
    must(await sync(await open(world, who)));
    expect(world.watch.twice(), where).toEqual([]);
    await check(world, where);
  }
}

describe('RES-4, RES-5: a crash at any commit with the nodes', () => {
  test('of a claim that was drafted before: claimed and credited once', async () => {
    const world = await copyWorld(start);
    const reservation = await firstReservation(await open(world, 'till'));
    must(await buildClaim(await open(world, 'till'), reservation.vault));
    await pay(scene, await open(world, 'alice'), await open(world, 'till'), { amount: 40n });
    await crashOnline('till', sync, world.disks, async (after, where) => {
      const { available, reserved } = await balanceOf(await open(after, 'till'), scene.token);
      expect([available, reserved], where).toEqual([50n, 0n]);
    });
  });

  test('of a release: the rest is back once', async () => {
    const world = await copyWorld(start);
    must(await sync(await open(world, 'till')));
    const now = scene.world.nowMs;
    scene.world.nowMs = until + 1 + (await open(world, 'alice')).network.gapMs;
    const reservation = await firstReservation(await open(world, 'alice'));
    const release = (device: Device) => releaseExpired(device, reservation.payee);
    await crashOnline('alice', release, world.disks, async (after, where) => {
      const { available, setAside } = await balanceOf(await open(after, 'alice'), scene.token);
      expect([available, setAside], where).toEqual([990n, 0n]);
    });
    scene.world.nowMs = now;
  });
});
