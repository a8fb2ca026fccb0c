/**
 * Homes that are lost in the middle of something and restored from a backup, and what both sides of a relationship do
 * then. All of them are honest: new guests of the run, who know nobody but each other and the issuer.
 */
import type { Result, TokenId } from '@dsm/core';
import {
  accept,
  addContact,
  backup,
  cancel,
  commit,
  offer,
  ownCard,
  payOnline,
  receive,
  reserve,
  setPolicy,
  showRestore,
  sync,
  type Device,
  type Exchanged,
} from '@dsm/wallet';
import { createDisk, restoreDisk } from '../disk/disk.ts';
import { runCommand, startDevice, type DeviceSeat } from '../world/device.ts';
import { killProcess } from '../world/participant.ts';
import type { Random } from '../world/random.ts';
import { addDevice, restartLater, type World } from '../world/world.ts';

/** Who takes part in one scene. */
interface Guests {
  readonly world: World;
  readonly random: Random;
  readonly payer: DeviceSeat;
  readonly payee: DeviceSeat;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** The home is gone; after a while the backup takes its place. */
export function loseHome(world: World, { who }: DeviceSeat, downMs: number): void {
  world.count('home lost');
  killProcess(world, who, false);
  restoreDisk(who.disk, createDisk(who.disk.sectorBytes));
  world.note({ type: 'lost', by: who });
  who.restored = true;
  restartLater(world, who, downMs);
}

async function run<T>(
  { world }: Guests,
  seat: DeviceSeat,
  command: string,
  work: (device: Device) => Promise<Result<T>>,
): Promise<T | undefined> {
  const outcome = await runCommand(world, seat, command, work);
  const end = outcome.type === 'crashed' ? 'crashes' : outcome.result.ok ? 'ok' : outcome.result.error.code;
  world.say(`${seat.who.name}: ${command}: ${end}`);
  return outcome.type === 'done' && outcome.result.ok ? outcome.result.value : undefined;
}

const turn = async (
  guests: Guests,
  seat: DeviceSeat,
  command: string,
  work: (device: Device) => Promise<Result<Exchanged>>,
): Promise<Uint8Array | undefined> => (await run(guests, seat, command, work))?.message ?? undefined;

async function saveHome(guests: Guests, seat: DeviceSeat): Promise<void> {
  const file = await run(guests, seat, 'backup', backup);
  if (file && seat.device) guests.world.backups.set(seat.who.name, { file, seed: seat.device.keys.seed });
}

async function setAside(guests: Guests, lastsMs: number): Promise<void> {
  const { world, payer, payee } = guests;
  const { account } = payee;
  const until = world.scheduler.nowMs() + world.facts.marginMs + lastsMs;
  const token = world.token as TokenId;
  if (account)
    await run(guests, payer, 'reserve', (device) => reserve(device, { for: account, token, amount: 20n, until }));
}

/** Letters that are on their way, or were answered. */
interface Deal {
  readonly accepted: Uint8Array | undefined;
  readonly committed: Uint8Array | undefined;
}

/** As far as it shall go: an offer, its accept, the commit, and that is taken. */
async function deal(
  guests: Guests,
  amount: bigint,
  { provisional = false, until = 'received' }: { provisional?: boolean; until?: 'accepted' | 'committed' | 'received' },
): Promise<Deal> {
  const { world, random, payer, payee } = guests;
  const { account } = payee;
  const nothing: Deal = { accepted: undefined, committed: undefined };
  if (!account) return nothing;
  const token = world.token as TokenId;
  const options = { command: random.bytes(32), to: account, token, amount, order: '', provisional };
  const made = await run(guests, payer, 'offer', (device) => offer(device, options));
  const offered = made?.message ?? undefined;
  const accepted = offered && (await turn(guests, payee, 'accept', (device) => accept(device, offered)));
  if (made && !accepted) await run(guests, payer, 'cancel', (device) => cancel(device, made.payment.payment));
  if (!accepted || until === 'accepted') return { ...nothing, accepted };
  const committed = await turn(guests, payer, 'accept', (device) => commit(device, accepted));
  if (committed && until === 'received') await turn(guests, payee, 'commit', (device) => receive(device, committed));
  return { accepted, committed };
}

/** Syncs now and then, until those of them who were restored sign again. */
async function wait(guests: Guests, seats: readonly DeviceSeat[], pauses: number): Promise<void> {
  const { settleMs, gapMs, deltaMs } = guests.world.facts;
  for (let i = 0; i < pauses; i++) {
    await pause((settleMs + gapMs + 2 * deltaMs) / 4);
    for (const seat of seats) await run(guests, seat, 'sync', sync);
    const shown = await Promise.all(seats.map(async ({ device }) => device && showRestore(device)));
    if (shown.every((one) => one?.ok && one.value?.signs !== false)) return;
  }
}

/** Both know what has happened, and begin anew. */
async function goOn(guests: Guests): Promise<void> {
  const { payer, payee } = guests;
  for (const seat of [payee, payer]) await run(guests, seat, 'sync', sync);
  await setAside(guests, HOUR_MS);
  await deal(guests, 5n, {});
  await deal(guests, 6n, { provisional: true });
}

type Scene = (guests: Guests) => Promise<void>;

const HOUR_MS = 3_600_000;
/** Four pauses are one wait; what is found open takes another. */
const WAITS = 16;

const SCENES: Readonly<Record<string, Scene>> = {
  /** The payee's home is lost between payments; an accept and a commit of before arrive later. */
  payeeRestored: async (guests) => {
    const { world, random, payer, payee } = guests;
    await setAside(guests, HOUR_MS);
    await deal(guests, 1n, {});
    await saveHome(guests, payee);
    await deal(guests, 2n, {});
    const { accepted, committed } = await deal(guests, 3n, { until: random.chance(0.5) ? 'accepted' : 'committed' });
    loseHome(world, payee, random.between(1_000, 60_000));
    await pause(61_000);
    const late = committed ?? (accepted && (await turn(guests, payer, 'accept', (device) => commit(device, accepted))));
    if (late && random.chance(0.7)) await turn(guests, payee, 'commit', (device) => receive(device, late));
    await wait(guests, [payee], WAITS);
    if (late) await turn(guests, payee, 'commit', (device) => receive(device, late));
    await deal(guests, 4n, {});
    await goOn(guests);
  },

  /** The payer's home is lost after it has signed what no node has seen; the payee brings it to them, or never does. */
  payerRestored: async (guests) => {
    const { world, random, payer, payee } = guests;
    await setAside(guests, HOUR_MS);
    await deal(guests, 1n, {});
    await saveHome(guests, payer);
    await deal(guests, 2n, {});
    await deal(guests, 3n, { provisional: true });
    loseHome(world, payer, random.between(1_000, 60_000));
    await pause(61_000);
    await run(guests, payer, 'sync', sync);
    if (random.chance(0.5)) await run(guests, payee, 'sync', sync);
    await wait(guests, [payer], WAITS);
    await deal(guests, 4n, {});
    await goOn(guests);
  },

  /** Both, one after the other: nobody holds anything of what was agreed last. */
  bothRestored: async (guests) => {
    const { world, random, payer, payee } = guests;
    await setAside(guests, HOUR_MS);
    await saveHome(guests, payer);
    await saveHome(guests, payee);
    await deal(guests, 1n, {});
    await deal(guests, 2n, { provisional: true });
    loseHome(world, payee, random.between(1_000, 60_000));
    loseHome(world, payer, random.between(1_000, 60_000));
    await pause(61_000);
    await wait(guests, [payer, payee], WAITS);
    await goOn(guests);
  },
};

/** A guest with some money. */
async function invite(world: World, name: string): Promise<DeviceSeat | undefined> {
  const [issuer] = world.seats;
  const token = world.token as TokenId;
  const seat = addDevice(world, name);
  await startDevice(world, seat);
  const { account } = seat;
  if (!issuer || !account) return undefined;
  await runCommand(world, issuer, 'pay', (device) => payOnline(device, { to: account, token, amount: 100n }));
  await runCommand(world, seat, 'sync', sync);
  return seat;
}

async function introduce(one: DeviceSeat, other: DeviceSeat): Promise<void> {
  const card = other.device && (await ownCard(other.device));
  if (!one.device || !card?.ok) return;
  await addContact(one.device, { file: card.value });
  await setPolicy(one.device, { provisionalMax: 'any', run: 4 });
}

/** All of them at once. */
export async function playRestores(world: World): Promise<void> {
  const random = world.random.fork('restores');
  const playing = Object.entries(SCENES).map(async ([name, scene]) => {
    const [payer, payee] = [await invite(world, `payer, ${name}`), await invite(world, `payee, ${name}`)];
    if (!payer || !payee) return;
    await introduce(payer, payee);
    await introduce(payee, payer);
    await scene({ world, random: random.fork(name), payer, payee });
  });
  await Promise.all(playing);
}
