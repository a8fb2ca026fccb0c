/** The end of a run: faults stop, and everybody who is honest syncs a bounded number of times. */
import { equalBytes, toHex } from '@dsm/core';
import { listReservations, releaseExpired, sync, type ReservationRecord } from '@dsm/wallet';
import type { Post } from '../actors/letters.ts';
import { GOOD_MAIL } from '../actors/letters.ts';
import { runCommand, type DeviceSeat } from './device.ts';
import { CALM } from './network.ts';
import { restartDevice, restartNode, type World } from './world.ts';

/** Syncs of each device; between them the windows of what is open pass, and the rounds of a few slots open. */
export const EXCHANGES = 8;

/** Nothing fails from here on: what lies on disks and in heads is all that matters. */
export async function becomeCalm(world: World, post: Post): Promise<void> {
  world.calm = true;
  world.network.groups = [];
  world.network.weather = { ...CALM };
  post.mail = { ...GOOD_MAIL };
  post.withholding?.clear();
  for (const { who } of [...world.seats, ...world.nodeSeats]) {
    who.disk.faults.length = 0;
    who.disk.onPoint = undefined;
    who.disk.onCrash = undefined;
  }
  for (const seat of world.nodeSeats) if (seat.who.honest) await restartNode(world, seat);
  for (const seat of world.seats) if (seat.who.honest) await restartDevice(world, seat);
  world.say('faults stop');
}

export const honestSeats = (world: World): DeviceSeat[] =>
  world.seats.filter(({ who }) => who.honest && !who.lost && !who.rotten);

/** What the wallet of a running process holds; nothing where there is none, or where it dies meanwhile. */
async function reservationsOf({ who, device }: DeviceSeat): Promise<readonly ReservationRecord[]> {
  const { process } = who;
  if (!device || !process) return [];
  return (await Promise.race([listReservations(device), process.ended])) ?? [];
}

/** A person who takes back what nobody has claimed, once it may be taken back. */
async function releaseAll(world: World, seat: DeviceSeat): Promise<void> {
  const { device } = seat;
  if (!device) return;
  const { gapMs } = world.facts;
  const over = (await reservationsOf(seat)).filter(
    ({ payer, status, until, claimed, funded }) =>
      equalBytes(payer, device.account) && status === 'open' && claimed < funded && device.clock() > until + gapMs,
  );
  const payees = new Map(over.map(({ payee }) => [toHex(payee), payee]));
  for (const payee of payees.values()) await runCommand(world, seat, 'release', (one) => releaseExpired(one, payee));
}

async function syncOnce(world: World, seat: DeviceSeat): Promise<void> {
  const fromMs = world.scheduler.nowMs();
  const done = await runCommand(world, seat, 'sync', sync);
  const { name } = seat.who;
  world.lastSyncs.set(name, done.type === 'done' ? done.result : undefined);
  if (done.type === 'crashed' || !done.result.ok) return world.say(`${name} cannot sync`);
  const known = world.synced.get(name) ?? [];
  world.synced.set(name, [...known, { fromMs, toMs: world.scheduler.nowMs() }]);
  for (const { code, message } of done.result.value.open) world.say(`${name} syncs, open: ${code} ${message}`);
}

/** When the last reservation of an honest payer may be taken back. */
async function lastReleaseMs(world: World): Promise<number> {
  const { gapMs, deltaMs } = world.facts;
  const lists = await Promise.all(honestSeats(world).map(reservationsOf));
  const open = lists.flat().filter(({ status, claimed, funded }) => status === 'open' && claimed < funded);
  return Math.max(0, ...open.map(({ until }) => until + gapMs + 2 * deltaMs));
}

/** Everybody takes back what is left and syncs, one after the other, again and again. */
export async function finishAll(world: World, exchanges: number = EXCHANGES): Promise<void> {
  const { settleMs, gapMs, deltaMs } = world.facts;
  for (let exchange = 0; exchange < exchanges; exchange++) {
    world.exchanges.push(world.scheduler.nowMs());
    for (const seat of honestSeats(world)) {
      await releaseAll(world, seat);
      await syncOnce(world, seat);
    }
    // Twice what a window lasts: a restored device waits for what it may have signed, and then what it finds open.
    const isLong = exchange === 1 || exchange === 4;
    const pauseMs = isLong ? settleMs + gapMs + 2 * deltaMs : 5_000;
    // Before the last ones all reservations end.
    const endMs = exchange === exchanges - 3 ? (await lastReleaseMs(world)) - world.scheduler.nowMs() : 0;
    await world.scheduler.wait(Math.max(pauseMs, endMs), 'a pause');
  }
}
