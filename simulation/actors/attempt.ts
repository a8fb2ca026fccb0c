/** One entry of the catalogue of forgeries, tried by a device that cheats. */
import { fail, type ChainId, type Result, type TokenId } from '@dsm/core';
import type { Device } from '@dsm/wallet';
import { runCommand, type DeviceSeat, type Outcome } from '../world/device.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import { FORGERIES, type Forger } from './forgeries/index.ts';

export interface Attempt {
  readonly name: string;
  readonly outcome: Outcome<unknown>;
}

/** `accomplices`: seats that cheat too; their wallets are at the forger's disposal. */
export async function attemptForgery(
  world: World,
  seat: DeviceSeat,
  accomplices: Iterable<DeviceSeat>,
  random: Random,
  name: string = random.pick(Object.keys(FORGERIES)),
): Promise<Attempt> {
  world.count(`forged: ${name}`);
  const outcome = await runCommand(world, seat, `forge ${name}`, (device) =>
    tryOne(makeForger(world, device, accomplices, random), name),
  );
  return { name, outcome };
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
