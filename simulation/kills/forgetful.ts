/**
 * A store that says "durable" too early: the planted fault that shows that the checks of this folder can fail. It
 * works on a copy of the file and brings the copy back now and then, so a kill throws away what was acknowledged since.
 */
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Result, Store } from '@dsm/core';
import { openSqliteStore } from '@dsm/platform/node';

const BRING_BACK_MS = 2_500;

export async function openForgetful(path: string): Promise<Result<Store>> {
  const copy = `${path}.forgetful`;
  for (const end of ['', '-wal', '-shm']) rmSync(copy + end, { force: true });
  if (existsSync(`${path}-wal`)) new DatabaseSync(path).close();
  copyFileSync(path, copy);
  const store = await openSqliteStore({ path: copy });
  if (!store.ok) return store;
  const bringBack = (): void => {
    const reader = new DatabaseSync(copy);
    reader.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    reader.close();
    copyFileSync(copy, `${path}.draft`);
    renameSync(`${path}.draft`, path);
  };
  setInterval(bringBack, BRING_BACK_MS).unref();
  return store;
}
