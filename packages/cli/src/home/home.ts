/**
 * The home of a wallet: one directory, one SQLite file. While a command runs it holds the file alone; afterwards only
 * regular files are left, so a home can be copied. A copy is a clone of the device: two of them will fork its chain.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { done, fail, type Result, type Store } from '@dsm/core';
import { openSqliteStore } from '@dsm/platform/node';
import { describeSystemError } from '../input/system-error.ts';

const walletPath = (home: string): string => join(home, 'wallet.sqlite');

/** `E_NOT_FOUND` when there is no wallet: only `init` makes one. */
export const requireWallet = (home: string): Result<undefined> =>
  lstatSync(walletPath(home), { throwIfNoEntry: false }) === undefined
    ? fail('E_NOT_FOUND', 'CLI-2', `there is no wallet in ${home}; dsm init makes one`)
    : done;

export const openHome = (home: string): Promise<Result<Store>> =>
  openSqliteStore({ path: walletPath(home), exclusive: true, check: true });

/** Readable by the owner only. */
export async function makeHome(home: string): Promise<Result<Store>> {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    return fail('E_STORE', 'CLI-2', `${home} cannot be made: ${describeSystemError(thrown)}`);
  }
  return openHome(home);
}

/** Runs with a store and closes it, whatever happens: the log is written back and only one file is left. */
export async function closing<T>(opened: Result<Store>, run: (store: Store) => Promise<Result<T>>): Promise<Result<T>> {
  if (!opened.ok) return opened;
  try {
    return await run(opened.value);
  } finally {
    await opened.value.close();
  }
}
