/** Executing on R(i, j) does not touch R(k, l): no node and nobody else is needed, and nothing of theirs moves. */
import { must, toHex } from '@dsm/core';
import { listContacts, offer, reserve, type Device, type PaymentRecord } from '@dsm/wallet';
import { history } from '@dsm/wallet';
import { expect, test } from 'vitest';
import { openChain } from '../../packages/wallet/src/chain/draft.ts';
import { chainRecords } from '../../packages/wallet/src/records/chain.ts';
import { answer } from '../actors/letters.ts';
import { insist, setUp } from '../actors/setup.ts';
import type { DeviceSeat } from '../world/device.ts';
import { play, type Stage } from '../world/stage.ts';

/** An offer out of a reservation, and every letter that follows from it. */
async function pay(stage: Stage, from: DeviceSeat, to: DeviceSeat, amount: bigint, salt: number): Promise<void> {
  const { world, post } = stage;
  const { account } = to;
  const { token } = world;
  if (!account || !token) throw new Error('the beginning is missing');
  const command = new Uint8Array(32).fill(salt);
  const made = await insist(world, from, 'offer', (device) =>
    offer(device, { command, to: account, token, amount, order: '', provisional: false }),
  );
  if (!made.message) throw new Error('an offer has a message');
  answer(world, post, from, account, 'offer', made.message);
  await world.scheduler.wait(10_000, 'letters');
}

async function setAside(stage: Stage, from: DeviceSeat, to: DeviceSeat): Promise<void> {
  const { world } = stage;
  const { account } = to;
  const { token } = world;
  if (!account || !token) throw new Error('the beginning is missing');
  const until = world.scheduler.nowMs() + 3_600_000;
  await insist(world, from, 'reserve', (device) => reserve(device, { for: account, token, amount: 1_000n, until }));
}

/** Every chain that a device keeps: tip and root. */
async function rootsOf(device: Device): Promise<ReadonlyMap<string, string>> {
  const roots = new Map<string, string>();
  for (const { key, value } of await chainRecords.list(device)) {
    // Of a vault the drafts are kept, not the leaves.
    const held = value.kind === 'vault' ? undefined : await openChain(device, key as never);
    if (!held) roots.set(toHex(key), `${value.tip.index} ${toHex(value.tip.hash)}`);
    else roots.set(toHex(key), `${held.record.tip.index} ${toHex(held.tip.root)}`);
  }
  return roots;
}

const received = async (device: Device): Promise<readonly PaymentRecord[]> =>
  must(await history(device))
    .map(({ payment }) => payment)
    .filter(({ kind, status, direction }) => kind === 'reserved' && direction === 'in' && status === 'received');

test('cut off from the nodes and everybody else, two devices finish reserved payments, and no other root moves', () =>
  play({ seed: 6, devices: 4, nodes: 4 }, async (stage) => {
    const { world } = stage;
    await stage.live(() => setUp(world, { devices: 4, acquaintances: 4 }));
    const [alice, bob, carol, dave] = world.seats;
    if (!dave || !alice || !bob || !carol) throw new Error('people are missing');
    const pairs = [
      [alice, bob],
      [alice, carol],
      [bob, carol],
      [dave, bob],
    ] as const;
    await stage.live(async () => {
      for (const [from, to] of pairs) {
        await setAside(stage, from, to);
        await pay(stage, from, to, 10n, world.events % 251);
      }
    });
    const devices = world.seats.flatMap(({ device }) => (device ? [device] : []));
    const before = await Promise.all(devices.map(rootsOf));
    const begun = (await received(bob.device as Device)).length;

    // Everybody is alone; only letters between alice and bob are carried, since nobody else writes any.
    world.network.groups = [...world.seats, ...world.nodeSeats].map(({ who }) => new Set([who.name]));
    const asked = world.sent.length;
    await stage.live(async () => {
      for (let i = 0; i < 5; i++) await pay(stage, alice, bob, 20n, 200 + i);
    });
    expect(stage.violation).toBe(undefined);
    expect((await received(bob.device as Device)).length).toBe(begun + 5);
    expect(world.sent.length).toBe(asked);

    const after = await Promise.all(devices.map(rootsOf));
    const moved = new Set<string>();
    before.forEach((roots, i) => {
      for (const [chain, root] of roots) if (after[i]?.get(chain) !== root) moved.add(`${devices[i]?.name} ${chain}`);
    });
    // The two halves of R(alice, bob), as each of the two holds them, and nothing else.
    expect(new Set([...moved].map((entry) => entry.split(' ')[0]))).toEqual(new Set(['alice', 'bob']));
    expect(new Set([...moved].map((entry) => entry.split(' ')[1])).size).toBe(2);
    expect(moved.size).toBe(4);
    expect(must(await listContacts(alice.device as Device)).length).toBe(3);
  }));
