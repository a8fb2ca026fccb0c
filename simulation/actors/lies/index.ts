/** What a payer or payee with a modified client says although it is not so, by name. */
import { runCommand, type DeviceSeat } from '../../world/device.ts';
import type { Random } from '../../world/random.ts';
import type { World } from '../../world/world.ts';
import { introduce, makeCheat } from '../troupe.ts';
import { payOnline } from '@dsm/wallet';
import type { TokenId } from '@dsm/core';
import type { Liar, Lie } from './kit.ts';
import { withdraw } from './occasion.ts';
import { PAYEE_LIES } from './payee.ts';
import { PAYER_LIES } from './payer.ts';
import { TERM_LIES } from './terms.ts';

export const LIES: Readonly<Record<string, Lie>> = { ...PAYER_LIES, ...PAYEE_LIES, ...TERM_LIES };

/** Lies that one decision goes through until one of them finds its occasion. */
const TRIES = 4;

interface Progress {
  readonly names: readonly string[];
  next: number;
  /** Those who lie in this run, each to one honest device. */
  readonly couples: Map<DeviceSeat, DeviceSeat>;
}

const progresses = new WeakMap<World, Progress>();

function progressOf(world: World): Progress {
  const known = progresses.get(world);
  if (known) return known;
  const random = world.random.fork('lies');
  const order = new Map(Object.keys(LIES).map((name) => [name, random.next()]));
  const names = [...order.keys()].toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
  const made: Progress = { names, next: 0, couples: new Map() };
  progresses.set(world, made);
  return made;
}

const isUp = ({ who, device }: DeviceSeat): boolean => who.process !== undefined && device !== undefined && !who.lost;

/** A liar and whom it lies to; three couples in a run, so that their halves grow. */
async function coupleOf(world: World, cheats: Set<DeviceSeat>, random: Random): Promise<readonly DeviceSeat[]> {
  const { couples } = progressOf(world);
  const ready = [...couples].filter((couple) => couple.every(isUp) && couple[1].who.honest && !couple[1].who.restored);
  if (couples.size >= 3) return ready.length > 0 ? random.pick(ready) : [];
  const honest = world.seats.filter((seat) => seat.who.honest && isUp(seat) && !seat.who.restored);
  if (honest.length === 0) return [];
  const cheat = await makeCheat(world, cheats);
  const victim = random.pick(honest);
  if (!cheat) return [];
  couples.set(cheat, victim);
  await introduce(cheat, victim);
  const { account: to } = cheat;
  const [issuer] = world.seats;
  if (to && issuer) {
    await runCommand(world, issuer, 'pay', (device) =>
      payOnline(device, { to, token: world.token as TokenId, amount: 200n }),
    );
  }
  return [cheat, victim];
}

/** The next lie of the run, by a device that tells no truth but where it must. Undefined: no occasion. */
export async function tellLie(world: World, cheats: Set<DeviceSeat>, random: Random): Promise<string | undefined> {
  const progress = progressOf(world);
  const [cheat, honest] = await coupleOf(world, cheats, random);
  if (!cheat || !honest) return undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    const name = progress.names[progress.next % progress.names.length] as string;
    progress.next += 1;
    const liar: Liar = { world, random, name, cheat, honest };
    const said = await LIES[name]?.(liar);
    await withdraw(liar);
    if (liar.believed) progress.couples.delete(cheat);
    if (said) return `${cheat.who.name} lies to ${honest.who.name}: ${name}`;
  }
  return undefined;
}
