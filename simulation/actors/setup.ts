/** The beginning of every run: nodes run, wallets are made, people know each other and have something to spend. */
import { must, type Result } from '@dsm/core';
import { addContact, createToken, mint, ownCard, payOnline, reserve, setPolicy, sync, type Device } from '@dsm/wallet';
import { runCommand, startDevice, type DeviceSeat } from '../world/device.ts';
import { addDevice, restartNode, type World } from '../world/world.ts';

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'];

export const nameOf = (index: number): string => NAMES[index] ?? `device ${index}`;

/** A command that must go well: nothing fails before the run begins. */
export async function insist<T>(
  world: World,
  seat: DeviceSeat,
  command: string,
  work: (device: Device) => Promise<Result<T>>,
): Promise<T> {
  const outcome = await runCommand(world, seat, command, work);
  if (outcome.type === 'crashed') throw new Error(`${seat.who.name}: ${command} crashed`);
  return must(outcome.result);
}

export interface SetupOptions {
  readonly devices: number;
  /** How many others each knows. */
  readonly acquaintances: number;
}

/** The first device issues the token; the others get some of it. */
export async function setUp(world: World, { devices, acquaintances }: SetupOptions): Promise<void> {
  await Promise.all(world.nodeSeats.map((seat) => restartNode(world, seat)));
  const seats = Array.from({ length: devices }, (_, i) => addDevice(world, nameOf(i)));
  for (const seat of seats) must(await startDevice(world, seat));
  await introduce(world, seats, acquaintances);
  const [issuer] = seats;
  if (!issuer) return;
  const made = await insist(world, issuer, 'token', (device) =>
    createToken(device, { symbol: 'MEAL', decimals: 2, cap: 100_000_000n }),
  );
  world.token = made.token;
  await insist(world, issuer, 'mint', (device) => mint(device, made.token, 10_000_000n));
  for (const seat of seats.slice(1)) {
    const { account } = seat;
    if (!account) continue;
    await insist(world, issuer, 'pay', (device) =>
      payOnline(device, { to: account, token: made.token, amount: 10_000n }),
    );
    await insist(world, seat, 'sync', sync);
  }
  if (devices <= 16) await setAside(world, seats);
}

/** Most set something aside for a neighbour, so that there is something to pay out of from the beginning. */
async function setAside(world: World, seats: readonly DeviceSeat[]): Promise<void> {
  const random = world.random.fork('set aside');
  for (const [i, seat] of seats.entries()) {
    const payee = seats[(i + 1) % seats.length]?.account;
    const { token } = world;
    if (!payee || !token || seats.length < 2 || random.chance(0.05)) continue;
    const until = world.scheduler.nowMs() + world.facts.marginMs + random.between(60_000, 2_400_000);
    world.moments.push(until - world.facts.marginMs, until, until + world.facts.gapMs);
    await insist(world, seat, 'reserve', (device) => reserve(device, { for: payee, token, amount: 5_000n, until }));
  }
}

async function introduce(world: World, seats: readonly DeviceSeat[], acquaintances: number): Promise<void> {
  const cards = await Promise.all(seats.map((seat) => insist(world, seat, 'card', ownCard)));
  for (const [i, seat] of seats.entries()) {
    const run = Math.min(acquaintances, seats.length - 1);
    const known = new Set(Array.from({ length: run }, (_, step) => (i + 1 + step) % seats.length));
    // Everybody knows the issuer and is known to it.
    if (i !== 0) known.add(0);
    else for (const other of seats.keys()) if (other !== 0) known.add(other);
    for (const other of known) {
      const card = cards[other];
      if (card) await insist(world, seat, 'contact', (device) => addContact(device, { file: card }));
    }
    const provisionalMax = world.random.fork(`policy ${i}`).pick(['any', '20', '5']);
    await insist(world, seat, 'policy', (device) => setPolicy(device, { provisionalMax, run: 4 }));
  }
}
