/** RES-4: claims that were drafted one after the other for the same place of a reservation. */
import { must } from '@dsm/core';
import { beforeEach, expect, test } from 'vitest';
import { releaseExpired } from '../src/account/reserve.ts';
import type { Device } from '../src/device.ts';
import { listReservations } from '../src/records/reservation.ts';
import { vaultDraftRecords } from '../src/records/vault-draft.ts';
import { buildClaim } from '../src/sync/claims.ts';
import { sync } from '../src/sync/sync.ts';
import { unlock } from '../src/unlock/unlock.ts';
import { cutOff, pay } from './attack/kit.ts';
import { copyOf, layTable, type Table } from './exchange/table.ts';
import { present } from './support/wallets.ts';

let table: Table;
let till: Device;

beforeEach(async () => {
  table = await layTable();
  till = table.till.device;
  cutOff(table);
  for (const amount of [100n, 50n, 25n]) {
    await pay(table, table.alice.device, till, { amount });
    must(await buildClaim(till, await vaultOf(till)));
  }
});

const vaultOf = async (device: Device) => present((await listReservations(device))[0]).vault;
const reach = (): void => table.directory.down.clear();

/** Base units, one claim after the other. */
async function claimAll(device: Device): Promise<bigint> {
  let total = 0n;
  for (let i = 0; i < 4; i++) for (const claimed of must(await sync(device)).claimed) total = claimed.total;
  return total;
}

test('are brought to the nodes in their order, and all is claimed in the end', async () => {
  expect(await vaultDraftRecords.list(till)).toHaveLength(3);
  reach();
  expect(await claimAll(till)).toBe(175n);
  expect(await vaultDraftRecords.list(till)).toEqual([]);
});

test('give way to one that somebody else has brought before', async () => {
  const copy = await copyOf(table, table.till);
  const drafts = await vaultDraftRecords.list(copy);
  must(await copy.store.commit(drafts.map(({ key }) => vaultDraftRecords.remove(key))));
  reach();
  expect(await claimAll(copy)).toBe(175n);
  must(await sync(till));
  expect(present((await listReservations(till))[0]).claimed).toBe(175n);
});

test('WAL-13: are a reason for rounds, but not without the nodes', async () => {
  const { open, unlocked } = must(await unlock(till, { patienceMs: 0 }));
  expect(unlocked).toEqual([]);
  expect(open.map(({ code }) => code)).toContain('E_PENDING');
});

test('RES-5: nothing comes back of a reservation that was claimed as a whole', async () => {
  await pay(table, table.alice.device, till, { amount: 2_000n - 175n });
  reach();
  expect(await claimAll(till)).toBe(2_000n);
  table.world.nowMs += 31 * 86_400_000;
  expect(must(await releaseExpired(table.alice.device, till.account))).toEqual([]);
});
