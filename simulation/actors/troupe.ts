/** Devices that join a run to cheat: an account after which nobody asks, and some money. */
import type { TokenId } from '@dsm/core';
import { addContact, ownCard, payOnline, sync } from '@dsm/wallet';
import { runCommand, startDevice, type DeviceSeat } from '../world/device.ts';
import { addDevice, type World } from '../world/world.ts';

interface Troupe {
  made: number;
  pair: readonly DeviceSeat[];
}

const troupes = new WeakMap<World, Troupe>();

function troupeOf(world: World): Troupe {
  const known = troupes.get(world) ?? { made: 0, pair: [] };
  troupes.set(world, known);
  return known;
}

/** More would make a run of nothing else. */
const MOST_MADE = 24;

/**
 * A new device with some money, for a forgery after which its account is of no use: it has signed two states, or one
 * that its wallet knows nothing of.
 */
export async function makeCheat(world: World, cheats: Set<DeviceSeat>): Promise<DeviceSeat | undefined> {
  const [issuer] = world.seats;
  const troupe = troupeOf(world);
  if (!issuer || troupe.made >= MOST_MADE) return undefined;
  troupe.made += 1;
  const seat = addDevice(world, `cheat ${troupe.made}`);
  seat.who.honest = false;
  cheats.add(seat);
  await startDevice(world, seat);
  const { account } = seat;
  if (!account) return undefined;
  const token = world.token as TokenId;
  await runCommand(world, issuer, 'pay', (device) => payOnline(device, { to: account, token, amount: 100n }));
  await runCommand(world, seat, 'sync', sync);
  return seat;
}

/** Two new devices that know each other and cheat together, made once. */
export async function pairOf(world: World, cheats: Set<DeviceSeat>): Promise<readonly DeviceSeat[]> {
  const troupe = troupeOf(world);
  if (troupe.pair.length === 2) return troupe.pair;
  const [one, other] = [await makeCheat(world, cheats), await makeCheat(world, cheats)];
  if (!one || !other) return [];
  await introduce(one, other);
  troupe.pair = [one, other];
  return troupe.pair;
}

export async function introduce(one: DeviceSeat, other: DeviceSeat): Promise<void> {
  for (const [a, b] of [
    [one, other],
    [other, one],
  ] as const) {
    const card = b.device && (await ownCard(b.device));
    if (a.device && card?.ok) await addContact(a.device, { file: card.value });
  }
}
