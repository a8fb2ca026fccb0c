/** One home, two devices: both pay somebody else out of the same balance, with nobody there to ask. */
import { equalBytes, type Result, type TokenId } from '@dsm/core';
import { accept, commit, listReservations, offer, receive, reserve, sync, type Device } from '@dsm/wallet';
import { copyDisk, restoreDisk } from '../disk/disk.ts';
import { runCommand, startDevice, type DeviceSeat } from '../world/device.ts';
import type { Random } from '../world/random.ts';
import { addDevice, type World } from '../world/world.ts';

/** A second device with a byte copy of the home of the first. */
export async function copyHome(world: World, owner: DeviceSeat): Promise<DeviceSeat> {
  const copy = addDevice(world, `copy ${world.seats.length} of ${owner.who.name}`);
  restoreDisk(copy.who.disk, copyDisk(owner.who.disk));
  copy.who.honest = false;
  copy.who.skewMs = owner.who.skewMs;
  world.count('device cloned');
  await startDevice(world, copy);
  return copy;
}

/** What two copies do to two honest payees. */
export interface Copies {
  readonly world: World;
  readonly random: Random;
  readonly owner: DeviceSeat;
  readonly copy: DeviceSeat;
  readonly payees: readonly [DeviceSeat, DeviceSeat];
}

type Turn = (device: Device, message: Uint8Array) => Promise<Result<{ readonly message: Uint8Array | null }>>;

async function takeTurn(world: World, seat: DeviceSeat, kind: string, message: Uint8Array, turn: Turn) {
  const done = await runCommand(world, seat, kind, (device) => turn(device, message));
  return done.type === 'done' && done.result.ok ? done.result.value : undefined;
}

/** All turns of a payment, hand to hand. True: the payee was told that it has it. */
async function payByHand(
  { world, random }: Copies,
  payer: DeviceSeat,
  payee: DeviceSeat,
  amount: bigint,
  provisional: boolean,
): Promise<boolean> {
  const { account: to } = payee;
  if (!to) return false;
  const options = { command: random.bytes(32), to, token: world.token as TokenId, amount, order: '', provisional };
  const offered = await runCommand(world, payer, 'offer', (device) => offer(device, options));
  const first = offered.type === 'done' && offered.result.ok ? offered.result.value.message : undefined;
  const accepted = first && (await takeTurn(world, payee, 'offer', first, accept));
  const committed = accepted?.message && (await takeTurn(world, payer, 'accept', accepted.message, commit));
  if (!committed?.message) return false;
  return (await takeTurn(world, payee, 'commit', committed.message, receive)) !== undefined;
}

/** Value set aside for the first payee before there are two of them. */
export async function reserveBefore(world: World, owner: DeviceSeat, payee: DeviceSeat): Promise<void> {
  const { account } = payee;
  if (!account) return;
  const until = world.scheduler.nowMs() + world.facts.marginMs + 600_000;
  const terms = { for: account, token: world.token as TokenId, amount: 40n, until };
  await runCommand(world, owner, 'reserve', (device) => reserve(device, terms));
}

/**
 * Both pay provisionally, each somebody else; then both pay the first payee out of the one reservation. Then the payees
 * meet the network, at once or one after the other.
 */
export async function spendTwice(copies: Copies): Promise<void> {
  const { world, random, owner, copy, payees } = copies;
  const [one, other] = payees;
  const amounts = [BigInt(random.between(1, 50)), BigInt(random.between(1, 50))] as const;
  const paid = [
    await payByHand(copies, owner, one, amounts[0], true),
    await payByHand(copies, copy, other, amounts[1], true),
  ];
  if (paid.every(Boolean)) world.count('copies: both payees paid');
  else if (paid.some(Boolean)) world.count('copies: one payee paid');
  if (await hasReservation(owner, one)) {
    const out = [await payByHand(copies, owner, one, 10n, false), await payByHand(copies, copy, one, 20n, false)];
    if (out.some(Boolean)) world.count('copies: one reservation, two payers');
  }
  const meet = (seat: DeviceSeat): Promise<unknown> => runCommand(world, seat, 'sync', sync);
  if (random.chance(0.5)) await Promise.all([meet(one), meet(other)]);
  else for (const seat of random.chance(0.5) ? [one, other] : [other, one]) await meet(seat);
  await Promise.all([meet(one), meet(other)]);
}

async function hasReservation({ device }: DeviceSeat, { account }: DeviceSeat): Promise<boolean> {
  if (!device || !account) return false;
  return (await listReservations(device)).some(
    ({ payer, payee, status }) => status === 'open' && equalBytes(payer, device.account) && equalBytes(payee, account),
  );
}
