/**
 * The store port on SQLite: one table, one transaction and one fsync for each commit. Every call blocks the thread
 * for as long as SQLite works; a commit waits for the disk.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  done,
  equalBytes,
  fail,
  ok,
  scanRange,
  StoreError,
  type Condition,
  type Failure,
  type Result,
  type ScanOptions,
  type Store,
  type StoreRecord,
  type Write,
} from '@dsm/core';
import { sqliteFailure, storageFailed } from './sqlite-failure.ts';
import { openDatabase } from './sqlite-file.ts';

export interface SqliteStoreOptions {
  /** The file; made when there is nothing at this path. Its directory must exist. */
  readonly path: string;
  /** Holds the file for as long as the store is open: nobody else can open it meanwhile. Default: false. */
  readonly exclusive?: boolean;
  /**
   * Looks through the structure of the whole file before anything is read: 35 ms for 120 MB in the page cache. A bit
   * that turned inside a value is for the reader of the value to find. Default: false.
   */
  readonly check?: boolean;
  /** How long to wait for another process that holds the file, blocking the thread. Default: 2,000. */
  readonly waitMs?: number;
}

interface Statements {
  readonly get: StatementSync;
  readonly put: StatementSync;
  readonly remove: StatementSync;
  readonly scan: (range: { bounded: boolean; reverse: boolean }) => StatementSync;
}

function prepareStatements(database: DatabaseSync): Statements {
  const scan = (upper: string, order: string): StatementSync =>
    database.prepare(
      `SELECT key, value FROM records WHERE collection = ? AND key >= ? ${upper} ORDER BY key ${order} LIMIT ?`,
    );
  const [ascending, descending, ascendingUntil, descendingUntil] = [
    scan('', 'ASC'),
    scan('', 'DESC'),
    scan('AND key < ?', 'ASC'),
    scan('AND key < ?', 'DESC'),
  ];
  return {
    get: database.prepare('SELECT value FROM records WHERE collection = ? AND key = ?'),
    put: database.prepare(
      'INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value',
    ),
    remove: database.prepare('DELETE FROM records WHERE collection = ? AND key = ?'),
    scan: ({ bounded, reverse }) =>
      bounded ? (reverse ? descendingUntil : ascendingUntil) : reverse ? descending : ascending,
  };
}

const NO_LIMIT = -1;

function readValue({ get }: Statements, collection: string, key: Uint8Array): Uint8Array | undefined {
  return (get.get(collection, key) as { value: Uint8Array } | undefined)?.value;
}

function readRange({ scan }: Statements, collection: string, options: ScanOptions): StoreRecord[] {
  const { from, until } = scanRange(options);
  const statement = scan({ bounded: until !== undefined, reverse: options.reverse === true });
  const rows = statement.all(collection, from, ...(until === undefined ? [] : [until]), options.limit ?? NO_LIMIT);
  return (rows as unknown as StoreRecord[]).map(({ key, value }) => ({ key, value }));
}

function holds(statements: Statements, condition: Condition): boolean {
  const stored = readValue(statements, condition.collection, condition.key);
  return condition.is === 'absent' ? stored === undefined : stored !== undefined && equalBytes(stored, condition.value);
}

function transact(
  database: DatabaseSync,
  statements: Statements,
  writes: readonly Write[],
  conditions: readonly Condition[],
): Result<undefined> {
  database.exec('BEGIN IMMEDIATE');
  try {
    const broken = conditions.find((condition) => !holds(statements, condition));
    if (broken !== undefined) return fail('E_CONFLICT', 'STO-2', `a record of ${broken.collection} is not as expected`);
    for (const write of writes) {
      if ('put' in write) statements.put.run(write.collection, write.key, write.put);
      else statements.remove.run(write.collection, write.key);
    }
    database.exec('COMMIT');
    return done;
  } finally {
    // SQLite ends the transaction itself after some failures, a full disk for one.
    if (database.isTransaction) database.exec('ROLLBACK');
  }
}

const asResult = ({ code, rule, message }: Failure): Result<never> => fail(code, rule, message);

function storeOn(database: DatabaseSync, statements: Statements): Store {
  const read = <T>(run: () => T): T => {
    if (!database.isOpen) throw new StoreError(storageFailed('the store is closed'));
    try {
      return run();
    } catch (thrown) {
      throw new StoreError(sqliteFailure(thrown, 'cannot read'));
    }
  };
  return {
    get: async (collection, key) => read(() => readValue(statements, collection, key)),
    scan: async (collection, options = {}) => read(() => readRange(statements, collection, options)),
    async commit(writes, conditions = []) {
      if (!database.isOpen) return fail('E_STORE', 'STO-4', 'the store is closed');
      try {
        return transact(database, statements, writes, conditions);
      } catch (thrown) {
        return asResult(sqliteFailure(thrown, 'cannot write'));
      }
    },
    async close() {
      // The last connection writes its log back into the file and removes it.
      if (database.isOpen) database.close();
    },
  };
}

/**
 * Opens the store in a file. `E_DAMAGED`: there is something, but not a sound store of ours, and it is left as it is.
 * `E_VERSION`: a store of another version. `E_BUSY`: another process holds it. `E_STORE`: the medium refuses.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Result<Store>> {
  const { path, exclusive = false, check = false, waitMs = 2_000 } = options;
  const opened = openDatabase(path, { exclusive, check, waitMs });
  if (!opened.ok) return opened;
  try {
    return ok(storeOn(opened.value, prepareStatements(opened.value)));
  } catch (thrown) {
    // Preparing reads the schema: the table is missing or its page is damaged.
    opened.value.close();
    const failure = sqliteFailure(thrown, `${path} has no records`);
    return asResult(failure.code === 'E_STORE' ? { ...failure, code: 'E_DAMAGED', rule: 'STO-5' } : failure);
  }
}
