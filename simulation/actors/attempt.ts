/**
 * The catalogue of forgeries in a run: one entry after the other, in an order that the seed decides but for those after which a
 * device is known to have signed two states, each tried by a device that is in the position to.
 */
import { equalBytes, fail, type ChainId, type Result, type TokenId } from '@dsm/core';
import { listReservations, type Device } from '@dsm/wallet';
import { runCommand, type DeviceSeat, type Outcome } from '../world/device.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import { FORGERIES, SELF_FORKING, VAULT_FORGERIES, type Forger } from './forgeries/index.ts';

export interface Attempt {
  readonly seat: DeviceSeat;
  readonly name: string;
  readonly outcome: Outcome<unknown>;
}

/** Entries that one decision goes through until one of them finds something to forge. */
const TRIES = 6;

/** What the attempts of a run remember. */
interface Progress {
  readonly names: readonly string[];
  next: number;
  /** Devices that have signed two states of their account: whatever else they forge there, nobody asks any more. */
  readonly burnt: Set<DeviceSeat>;
}

const progresses = new WeakMap<World, Progress>();

function progressOf(world: World): Progress {
  const known = progresses.get(world);
  if (known) return known;
  const random = world.random.fork('forgeries');
  const order = new Map(
    Object.keys(FORGERIES).map((name) => [name, random.next() + (SELF_FORKING.has(name) ? 2 ** 32 : 0)]),
  );
  const names = [...order.keys()].toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
  const made: Progress = { names, next: 0, burnt: new Set() };
  progresses.set(world, made);
  return made;
}

/**
 * `cheats`: seats that cheat already; `corrupt` makes one more, which the next attempt may be up to, while it answers
 * true.
 */
export async function attemptForgery(
  world: World,
  cheats: ReadonlySet<DeviceSeat>,
  corrupt: (seat: DeviceSeat) => boolean,
  random: Random,
): Promise<Attempt | undefined> {
  const progress = progressOf(world);
  for (let tries = 0; tries < TRIES; tries++) {
    const name = progress.names[progress.next % progress.names.length] as string;
    progress.next += 1;
    const able = await seatsFor(world, name, progress);
    const cheating = able.filter((seat) => cheats.has(seat));
    const fresh = able.filter((seat) => !cheats.has(seat));
    const seat =
      cheating.length > 0 ? random.pick(cheating) : fresh.length > 0 ? [random.pick(fresh)].find(corrupt) : undefined;
    if (!seat) continue;
    const outcome = await runCommand(world, seat, `forge ${name}`, (device) =>
      tryOne(makeForger(world, device, cheats, random), name),
    );
    const code = outcome.type === 'done' && !outcome.result.ok ? outcome.result.error.code : undefined;
    if (code === 'E_NOT_FOUND') continue;
    if (SELF_FORKING.has(name)) progress.burnt.add(seat);
    world.count(`forged: ${name}`);
    return { seat, name, outcome };
  }
  return undefined;
}

/** Who has what the forgery is about. */
async function seatsFor(world: World, name: string, { burnt }: Progress): Promise<readonly DeviceSeat[]> {
  const running = world.seats.filter(({ who, device }) => who.process && device && !who.lost);
  if (name.startsWith('mint') || name.startsWith('burn')) {
    const [issuer] = world.seats;
    return running.filter((seat) => seat === issuer);
  }
  if (!Object.hasOwn(VAULT_FORGERIES, name)) return running.filter((seat) => !burnt.has(seat));
  const side = name.startsWith('claim') ? 'payee' : 'payer';
  const able: DeviceSeat[] = [];
  for (const seat of running) {
    if (seat.device && (await hasReservation(seat.device, side))) able.push(seat);
  }
  return able;
}

async function hasReservation(device: Device, side: 'payer' | 'payee'): Promise<boolean> {
  try {
    return (await listReservations(device)).some(
      (one) => equalBytes(one[side], device.account) && one.status !== 'pending',
    );
  } catch {
    return false;
  }
}

/** What a modified program stumbles over is its own affair, no defect of the shipped one. */
async function tryOne(forger: Forger, name: string): Promise<Result<unknown>> {
  try {
    return (await FORGERIES[name]?.(forger)) ?? fail('E_NOT_FOUND', 'WAL-3', 'no such forgery');
  } catch (thrown) {
    return fail('E_FORMAT', 'WAL-3', `the forger stumbles: ${String(thrown)}`);
  }
}

function makeForger(world: World, device: Device, accomplices: Iterable<DeviceSeat>, random: Random): Forger {
  const bad = world.nodeSeats.filter(({ who }) => !who.honest);
  return {
    device,
    random,
    token: world.token as TokenId,
    accounts: world.seats.flatMap(({ account }): ChainId[] => (account ? [account] : [])),
    accomplices: [...accomplices].flatMap((other) => (other.device && other.who.process ? [other.device] : [])),
    sent: world.sent.slice(-256),
    corruptNodes: new Map(bad.map(({ index, key }) => [index, key])),
  };
}
