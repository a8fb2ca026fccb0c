/** The end of a run: faults stop, everybody who is honest syncs a bounded number of times, and nothing may be left. */
import { sync } from '@dsm/wallet';
import { listJournal } from '../../packages/wallet/src/records/journal.ts';
import { openRun } from '../../packages/wallet/src/chain/own.ts';
import { unclaimedTotals } from '../../packages/wallet/src/exchange/totals.ts';
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

/** Everybody syncs, one after the other, again and again. */
export async function finishAll(world: World, exchanges: number = EXCHANGES): Promise<void> {
  const { settleMs, gapMs, deltaMs } = world.facts;
  for (let exchange = 0; exchange < exchanges; exchange++) {
    world.exchanges.push(world.scheduler.nowMs());
    for (const seat of honestSeats(world)) {
      const fromMs = world.scheduler.nowMs();
      const done = await runCommand(world, seat, 'sync', sync);
      const { name } = seat.who;
      if (done.type === 'done' && done.result.ok) {
        const known = world.synced.get(name) ?? [];
        world.synced.set(name, [...known, { fromMs, toMs: world.scheduler.nowMs() }]);
      }
      if (done.type === 'crashed' || !done.result.ok) world.say(`${seat.who.name} cannot sync`);
      else
        for (const { code, message } of done.result.value.open)
          world.say(`${seat.who.name} syncs, open: ${code} ${message}`);
    }
    // Twice what a window lasts: a restored device waits for what it may have signed, and then what it finds open.
    const isLong = exchange === 1 || exchange === 4;
    const pauseMs = isLong ? settleMs + gapMs + 2 * deltaMs : 5_000;
    await world.scheduler.wait(pauseMs, 'a pause');
  }
}

/** Work of an honest device that is not done although nothing stands in its way. */
export async function unfinished(world: World): Promise<string | undefined> {
  for (const { who, device } of honestSeats(world)) {
    if (!device) return `${who.name} does not run`;
    const run = await openRun(device);
    if (!run.ok) return `${who.name}: ${run.error.message}`;
    if (run.value.length > 0) return `${who.name} has ${run.value.length} states that are not final`;
    const now = device.clock();
    const unclaimed = (await unclaimedTotals(device)).filter(({ reservation }) => reservation.until > now);
    if (unclaimed.length > 0) return `${who.name} has ${unclaimed.length} reservations with something unclaimed`;
    const journal = await listJournal(device);
    const open = journal.filter(({ chain }) => Buffer.compare(chain, device.account) === 0);
    if (open.length > 0) return `${who.name} has ${open.length} places of its account in its journal`;
  }
  return undefined;
}
