import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteStore } from '@dsm/platform/node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { onlyError, onlyObject, run } from './support/call.ts';
import { endAll, runToEnd } from './support/processes.ts';
import { initWallet, introduce, openWorld, PASSPHRASE, type World } from './support/world.ts';

// Commands and nodes are processes or share one with everything else: slow on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await initWallet(world, 'alice');
  await initWallet(world, 'bob');
  await introduce(world, 'alice', 'bob');
});
afterAll(async () => {
  await endAll();
  await world.close();
});

const walletOf = (home: string): string => join(world.path(home), 'wallet.sqlite');
const clone = (from: string, to: string): void => cpSync(world.path(from), world.path(to), { recursive: true });

describe('CLI-2: the home', () => {
  test('holds regular files only, readable by the owner only, and no path of this machine', () => {
    expect(readdirSync(world.path('alice'))).toEqual(['wallet.sqlite']);
    const found = lstatSync(walletOf('alice'));
    expect(found.isFile()).toBe(true);
    expect(found.mode & 0o077).toBe(0);
    expect(lstatSync(world.path('alice')).mode & 0o077).toBe(0);
    expect(readFileSync(walletOf('alice')).includes(world.dir)).toBe(false);
  });

  test('works after it was copied to another place', async () => {
    clone('alice', 'elsewhere');
    expect(await world.ask('elsewhere', 'id')).toEqual(await world.ask('alice', 'id'));
    expect(await world.ask('elsewhere', 'contact', 'list')).toEqual(await world.ask('alice', 'contact', 'list'));
  });

  test('is --home, else DSM_HOME, else ~/.dsm', async () => {
    const env = { DSM_PASSPHRASE: PASSPHRASE, DSM_HOME: world.path('alice') };
    expect(onlyObject(await run(['id', '--json'], env))).toMatchObject({ name: 'alice' });
    expect(onlyObject(await run(['id', '--json', '--home', world.path('bob')], env))).toMatchObject({ name: 'bob' });
    expect(onlyObject(await run(['--home', world.path('bob'), '--json', 'id'], env))).toMatchObject({ name: 'bob' });
    const HOME = world.path('person');
    cpSync(world.path('bob'), join(HOME, '.dsm'), { recursive: true });
    const ended = await runToEnd(['id', '--json'], { HOME, DSM_HOME: '', DSM_PASSPHRASE: PASSPHRASE });
    expect(JSON.parse(ended.stdout)).toMatchObject({ name: 'bob' });
  });

  test('is made by init alone', async () => {
    for (const command of [['id'], ['balance'], ['sync'], ['contact', 'list']]) {
      expect((await world.refusal('nobody', ...command)).code).toBe('E_NOT_FOUND');
    }
    expect(() => lstatSync(world.path('nobody'))).toThrow(/ENOENT/);
    mkdirSync(world.path('bare'));
    expect((await world.refusal('bare', 'id')).code).toBe('E_NOT_FOUND');
    expect(readdirSync(world.path('bare'))).toEqual([]);
  });

  test('that cannot be made is refused', async () => {
    writeFileSync(world.path('file'), '');
    const refused = await world.refusal('file/home', 'init', '--name', 'x', '--network', world.file);
    expect(refused.code).toBe('E_STORE');
  });
});

describe('the passphrase', () => {
  const ask = async (passphrase: string | undefined, terminal = false) => {
    const env = passphrase === undefined ? {} : { DSM_PASSPHRASE: passphrase };
    return onlyError(await run(['id', '--json', '--home', world.path('alice')], env, terminal));
  };

  test('that is wrong is refused, and nothing is lost', async () => {
    const before = readFileSync(walletOf('alice'));
    expect((await ask('wrong')).code).toBe('E_PASSPHRASE');
    expect((await ask(`${PASSPHRASE} `)).code).toBe('E_PASSPHRASE');
    expect(readFileSync(walletOf('alice'))).toEqual(before);
    expect(await world.ask('alice', 'id')).toMatchObject({ name: 'alice' });
  });

  test('that is missing is never asked for with --json, not even at a terminal', async () => {
    expect((await ask(undefined)).code).toBe('E_PASSPHRASE');
    expect((await ask('')).code).toBe('E_PASSPHRASE');
    expect((await ask(undefined, true)).code).toBe('E_PASSPHRASE');
  });

  test('that is missing is not asked for without a terminal', async () => {
    const ended = await runToEnd(['id', '--home', world.path('alice')]);
    expect(ended).toMatchObject({ exit: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^dsm: E_PASSPHRASE no passphrase: set DSM_PASSPHRASE/);
  });
});

describe('a damaged wallet file', () => {
  /** Runs several commands on a damaged copy: all refuse with this code, and no byte of it changes. */
  async function expectRefused(name: string, damage: (path: string) => void, codes: readonly string[]): Promise<void> {
    clone('alice', name);
    damage(walletOf(name));
    const before = readFileSync(walletOf(name));
    const card = world.path(`${name}.card`);
    for (const command of [['id'], ['card', '--out', card], ['init', '--name', 'x', '--network', world.file]]) {
      const { code } = await world.refusal(name, ...command);
      expect(codes, command.join(' ')).toContain(code);
    }
    expect(readFileSync(walletOf(name))).toEqual(before);
    expect(readdirSync(world.path(name))).toEqual(['wallet.sqlite']);
    expect(() => lstatSync(card)).toThrow(/ENOENT/);
  }

  const overwrite =
    (at: (size: number) => number, length: number) =>
    (path: string): void => {
      const bytes = readFileSync(path);
      bytes.fill(0xa5, at(bytes.length), at(bytes.length) + length);
      writeFileSync(path, bytes);
    };

  test('is refused, whatever happened to it', async () => {
    await expectRefused('noise', (path) => writeFileSync(path, 'not a wallet at all'), ['E_DAMAGED']);
    await expectRefused('empty', (path) => truncateSync(path, 0), ['E_DAMAGED']);
    await expectRefused('short', (path) => truncateSync(path, 5_000), ['E_DAMAGED']);
    await expectRefused('half', (path) => truncateSync(path, 4_096 * 3), ['E_DAMAGED']);
    await expectRefused(
      'header',
      overwrite(() => 0, 16),
      ['E_DAMAGED'],
    );
    await expectRefused(
      'schema',
      overwrite(() => 3_800, 296),
      ['E_DAMAGED'],
    );
    await expectRefused(
      'middle',
      overwrite((size) => Math.floor(size / 2), 4_096),
      ['E_DAMAGED'],
    );
    await expectRefused(
      'end',
      overwrite((size) => size - 4_096, 4_096),
      ['E_DAMAGED'],
    );
  });

  test('is found when a bit turned inside a record', async () => {
    clone('alice', 'bit');
    const bytes = readFileSync(walletOf('bit'));
    const at = bytes.indexOf(Buffer.from('alice'));
    expect(at).toBeGreaterThan(0);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(walletOf('bit'), bytes);
    const { code } = await world.refusal('bit', 'id');
    expect(code).toBe('E_DAMAGED');
    expect(readFileSync(walletOf('bit'))).toEqual(bytes);
  });

  test('of another program, or a directory, is left alone', async () => {
    mkdirSync(world.path('folder/wallet.sqlite'), { recursive: true });
    expect((await world.refusal('folder', 'id')).code).toBe('E_STORE');
    rmSync(world.path('folder'), { recursive: true });
  });
});

describe('two processes at once', () => {
  test('the second is refused with E_BUSY while the first holds the wallet', async () => {
    const store = await openSqliteStore({ path: walletOf('bob'), exclusive: true });
    if (!store.ok) throw new Error(store.error.message);
    try {
      const ended = await runToEnd(['id', '--json', '--home', world.path('bob')], { DSM_PASSPHRASE: PASSPHRASE });
      expect(ended).toMatchObject({ exit: 1, stdout: '' });
      expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code: 'E_BUSY' } });
    } finally {
      await store.value.close();
    }
    expect(await world.ask('bob', 'id')).toMatchObject({ name: 'bob' });
  });
});
