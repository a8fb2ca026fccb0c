/** The store across processes: locks, a kill at any moment, a disk that is full. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { must } from '@dsm/core';
import { openSqliteStore } from '@dsm/platform/node';
import { afterEach, beforeEach, expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('support/store-process.ts', import.meta.url));

let home: string;
let path: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dsm-store-'));
  path = join(home, 'store.db');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Runs the program until it has printed `lines` lines, kills it, and answers everything that it printed. */
async function runUntil(lines: number, mode: string, whileRunning?: () => Promise<void>): Promise<string[]> {
  const child = spawn(process.execPath, [PROGRAM, path, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const printed: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    printed.push(line);
    if (printed.length === lines) {
      await whileRunning?.();
      child.kill('SIGKILL');
    }
  }
  await exited;
  return printed;
}

test('STO-3: a store that another process holds is E_BUSY; when that process is killed it can be opened', async () => {
  await runUntil(1, 'hold', async () => {
    for (const exclusive of [true, false]) {
      expect(await openSqliteStore({ path, exclusive, waitMs: 100 })).toMatchObject({
        ok: false,
        error: { code: 'E_BUSY', rule: 'STO-3' },
      });
    }
  });
  const store = must(await openSqliteStore({ path, exclusive: true, waitMs: 100 }));
  expect(await store.scan('left')).toHaveLength(1);
  await store.close();
});

test('STO-4: killed at any moment, every acknowledged commit is there, and none by half', async () => {
  for (const lines of [1, 40, 90]) {
    const printed = await runUntil(lines, 'write');
    const store = must(await openSqliteStore({ path, check: true }));
    const left = await store.scan('left');
    expect(left.length).toBeGreaterThan(Number(printed.at(-1)));
    expect(await store.scan('right')).toEqual(left);
    await store.close();
    expect(readdirSync(home)).toEqual(['store.db']);
  }
});

test.skipIf(process.platform === 'win32')(
  'STO-4: where the medium takes no more, the commit is E_STORE and what was there stays',
  async () => {
    // A limit on the size of files stands for a full disk; Node ignores the signal that comes with it.
    const script = `ulimit -f 400 && exec "$0" "$1" "$2" write`;
    const child = spawn('bash', ['-c', script, process.execPath, PROGRAM, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const printed: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) printed.push(line);
    expect(printed.at(-1)).toBe('E_STORE');
    expect(printed.length).toBeGreaterThan(5);

    const store = must(await openSqliteStore({ path, exclusive: true, check: true }));
    expect(await store.scan('left')).toHaveLength(printed.length - 1);
    expect(await store.scan('right')).toHaveLength(printed.length - 1);
    const after = await store.commit([{ collection: 'left', key: new Uint8Array(9), put: new Uint8Array(9) }]);
    expect(after.ok).toBe(true);
    await store.close();
  },
);
