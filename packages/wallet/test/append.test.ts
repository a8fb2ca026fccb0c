import { faultyStore, memoryDisk, memoryStore, toHex, type AccountOperation } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { appendState, finishIntent, signIntent, writeIntent } from '../src/chain/append.ts';
import { draftNext, requireChain } from '../src/chain/draft.ts';
import type { Device } from '../src/device.ts';
import { listJournal } from '../src/records/journal.ts';
import { leafRecords } from '../src/records/leaf.ts';
import { readState } from '../src/records/state.ts';
import { expectCode, expectOk } from './support/scene.ts';
import { makeWallet, makeWorld, present, reopen, suite } from './support/wallets.ts';
import { watchSignatures } from './support/signing.ts';

const world = makeWorld();

const createToken = (device: Device, salt: number): AccountOperation => ({
  type: 'createToken',
  window: { from: world.nowMs, until: world.nowMs + 1_000 },
  policy: {
    network: device.network.id,
    issuer: device.account,
    symbol: 'MEAL',
    decimals: 2,
    cap: 100n,
    expiresAt: 0,
    transferable: true,
    approvers: [],
    threshold: 0,
    salt: new Uint8Array(16).fill(salt),
  },
});

const append = (device: Device, salt: number) =>
  appendState(device, {
    chain: device.account,
    operation: { kind: 'account', operation: createToken(device, salt) },
  });

async function draft(device: Device, salt: number) {
  const held = expectOk(await requireChain(device, device.account));
  return expectOk(await draftNext(device, held, { kind: 'account', operation: createToken(device, salt) }));
}

describe('appending', () => {
  test('WAL-3: intent, then signature; a state is in the journal until it is done', async () => {
    const { device } = await makeWallet(world, 'alice');
    expectOk(await writeIntent(device, await draft(device, 1), {}));
    expect(await readState(device, device.account, 1)).toMatchObject({ status: 'intent' });
    expectOk(await signIntent(device, device.account, 1));
    expect(await readState(device, device.account, 1)).toMatchObject({ status: 'signed' });
    expect(await listJournal(device)).toMatchObject([{ index: 1 }]);
  });

  test('WAL-3: of two drafts for one place one is written, the other is stale', async () => {
    const { device } = await makeWallet(world, 'alice');
    const [one, two] = [await draft(device, 1), await draft(device, 2)];
    expectOk(await writeIntent(device, one, {}));
    expectCode(await writeIntent(device, two, {}), 'E_STALE');
    expect(toHex(present(await readState(device, device.account, 1)).hash)).toBe(toHex(one.transition.hash));
  });

  test('WAL-3: an intent that a crash left is signed as it is, whatever is asked for next', async () => {
    const disk = memoryDisk();
    const { device: created } = await makeWallet(world, 'alice', disk);
    const watch = watchSignatures(suite);
    const device: Device = { ...created, suite: watch.suite, store: faultyStore(memoryStore(disk), { 2: 'lost' }) };
    expectCode(await append(device, 1), 'E_STORE');
    const intended = await readState(device, device.account, 1);
    expect(intended?.status).toBe('intent');
    const later: Device = { ...(await reopen(world, memoryStore(disk))), suite: watch.suite };
    const next = expectOk(await append(later, 2));
    expect(next.body.index).toBe(2);
    expect(await readState(later, later.account, 1)).toEqual({ ...intended, status: 'signed' });
    expect(watch.twice()).toEqual([]);
    expectOk(await finishIntent(later, later.account));
  });

  test('WAL-3: two runs of one home at once never sign two states for one place', async () => {
    const disk = memoryDisk();
    const { device } = await makeWallet(world, 'alice', disk);
    const watch = watchSignatures(suite);
    const runs = [1, 2, 3, 4].map((salt) => append({ ...device, suite: watch.suite }, salt));
    const results = await Promise.all(runs);
    for (const result of results) if (!result.ok) expectCode(result, 'E_STALE');
    expect(results.some(({ ok }) => ok)).toBe(true);
    expect(watch.twice()).toEqual([]);
  });

  test('CHN-12: what somebody else may append is refused before anything is written', async () => {
    const { device } = await makeWallet(world, 'alice');
    const { device: other } = await makeWallet(world, 'bob');
    const drafted = await draft(device, 1);
    expectCode(await writeIntent({ ...device, key: other.key }, drafted, {}), 'E_SIGNATURE');
    expect(await listJournal(device)).toEqual([]);
  });

  test('WAL-1: leaves that are not those of the tip are damage, and nothing is appended', async () => {
    const { device } = await makeWallet(world, 'alice');
    const leaf = present((await leafRecords.list(device))[0]);
    await device.store.commit([leafRecords.put(device, leaf.key, Uint8Array.of(1))]);
    await expect(append(device, 1)).rejects.toMatchObject({ failure: { code: 'E_DAMAGED' } });
    expect(await listJournal(device)).toEqual([]);
  });
});
