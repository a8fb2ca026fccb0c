/**
 * The database file of a store: made whole or not at all, and opened only when it is ours.
 *
 * Trap: never open the file through `node:fs` in a process that has the store open. POSIX drops all locks of a
 * process on a file when the process closes any descriptor of it, and the exclusive lock would silently be gone.
 * `stat` opens no descriptor.
 */
import { closeSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { fail, ok, type Failure, type Result } from '@dsm/core';
import { damaged, sqliteFailure, storageFailed } from './sqlite-failure.ts';

/** "DSM1": marks the file as ours, for `file(1)` too. */
const APPLICATION_ID = 0x44_53_4d_31;
const SCHEMA_VERSION = 1;

const SCHEMA = `
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
  CREATE TABLE records (
    collection TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (collection, key)
  ) STRICT, WITHOUT ROWID;
`;

export interface OpenOptions {
  readonly exclusive: boolean;
  readonly check: boolean;
  readonly waitMs: number;
}

/** Tagged, so that a failure of ours can be told from one of SQLite. */
class Refusal extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** Makes an empty store beside and links it into place, so that a crash never leaves half of one under its name. */
function create(path: string): void {
  const draft = `${path}.${process.pid}.new`;
  const discard = (): void => ['', '-journal', '-wal', '-shm'].forEach((end) => rmSync(draft + end, { force: true }));
  discard();
  try {
    // Readable by the owner only; SQLite gives its -wal and -shm the same mode.
    closeSync(openSync(draft, 'wx', 0o600));
    const database = new DatabaseSync(draft);
    try {
      database.exec(`PRAGMA synchronous = FULL; BEGIN; ${SCHEMA} COMMIT; PRAGMA journal_mode = WAL;`);
    } finally {
      database.close();
    }
    try {
      linkSync(draft, path);
    } catch (thrown) {
      if (isThere(path)) return; // Another process was faster; its store is as good.
      // A file system without hard links.
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') throw thrown;
      renameSync(draft, path);
    }
  } finally {
    discard();
  }
}

/** The path must hold a store, or nothing at all, and then one is made. */
function prepareFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
    // SQLite would delete the log, and with it what was committed last.
    if (log !== undefined && log.size > 0) throw new Refusal(damaged(`${path} is missing, but its log is there`));
    create(path);
  } else if (!found.isFile()) throw new Refusal(storageFailed(`${path} is not a file`));
  else if (found.size === 0) throw new Refusal(damaged(`${path} is empty`));
}

function pragma(database: DatabaseSync, name: string): unknown {
  const row = database.prepare(`PRAGMA ${name}`).get();
  return row === undefined ? undefined : Object.values(row)[0];
}

/** Nothing is written to the file before this has passed. */
function requireOurs(database: DatabaseSync, path: string): void {
  if (pragma(database, 'application_id') !== APPLICATION_ID) throw new Refusal(damaged(`${path} is not a DSM store`));
  const version = pragma(database, 'user_version');
  if (version !== SCHEMA_VERSION) {
    throw new Refusal({
      code: 'E_VERSION',
      rule: 'STO-6',
      message: `${path} is a store of version ${String(version)}`,
    });
  }
}

function requireSound(database: DatabaseSync, path: string): void {
  const found = pragma(database, 'quick_check(1)');
  if (found !== 'ok') throw new Refusal(damaged(`${path}: ${String(found)}`));
}

function configure(database: DatabaseSync, path: string, { exclusive, check }: OpenOptions): void {
  // Before the first read, which then takes the lock and, since nobody shares it, keeps no -shm file.
  if (exclusive) database.exec('PRAGMA locking_mode = EXCLUSIVE');
  requireOurs(database, path);
  if (pragma(database, 'journal_mode') !== 'wal') {
    throw new Refusal(storageFailed(`${path}: the write-ahead log is off`));
  }
  database.exec('PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;');
  if (exclusive) database.exec('BEGIN EXCLUSIVE; COMMIT');
  if (check) requireSound(database, path);
}

function openExisting(path: string, options: OpenOptions): DatabaseSync {
  const url = pathToFileURL(path);
  // A file that vanished meanwhile must not be made anew by SQLite itself.
  url.searchParams.set('mode', 'rw');
  const database = new DatabaseSync(url, { timeout: options.waitMs });
  try {
    configure(database, path, options);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

export function openDatabase(path: string, options: OpenOptions): Result<DatabaseSync> {
  try {
    prepareFile(path);
    return ok(openExisting(path, options));
  } catch (thrown) {
    const { code, rule, message } = thrown instanceof Refusal ? thrown.failure : sqliteFailure(thrown, 'cannot open');
    return fail(code, rule, message);
  }
}
