import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { must, storeAcceptance, StoreError, type Store, type Write } from '@dsm/core';
import { openSqliteStore, type SqliteStoreOptions } from '@dsm/platform/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let home: string;
let path: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dsm-store-'));
  path = join(home, 'store.db');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const open = async (options: Partial<SqliteStoreOptions> = {}): Promise<Store> =>
  must(await openSqliteStore({ path, ...options }));

const put = (key: number, value: Uint8Array): Write => ({
  collection: 'c',
  key: Uint8Array.of(key >> 8, key & 255),
  put: value,
});

/** A store of about 400 KB, closed. */
async function fillStore(): Promise<void> {
  const store = await open();
  await store.commit(Array.from({ length: 200 }, (_, i) => put(i, new Uint8Array(2_000).fill(i))));
  await store.close();
}

/** Overwrites the middle of the file, leaving its header as it is. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 4_096 * 3, bytes.length - 4_096);
  writeFileSync(file, bytes);
}

async function expectRefusal(options: Partial<SqliteStoreOptions>, code: string): Promise<void> {
  const contents = (): string => (statSync(path).isFile() ? readFileSync(path, 'latin1') : 'no file');
  const before = contents();
  expect(await openSqliteStore({ path, waitMs: 50, ...options })).toMatchObject({ ok: false, error: { code } });
  expect(contents() === before, 'the file is as it was').toBe(true);
}

describe.each([
  ['shared', {}],
  ['exclusive', { exclusive: true }],
  ['checked', { check: true }],
])('SQLite store, %s', (_, options) => {
  for (const { name, run } of storeAcceptance) test(name, () => run(() => open(options)));

  test('STO-4: closed, it is one regular file, readable by its owner only', async () => {
    const store = await open(options);
    await store.commit([put(1, new Uint8Array(10_000))]);
    await store.close();
    expect(readdirSync(home)).toEqual(['store.db']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

describe('STO-3: one process', () => {
  test('nobody opens a store that is held exclusively, until it is closed', async () => {
    const store = await open({ exclusive: true });
    for (const exclusive of [true, false]) {
      const second = await openSqliteStore({ path, exclusive, waitMs: 50 });
      expect(second).toMatchObject({ ok: false, error: { code: 'E_BUSY', rule: 'STO-3' } });
    }
    // Refused openers took no lock away.
    expect(await openSqliteStore({ path, waitMs: 50 })).toMatchObject({ ok: false, error: { code: 'E_BUSY' } });
    expect(await store.commit([put(1, Uint8Array.of(1))])).toMatchObject({ ok: true });
    await store.close();
    await (await open({ exclusive: true })).close();
  });

  test('a store that somebody uses cannot be taken exclusively', async () => {
    const store = await open();
    await store.get('c', Uint8Array.of(1));
    expect(await openSqliteStore({ path, exclusive: true, waitMs: 50 })).toMatchObject({
      ok: false,
      error: { code: 'E_BUSY' },
    });
    await store.close();
  });

  test('two shared openers see what the other commits; conditions hold between them', async () => {
    const [a, b] = [await open(), await open()];
    const absent = [{ collection: 'c', key: Uint8Array.of(0, 1), is: 'absent' }] as const;
    expect(await a.commit([put(1, Uint8Array.of(1))], absent)).toMatchObject({ ok: true });
    expect(await b.get('c', Uint8Array.of(0, 1))).toEqual(Uint8Array.of(1));
    expect(await b.commit([put(1, Uint8Array.of(2))], absent)).toMatchObject({ error: { code: 'E_CONFLICT' } });
    await a.close();
    await b.close();
    expect(readdirSync(home)).toEqual(['store.db']);
  });

  test('a commit while another connection writes is E_BUSY, and works after', async () => {
    const store = await open({ waitMs: 50 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    expect(await store.commit([put(1, Uint8Array.of(1))])).toMatchObject({ ok: false, error: { code: 'E_BUSY' } });
    other.exec('ROLLBACK');
    other.close();
    expect(await store.commit([put(1, Uint8Array.of(1))])).toMatchObject({ ok: true });
    await store.close();
  });
});

describe('STO-4: the medium', () => {
  test('a directory that is missing or in the place of the file is E_STORE', async () => {
    const missing = await openSqliteStore({ path: join(home, 'missing', 'store.db') });
    expect(missing).toMatchObject({ ok: false, error: { code: 'E_STORE', rule: 'STO-4' } });
    mkdirSync(path);
    await expectRefusal({}, 'E_STORE');
    expect(readdirSync(home)).toEqual(['store.db']);
  });

  test('a path may hold any characters', async () => {
    const odd = join(home, 'a ?#%41 ä.db');
    const store = must(await openSqliteStore({ path: odd }));
    await store.commit([put(1, Uint8Array.of(1))]);
    await store.close();
    expect(readdirSync(home)).toEqual(['a ?#%41 ä.db']);
  });

  test('a value over the limit of SQLite is E_STORE and nothing of its commit is there', async () => {
    const store = await open();
    const result = await store.commit([put(1, Uint8Array.of(1)), put(2, new Uint8Array(1_000_000_001))]);
    expect(result).toMatchObject({ ok: false, error: { code: 'E_STORE' } });
    expect(await store.scan('c')).toEqual([]);
    expect(await store.commit([put(1, Uint8Array.of(1))])).toMatchObject({ ok: true });
    await store.close();
  });

  test('what was committed before a crash is there after it', async () => {
    const store = await open();
    await store.commit([put(1, Uint8Array.of(1)), put(2, Uint8Array.of(2))]);
    const crashed = join(home, 'crashed.db');
    copyFileSync(path, crashed);
    copyFileSync(`${path}-wal`, `${crashed}-wal`);
    await store.close();
    const recovered = await open({ path: crashed, exclusive: true });
    expect(await recovered.scan('c')).toHaveLength(2);
    await recovered.close();
    expect(readdirSync(home).toSorted()).toEqual(['crashed.db', 'store.db']);
  });
});

describe('STO-5: damage is reported and left as it is', () => {
  const contents: [string, () => Uint8Array][] = [
    ['an empty file', () => new Uint8Array(0)],
    ['a short text', () => Buffer.from('hello')],
    ['a long text', () => Buffer.alloc(100_000, 'hello ')],
    ['the first half of a header', () => readFileSync(path).subarray(0, 50)],
    ['a header without pages', () => readFileSync(path).subarray(0, 100)],
    ['a broken header', () => Buffer.from(readFileSync(path)).fill(0, 0, 16)],
    ['a broken schema', () => Buffer.from(readFileSync(path)).fill(0xff, 100, 4_096)],
  ];
  test.each(contents)('%s', async (_, make) => {
    await fillStore();
    writeFileSync(path, make());
    await expectRefusal({}, 'E_DAMAGED');
    await expectRefusal({ exclusive: true }, 'E_DAMAGED');
    expect(readdirSync(home)).toEqual(['store.db']);
  });

  test('the database of another program', async () => {
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES (1)');
    other.close();
    await expectRefusal({}, 'E_DAMAGED');
  });

  test('a store without its table', async () => {
    await fillStore();
    const other = new DatabaseSync(path);
    other.exec('DROP TABLE records');
    other.close();
    await expectRefusal({}, 'E_DAMAGED');
  });

  test('STO-6: a store of a later version is E_VERSION', async () => {
    await fillStore();
    const other = new DatabaseSync(path);
    other.exec('PRAGMA user_version = 2');
    other.close();
    await expectRefusal({}, 'E_VERSION');
  });

  test('a log whose database is gone is not thrown away', async () => {
    writeFileSync(`${path}-wal`, 'committed last');
    expect(await openSqliteStore({ path })).toMatchObject({ ok: false, error: { code: 'E_DAMAGED' } });
    expect(readdirSync(home)).toEqual(['store.db-wal']);
  });

  test.each(['damaged pages', 'missing pages'])('%s are found at opening when asked for', async (kind) => {
    await fillStore();
    if (kind === 'damaged pages') damage(path);
    else writeFileSync(path, readFileSync(path).subarray(0, 8 * 4_096));
    await expectRefusal({ check: true }, 'E_DAMAGED');
  });

  test('damaged pages found later reject a read with a StoreError and fail a commit', async () => {
    await fillStore();
    damage(path);
    const store = await open();
    const outcomes = await Promise.allSettled([
      store.scan('c'),
      ...Array.from({ length: 200 }, (_, i) => store.get('c', Uint8Array.of(0, i))),
    ]);
    const rejections = outcomes
      .filter((outcome) => outcome.status === 'rejected')
      .map(({ reason }) => reason as unknown);
    expect(outcomes[0]?.status).toBe('rejected');
    expect(rejections.length).toBeGreaterThan(10);
    for (const reason of rejections) {
      expect(reason).toBeInstanceOf(StoreError);
      expect((reason as StoreError).failure).toMatchObject({ code: 'E_DAMAGED', rule: 'STO-5' });
    }
    const written = await store.commit(Array.from({ length: 200 }, (_, i) => put(i, Uint8Array.of(1))));
    expect(written).toMatchObject({ ok: false, error: { code: 'E_DAMAGED' } });
    await store.close();
  });
});
