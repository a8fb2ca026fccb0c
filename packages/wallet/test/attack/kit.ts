/** What the attacks have in common. */
import { must, toHex, type MemoryDisk, type Result } from '@dsm/core';
import { expect } from 'vitest';
import type { Device } from '../../src/device.ts';
import { accept, commit, offer, receive, type Exchanged } from '../../src/exchange/index.ts';
import { policyKey, policyRecords } from '../../src/records/policy.ts';
import { command, type Table } from '../exchange/table.ts';

export const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

export const messageOf = ({ message }: Exchanged): Uint8Array => {
  if (!message) expect.fail('this turn has no message');
  return message;
};

interface Offering {
  readonly amount?: bigint;
  readonly order?: string;
  readonly provisional?: boolean;
  readonly compact?: boolean;
  readonly command?: Uint8Array;
  readonly expiryMs?: number;
}

/** An offer of one device to another. */
export const offerTo = (
  { token }: Pick<Table, 'token'>,
  from: Device,
  to: Device,
  { amount = 100n, order = '', provisional = false, ...rest }: Offering = {},
): Promise<Result<Exchanged>> =>
  offer(from, { command: command(), to: to.account, token, amount, order, provisional, ...rest });

/** Offer, accept and commit; the commit is not received. */
export async function payUpToCommit(
  table: Pick<Table, 'token'>,
  from: Device,
  to: Device,
  options: Offering = {},
): Promise<{ readonly offered: Exchanged; readonly accepted: Exchanged; readonly committed: Exchanged }> {
  const { compact = false } = options;
  const offered = must(await offerTo(table, from, to, options));
  const accepted = must(await accept(to, messageOf(offered), { compact }));
  const committed = must(await commit(from, messageOf(accepted), { compact }));
  return { offered, accepted, committed };
}

export async function pay(table: Pick<Table, 'token'>, from: Device, to: Device, options: Offering = {}) {
  const turns = await payUpToCommit(table, from, to, options);
  return { ...turns, received: must(await receive(to, messageOf(turns.committed))) };
}

/** Provisional payments are taken from everybody. */
export const takeAny = async (device: Device, run = 8): Promise<void> => {
  const policy = { provisional: 'any', maxUnits18: 0n, run } as const;
  must(await device.store.commit([policyRecords.put(device, policyKey(null), policy)]));
};

export const cutOff = ({ directory }: Table): void => [0, 1, 2, 3].forEach((node) => directory.down.add(node));

/** Everything in a store, as text to compare. */
export const dump = (disk: MemoryDisk): string =>
  [...disk]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, rows]) => rows.map(({ key, value }) => `${name} ${toHex(key)} ${toHex(value)}`))
    .join('\n');
