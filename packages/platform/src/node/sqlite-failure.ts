/** SQLite's result codes (sqlite.org/rescode.html) as failures of the store port. */
import type { Failure } from '@dsm/core';

const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const CONSTRAINT = 19;
const NOT_A_DATABASE = 26;
/** `SQLITE_IOERR_SHORT_READ`: the file ends where a page should be. */
const SHORT_READ = 522;
/** `SQLITE_IOERR_CORRUPTFS`: the file system answered what cannot be. */
const CORRUPT_FILE_SYSTEM = 8458;

export const damaged = (message: string): Failure => ({ code: 'E_DAMAGED', rule: 'STO-5', message });
export const storageFailed = (message: string): Failure => ({ code: 'E_STORE', rule: 'STO-4', message });

/** The failure behind what `node:sqlite` threw; `doing` begins the sentence. */
export function sqliteFailure(thrown: unknown, doing: string): Failure {
  const message = `${doing}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  const code =
    thrown instanceof Error && 'errcode' in thrown && typeof thrown.errcode === 'number' ? thrown.errcode : 0;
  if (code === SHORT_READ || code === CORRUPT_FILE_SYSTEM) return damaged(message);
  switch (code & 0xff) {
    case BUSY:
    case LOCKED:
      return { code: 'E_BUSY', rule: 'STO-3', message };
    case CORRUPT:
    case NOT_A_DATABASE:
      return damaged(message);
    case CONSTRAINT:
      return { code: 'E_CONFLICT', rule: 'STO-2', message };
    default:
      return storageFailed(message);
  }
}
