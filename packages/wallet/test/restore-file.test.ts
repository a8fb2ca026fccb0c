/** WAL-33: what a file that the words open must hold. Whoever has the words can write any. */
import { backupDigest, encodeFile, encodeItem, memoryStore, type Item } from '@dsm/core';
import { beforeAll, expect, test } from 'vitest';
import type { Device } from '../src/device.ts';
import { deriveSecret } from '../src/keys/derive.ts';
import { allCollections } from '../src/records/all.ts';
import { endpointsRecords, walletRecords } from '../src/records/meta.ts';
import { BACKUP_VERSION } from '../src/view/backup.ts';
import { save, tryRestore } from './support/restores.ts';
import { makeWallet, makeWorld, OFFLINE, suite, type TestWorld } from './support/wallets.ts';

let world: TestWorld;
let alice: Device;
let bob: Device;
/** Every record of Alice. */
let records: readonly (readonly [string, Item])[];

beforeAll(async () => {
  world = makeWorld();
  ({ device: alice } = await makeWallet(world, 'alice'));
  ({ device: bob } = await makeWallet(world, 'bob'));
  records = await recordsOf(alice);
});

const recordsOf = ({ store }: Device): Promise<readonly (readonly [string, Item])[]> =>
  Promise.all(
    allCollections.map(async (name) => [name, (await store.scan(name)).map(({ key, value }) => [key, value])] as const),
  );

const version = (collections: Item): Item => [BACKUP_VERSION, collections];

/** What restoring from a file answers that holds this under the words of Alice, and her account on the outside. */
async function restoreFrom(plain: Item): Promise<string> {
  const { seed } = alice.keys;
  const nonce = alice.entropy(24);
  const outside = { network: alice.network.id, account: alice.account, timeMs: world.nowMs };
  const bound = encodeItem([outside.network, outside.account, outside.timeMs]);
  const sealed = suite.seal(deriveSecret(suite, seed, 'backup'), nonce, encodeItem(plain), bound);
  const content = { ...outside, nonce, sealed };
  const file = encodeFile(suite, 'backup', { ...content, digest: backupDigest(suite, content) });
  const restored = await tryRestore(world, OFFLINE, { file, seed });
  return restored.ok ? 'ok' : `${restored.error.code} ${restored.error.message}`;
}

test('all records of the wallet make a backup', async () => {
  expect(await restoreFrom(version(records as Item))).toBe('ok');
});

test('one that says nothing of where the nodes answer is restored without', async () => {
  const without = records.filter(([name]) => name !== endpointsRecords.name);
  expect(await restoreFrom(version(without as Item))).toBe('ok');
});

test('E_EXISTS: of two that restore into one store at once', async () => {
  const saved = await save(alice);
  const store = memoryStore();
  const both = await Promise.all([1, 2].map(() => tryRestore(world, OFFLINE, saved, { store })));
  expect(both.map((one) => (one.ok ? 'ok' : one.error.code)).toSorted()).toEqual(['E_EXISTS', 'ok']);
});

test.each<[string, Item]>([
  ['no list at all', 1],
  ['the next version', [BACKUP_VERSION + 1, []]],
  ['a collection that this version does not know', [BACKUP_VERSION, [['nobody-knows', []]]]],
  ['a collection without a name', [BACKUP_VERSION, [[1, []]]]],
])('E_VERSION: %s', async (_, plain) => {
  expect(await restoreFrom(plain)).toMatch(/^E_VERSION /);
});

test.each<[string, Item, string]>([
  ['no list of collections', [BACKUP_VERSION, 1], 'cannot be read'],
  ['a record that is none', [BACKUP_VERSION, [[walletRecords.name, [[1, 2]]]]], 'a record of the backup is none'],
  ['no record of a wallet', [BACKUP_VERSION, []], 'holds no wallet'],
])('E_DAMAGED: %s', async (_, plain, why) => {
  expect(await restoreFrom(plain)).toMatch(new RegExp(`^E_DAMAGED .*${why}`));
});

test('E_DAMAGED: records of another wallet than stands on the outside', async () => {
  expect(await restoreFrom(version((await recordsOf(bob)) as Item))).toMatch(/^E_DAMAGED .*contradicts/);
});

test('E_DAMAGED: an account whose key does not follow from the words, or that is not there', async () => {
  const without = records.filter(([name]) => name !== 'item');
  expect(without.length).toBeLessThan(records.length);
  expect(await restoreFrom(version(without as Item))).toMatch(/^E_DAMAGED .*not those of the account/);
});
