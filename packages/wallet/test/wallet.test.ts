import { memoryDisk, memoryStore, toHex, type MemoryDisk } from '@dsm/core';
import { systemEntropy } from '@dsm/platform/node';
import { describe, expect, test } from 'vitest';
import { deriveKeys } from '../src/keys/derive.ts';
import { walletRecords, SOLE } from '../src/records/meta.ts';
import { createWallet } from '../src/wallet/create.ts';
import { changeEndpoints, openWallet, readWallet } from '../src/wallet/open.ts';
import { makeWallet, makeWorld, OFFLINE, optionsFor, reopen, suite } from './support/wallets.ts';

const world = makeWorld();

const open = (disk: MemoryDisk, passphrase = 'correct horse') =>
  openWallet({
    store: memoryStore(disk),
    suite,
    clock: world.clock,
    entropy: systemEntropy,
    transportFor: () => OFFLINE,
    passphrase,
  });

const dump = (disk: MemoryDisk): string =>
  JSON.stringify([...disk].map(([name, records]) => [name, records.map((r) => [toHex(r.key), toHex(r.value)])]));

const flipBit = (bytes: Uint8Array, at: number): void => bytes.set([(bytes.at(at) ?? 0) ^ 1], at);

describe('a wallet', () => {
  test('opens again with its passphrase and is the same device', async () => {
    const disk = memoryDisk();
    const { device } = await makeWallet(world, 'alice', disk);
    const again = await reopen(world, memoryStore(disk));
    expect(toHex(again.account)).toBe(toHex(device.account));
    expect(again.keys).toEqual(device.keys);
  });

  test('WAL-2: refuses a wrong passphrase, loses nothing', async () => {
    const disk = memoryDisk();
    await makeWallet(world, 'alice', disk);
    const before = dump(disk);
    expect(await open(disk, 'incorrect')).toMatchObject({ ok: false, error: { code: 'E_PASSPHRASE' } });
    expect(dump(disk)).toBe(before);
    expect(await open(disk)).toMatchObject({ ok: true });
  });

  test('WAL-2: no key stands in the store in the clear', async () => {
    const disk = memoryDisk();
    const { device } = await makeWallet(world, 'alice', disk);
    const text = dump(disk);
    for (const secret of [device.keys.seed, device.key.secretKey.bytes, device.keys.controller.secretKey.bytes]) {
      expect(text).not.toContain(toHex(secret));
    }
  });

  test('WAL-4: is never made over another', async () => {
    const disk = memoryDisk();
    await makeWallet(world, 'alice', disk);
    const before = dump(disk);
    const again = await createWallet(optionsFor(world, 'bob', memoryStore(disk)));
    expect(again).toMatchObject({ ok: false, error: { code: 'E_EXISTS' } });
    expect(dump(disk)).toBe(before);
  });

  test('WAL-4: an empty store holds none', async () => {
    expect(await open(memoryDisk())).toMatchObject({ ok: false, error: { code: 'E_NOT_FOUND' } });
  });

  test('the words bring all keys back', async () => {
    const { device, words } = await makeWallet(world, 'alice');
    const seed = Uint8Array.from(words.match(/../g)!.map((byte) => Number.parseInt(byte, 16)));
    expect(deriveKeys(suite, 'ml-dsa-44', seed)).toEqual(device.keys);
  });

  test.each(['', ' alice', 'a\u0000b', 'x'.repeat(65)])('WAL-4: %j is no name', async (name) => {
    const made = await createWallet(optionsFor(world, name, memoryStore()));
    expect(made).toMatchObject({ ok: false, error: { code: 'E_FORMAT' } });
  });

  test('WAL-1: any bit that turns in any record is noticed, and nothing is overwritten', async () => {
    const disk = memoryDisk();
    await makeWallet(world, 'alice', disk);
    for (const name of ['wallet', 'keys', 'chain', 'leaf']) {
      for (const record of disk.get(name)!) {
        const at = Math.floor(record.value.length / 2);
        flipBit(record.value, at);
        const before = dump(disk);
        expect(await open(disk), name).toMatchObject({ ok: false, error: { code: 'E_DAMAGED' } });
        expect(dump(disk)).toBe(before);
        flipBit(record.value, at);
      }
    }
    expect(await open(disk)).toMatchObject({ ok: true });
  });

  test('WAL-2: keys under the record of another wallet do not open', async () => {
    const [one, two] = [memoryDisk(), memoryDisk()];
    await makeWallet(world, 'alice', one);
    await makeWallet(world, 'bob', two);
    one.set('keys', two.get('keys')!);
    expect(await open(one)).toMatchObject({ ok: false, error: { code: 'E_PASSPHRASE' } });
    one.delete('keys');
    expect(await open(one)).toMatchObject({ ok: false, error: { code: 'E_DAMAGED' } });
  });

  test('WAL-2: a cost out of bounds is refused before anything is computed', async () => {
    const disk = memoryDisk();
    const { device } = await makeWallet(world, 'alice', disk);
    const wallet = (await walletRecords.read(device, SOLE))!;
    await device.store.commit([
      walletRecords.put(device, SOLE, { ...wallet, cost: { memoryKib: 2 ** 32, passes: 1, lanes: 1 } }),
    ]);
    expect(await open(disk)).toMatchObject({ ok: false, error: { code: 'E_DAMAGED', rule: 'WAL-2' } });
  });

  test('remembers where the nodes answer', async () => {
    const disk = memoryDisk();
    const { device } = await makeWallet(world, 'alice', disk);
    await changeEndpoints(device, ['http://127.0.0.1:1']);
    expect(await readWallet(device)).toMatchObject({ ok: true, value: { endpoints: ['http://127.0.0.1:1'] } });
  });

  test('its clock is never behind the newest certified time', async () => {
    const { device } = await makeWallet(world, 'alice');
    expect(device.clock()).toBe(world.nowMs);
    device.seen.newestMs = world.nowMs + 5;
    expect(device.clock()).toBe(world.nowMs + 5);
  });
});
