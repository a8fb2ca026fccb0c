/** What takes two: a cheat who waits with a letter until it should not count any more, and somebody honest. */
import type { Result, TokenId } from '@dsm/core';
import { accept, commit, offer, receive, reserve, type Device, type Exchanged } from '@dsm/wallet';
import { runCommand, type DeviceSeat } from '../world/device.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

/** Both have met; the honest one is somebody of the run. */
export interface Couple {
  readonly world: World;
  readonly random: Random;
  readonly cheat: DeviceSeat;
  readonly honest: DeviceSeat;
}

export type Scene = (couple: Couple) => Promise<void>;

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** One turn of somebody, by the kind of letter that is taken; its message, if there is one. */
async function turn(
  { world }: Couple,
  seat: DeviceSeat,
  command: string,
  work: (device: Device) => Promise<Result<Exchanged>>,
): Promise<Uint8Array | undefined> {
  const outcome = await runCommand(world, seat, command, work);
  return outcome.type === 'done' && outcome.result.ok ? (outcome.result.value.message ?? undefined) : undefined;
}

/** Value set aside by one for the other until so long after the margin, and an offer out of it. */
async function offerFrom(
  couple: Couple,
  payer: DeviceSeat,
  payee: DeviceSeat,
  lastsMs: number,
  expiryMs: number,
): Promise<Uint8Array | undefined> {
  const { world, random } = couple;
  const token = world.token as TokenId;
  const to = payee.account;
  if (!to) return undefined;
  const until = world.scheduler.nowMs() + world.facts.marginMs + lastsMs;
  await runCommand(world, payer, 'reserve', (device) => reserve(device, { for: to, token, amount: 9n, until }));
  const options = { command: random.bytes(32), to, token, amount: 2n, order: '', provisional: false, expiryMs };
  return turn(couple, payer, 'offer', (device) => offer(device, options));
}

const LATE_MS = 60_000;

export const SCENES: Readonly<Record<string, Scene>> = {
  /** The payer commits in time and hands it over when the reservation is about to end. */
  commitHeldBack: async (couple) => {
    const { cheat, honest } = couple;
    const offered = await offerFrom(couple, cheat, honest, 20_000, 15_000);
    const accepted = offered && (await turn(couple, honest, 'offer', (device) => accept(device, offered)));
    const committed = accepted && (await turn(couple, cheat, 'accept', (device) => commit(device, accepted)));
    if (!committed) return;
    await pause(LATE_MS);
    await turn(couple, honest, 'commit', (device) => receive(device, committed));
  },

  /** The payee accepts in time, for a moment, and hands it over long after. */
  acceptHeldBack: async (couple) => {
    const { cheat, honest } = couple;
    const offered = await offerFrom(couple, honest, cheat, 600_000, 300_000);
    const accepted =
      offered && (await turn(couple, cheat, 'offer', (device) => accept(device, offered, { expiryMs: 5_000 })));
    if (!accepted) return;
    await pause(LATE_MS);
    await turn(couple, honest, 'accept', (device) => commit(device, accepted));
  },
};
