/**
 * The catalogue of forgeries in a run: one entry after the other, in an order that the seed decides, each tried by a
 * device that is in the position to.
 */
import { fail, type ChainId, type Result, type TokenId } from '@dsm/core';
import { accept, offer, reserve, type Device } from '@dsm/wallet';
import { runCommand, type DeviceSeat, type Outcome } from '../world/device.ts';
import type { Random } from '../world/random.ts';
import { seatOf, type World } from '../world/world.ts';
import { postLetter, type Post } from './letters.ts';
import { SCENES, type Scene } from './scenes.ts';
import { introduce, makeCheat, pairOf } from './troupe.ts';
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
}

const progresses = new WeakMap<World, Progress>();

function progressOf(world: World): Progress {
  const known = progresses.get(world);
  if (known) return known;
  const random = world.random.fork('forgeries');
  const order = new Map([...Object.keys(FORGERIES), ...Object.keys(SCENES)].map((name) => [name, random.next()]));
  const names = [...order.keys()].toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
  const made: Progress = { names, next: 0 };
  progresses.set(world, made);
  return made;
}

/** `cheats`: seats that cheat already; `corrupt` makes one more of those that there are, while it answers true. */
export async function attemptForgery(
  world: World,
  post: Post,
  cheats: Set<DeviceSeat>,
  corrupt: (seat: DeviceSeat) => boolean,
  random: Random,
): Promise<Attempt | undefined> {
  const progress = progressOf(world);
  for (let tries = 0; tries < TRIES; tries++) {
    const name = progress.names[progress.next % progress.names.length] as string;
    progress.next += 1;
    const scene = SCENES[name];
    if (scene) {
      const played = await playScene(world, scene, cheats, random);
      if (!played) continue;
      world.count(`forged: ${name}`);
      return { seat: played, name, outcome: { type: 'done', result: { ok: true, value: undefined } } };
    }
    const group = await groupFor(world, name, cheats, corrupt, random);
    if (!group) continue;
    const { seat } = group;
    const outcome = await runCommand(world, seat, `forge ${name}`, (device) =>
      tryOne(makeForger(world, post, seat, device, group, random), name),
    );
    const code = outcome.type === 'done' && !outcome.result.ok ? outcome.result.error.code : undefined;
    if (code === 'E_NOT_FOUND') continue;
    world.count(`forged: ${name}`);
    return { seat, name, outcome };
  }
  return undefined;
}

interface Group {
  readonly seat: DeviceSeat;
  /** Who cheats along. */
  readonly accomplices: Iterable<DeviceSeat>;
  /** Somebody honest who has met the forger. */
  readonly victim?: DeviceSeat;
}

/** Who is up to it, and with whom. */
async function groupFor(
  world: World,
  name: string,
  cheats: Set<DeviceSeat>,
  corrupt: (seat: DeviceSeat) => boolean,
  random: Random,
): Promise<Group | undefined> {
  if (name.startsWith('offer')) {
    const honest = world.seats.filter(({ who, device }) => who.honest && who.process && device);
    const [seat, accomplice] = await pairOf(world, cheats);
    const victim = honest.length > 0 ? random.pick(honest) : undefined;
    if (!seat || !accomplice || !victim) return undefined;
    await introduce(seat, victim);
    return { seat, accomplices: [accomplice], victim };
  }
  if (name === 'claimSelfSigned') return victimised(world, cheats, random);
  if (Object.hasOwn(VAULT_FORGERIES, name)) {
    const [payer, payee] = await pairOf(world, cheats);
    if (!payer || !payee) return undefined;
    return name.startsWith('claim') ? { seat: payee, accomplices: [payer] } : { seat: payer, accomplices: [payee] };
  }
  const issuer = name.startsWith('mint') || name.startsWith('burn');
  const running = world.seats.filter(
    ({ who, device }, i) => who.process && device && !who.lost && (!issuer || i === 0),
  );
  const seat = SELF_FORKING.has(name) ? await makeCheat(world, cheats) : pickSeat(running, cheats, corrupt, random);
  return seat && { seat, accomplices: cheats };
}

/** Somebody honest sets value aside for a cheat and pays a little out of it. */
async function victimised(world: World, cheats: Set<DeviceSeat>, random: Random): Promise<Group | undefined> {
  const honest = world.seats.filter(({ who, device }) => who.honest && who.process && device);
  const seat = await makeCheat(world, cheats);
  const victim = honest.length > 0 ? random.pick(honest) : undefined;
  const { account } = seat ?? {};
  if (!seat || !victim || !account) return undefined;
  await introduce(seat, victim);
  const token = world.token as TokenId;
  const until = world.scheduler.nowMs() + world.facts.marginMs + 300_000;
  await runCommand(world, victim, 'reserve', (device) => reserve(device, { for: account, token, amount: 90n, until }));
  const options = { command: random.bytes(32), to: account, token, amount: 1n, order: '', provisional: false };
  const offered = await runCommand(world, victim, 'offer', (device) => offer(device, options));
  const message = offered.type === 'done' && offered.result.ok ? offered.result.value.message : null;
  if (!message) return undefined;
  // An accept makes the reservation known to the cheat; the commit never comes.
  await runCommand(world, seat, 'accept', (device) => accept(device, message));
  return { seat, accomplices: [], victim };
}

/** With a cheat made for it and somebody honest. */
async function playScene(
  world: World,
  scene: Scene,
  cheats: Set<DeviceSeat>,
  random: Random,
): Promise<DeviceSeat | undefined> {
  const honest = world.seats.filter(({ who, device }) => who.honest && who.process && device);
  const cheat = await makeCheat(world, cheats);
  if (!cheat || honest.length === 0) return undefined;
  const couple = { world, random, cheat, honest: random.pick(honest) };
  await introduce(cheat, couple.honest);
  await scene(couple);
  return cheat;
}

function pickSeat(
  able: readonly DeviceSeat[],
  cheats: ReadonlySet<DeviceSeat>,
  corrupt: (seat: DeviceSeat) => boolean,
  random: Random,
): DeviceSeat | undefined {
  const cheating = able.filter((seat) => cheats.has(seat));
  if (cheating.length > 0) return random.pick(cheating);
  return able.length > 0 ? [random.pick(able)].find(corrupt) : undefined;
}

/** What a modified program stumbles over is its own affair, no defect of the shipped one. */
async function tryOne(forger: Forger, name: string): Promise<Result<unknown>> {
  try {
    return (await FORGERIES[name]?.(forger)) ?? fail('E_NOT_FOUND', 'WAL-3', 'no such forgery');
  } catch (thrown) {
    return fail('E_FORMAT', 'WAL-3', `the forger stumbles: ${String(thrown)}`);
  }
}

function makeForger(
  world: World,
  post: Post,
  seat: DeviceSeat,
  device: Device,
  { accomplices, victim }: Group,
  random: Random,
): Forger {
  const bad = world.nodeSeats.filter(({ who }) => !who.honest);
  return {
    device,
    random,
    token: world.token as TokenId,
    accounts: world.seats.flatMap(({ account }): ChainId[] => (account ? [account] : [])),
    accomplices: [...accomplices].flatMap((other) => (other.device && other.who.process ? [other.device] : [])),
    victim: victim?.account,
    send: (to, kind, bytes) => {
      const other = seatOf(world, to);
      if (other) postLetter(world, post, random, { kind, from: seat, to: other, bytes });
    },
    get sent() {
      return world.sent.slice(-256);
    },
    corruptNodes: new Map(bad.map(({ index, key }) => [index, key])),
  };
}
