/**
 * Looking into a store that nobody has open, as a kill left it: the file and its log are copied and the copy is
 * opened, so that the process that comes next finds exactly what the dead one left behind.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Result, Store } from '@dsm/core';
import { openSqliteStore } from '@dsm/platform/node';

/** Runs with a copy of the store and discards it. A store that cannot be opened is the failure. */
export async function withCopy<T>(path: string, run: (store: Store) => Promise<T>): Promise<Result<T>> {
  const folder = mkdtempSync(join(tmpdir(), 'dsm-kills-copy-'));
  try {
    const copy = join(folder, basename(path));
    for (const end of ['', '-wal']) if (existsSync(path + end)) copyFileSync(path + end, copy + end);
    const opened = await openSqliteStore({ path: copy, exclusive: true, check: true });
    if (!opened.ok) return opened;
    try {
      return { ok: true, value: await run(opened.value) };
    } finally {
      await opened.value.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
