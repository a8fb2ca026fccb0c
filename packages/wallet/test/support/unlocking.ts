/** Stuck places and how to get there: clocks that pass, nodes that are away, payments of both kinds. */
import { expect } from 'vitest';
import type { Device } from '../../src/device.ts';
import { accept, commit, offer, receive } from '../../src/exchange/index.ts';
import { unlock, type UnlockReport } from '../../src/unlock/unlock.ts';
import { showChain } from '../../src/view/chain.ts';
import { history } from '../../src/view/history.ts';
import { expectOk, type Scene } from './scene.ts';

export const ALL = [0, 1, 2, 3] as const;

/** Unlocks with all the patience there is; waiting moves the world's clock. */
export const unlockNow = async (
  { world }: Scene,
  device: Device,
  patienceMs = Number.MAX_SAFE_INTEGER,
): Promise<UnlockReport> =>
  expectOk(await unlock(device, { patienceMs, wait: async (ms) => void (world.nowMs += ms) }));

export const passAway = ({ world }: Scene): void => {
  world.nowMs += world.net.network.settleMs + world.net.network.gapMs + 1;
};

export const downOnly = ({ directory }: Scene, ...nodes: readonly number[]): void => {
  directory.down.clear();
  for (const node of nodes) directory.down.add(node);
};

export const statuses = async (device: Device, direction: 'in' | 'out'): Promise<string[]> =>
  expectOk(await history(device))
    .filter(({ payment }) => payment.direction === direction)
    .map(({ status, payment: { grade } }) => `${status} ${grade}`);

export const operations = async (device: Device): Promise<string[]> =>
  expectOk(await showChain(device)).map(({ operation, status }) => `${operation?.operation.type} ${status}`);

let turns = 0;

export async function payProvisionally(payer: Device, payee: Device, scene: Scene, amount: bigint): Promise<void> {
  turns += 1;
  const command = new Uint8Array(32).fill(turns);
  const options = { command, to: payee.account, token: scene.token, amount, order: '', provisional: true };
  const offered = expectOk(await offer(payer, options));
  const accepted = expectOk(await accept(payee, offered.message!));
  const committed = expectOk(await commit(payer, accepted.message!));
  expect(expectOk(await receive(payee, committed.message!)).payment.grade).toBe('provisional');
}

/** Out of a reservation; answers once it is received. */
export async function payReserved(payer: Device, payee: Device, scene: Scene, amount: bigint): Promise<void> {
  turns += 1;
  const command = new Uint8Array(32).fill(turns);
  const order = { command, to: payee.account, token: scene.token, amount, order: '', provisional: false };
  const offered = expectOk(await offer(payer, order));
  const accepted = expectOk(await accept(payee, offered.message!));
  const committed = expectOk(await commit(payer, accepted.message!));
  expect(expectOk(await receive(payee, committed.message!)).payment.grade).toBe('reserved');
}
