/**
 * The store port on IndexedDB: one object store of records by `[collection, key]`, one transaction for each commit,
 * durable when it resolves. A lock of the Web Locks API holds the database for as long as the store is open, where the
 * browser has one: two tabs on one wallet would be two devices.
 */
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
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

const RECORDS = 'records';
const VERSION = 1;

interface Row {
  readonly collection: string;
  readonly key: ArrayBuffer;
  readonly value: Uint8Array;
}

type Key = [string, ArrayBuffer];

interface Schema extends DBSchema {
  records: { key: Key; value: Row };
}

type Database = IDBPDatabase<Schema>;
type Transaction = ReturnType<Database['transaction']>;

/** Keys of IndexedDB compare byte strings as unsigned bytes, a prefix before what it begins: as the port asks. */
const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
const keyOf = (collection: string, key: Uint8Array): Key => [collection, bufferOf(key)];
const recordOf = ({ key, value }: Row): StoreRecord => ({ key: new Uint8Array(key), value });

export interface IndexedStoreOptions {
  /** Name of the database; made when there is none. */
  readonly name: string;
  /** Default: those of the global scope. */
  readonly locks?: Pick<LockManager, 'request'> | undefined;
}

/** `E_BUSY`: another tab or worker holds it. `E_STORE`: the browser refuses. `E_VERSION`: a newer version made it. */
export async function openIndexedStore(options: IndexedStoreOptions): Promise<Result<Store>> {
  const { name, locks = globalThis.navigator?.locks } = options;
  const held: Release | undefined = locks ? await holdLock(locks, `dsm ${name}`) : async () => {};
  if (!held) return fail('E_BUSY', 'STO-3', 'another tab or worker holds this wallet');
  try {
    const database = await openDB<Schema>(name, VERSION, {
      upgrade: (fresh) => void fresh.createObjectStore(RECORDS, { keyPath: ['collection', 'key'] }),
      blocked: () => {},
      // Somebody deletes it or a newer version wants it: what is written here would be gone.
      blocking: () => database.close(),
    });
    if (!database.objectStoreNames.contains(RECORDS)) {
      database.close();
      await held();
      return fail('E_DAMAGED', 'STO-5', `the database ${name} is none of ours`);
    }
    return ok(storeOn(database, held));
  } catch (thrown) {
    await held();
    const isNewer = thrown instanceof Error && thrown.name === 'VersionError';
    const failure = failed(thrown, 'cannot open');
    return isNewer ? fail('E_VERSION', 'STO-6', 'a newer version has made this wallet') : asResult(failure);
  }
}

type Release = () => Promise<unknown>;

/** What lets go of the lock, or undefined when somebody else has it. */
function holdLock(locks: Pick<LockManager, 'request'>, name: string): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    const request: Promise<unknown> = locks.request(name, { ifAvailable: true }, async (lock) => {
      if (!lock) return resolve(undefined);
      await new Promise<void>((letGo) => {
        resolve(() => {
          letGo();
          return request;
        });
      });
    });
    request.catch(reject);
  });
}

const failed = (thrown: unknown, what: string): Failure => ({
  code: 'E_STORE',
  rule: 'STO-4',
  message: `${what}: ${thrown instanceof Error ? thrown.message : 'no reason'}`,
});

const asResult = ({ code, rule, message }: Failure): Result<never> => fail(code, rule, message);

const CLOSED: Failure = { code: 'E_STORE', rule: 'STO-4', message: 'the store is closed' };

function storeOn(database: Database, release: Release): Store {
  let isOpen = true;
  const read = async <T>(run: () => Promise<T>): Promise<T> => {
    if (!isOpen) throw new StoreError(CLOSED);
    try {
      return await run();
    } catch (thrown) {
      throw new StoreError(failed(thrown, 'cannot read'));
    }
  };
  return {
    get: (collection, key) => read(async () => (await database.get(RECORDS, keyOf(collection, key)))?.value),
    scan: (collection, options = {}) => read(() => scanRecords(database, collection, options)),
    async commit(writes, conditions = []) {
      if (!isOpen) return asResult(CLOSED);
      try {
        return await transact(database, writes, conditions);
      } catch (thrown) {
        return asResult(failed(thrown, 'cannot write'));
      }
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      database.close();
      await release();
    },
  };
}

async function scanRecords(
  database: Database,
  collection: string,
  options: ScanOptions,
): Promise<readonly StoreRecord[]> {
  const { from, until } = scanRange(options);
  const { limit = Infinity, reverse = false } = options;
  // Above every byte string: arrays come after them in the order of IndexedDB.
  const end = until ? keyOf(collection, until) : ([collection, []] as unknown as Key);
  const start = keyOf(collection, from);
  if (limit <= 0 || indexedDB.cmp(start, end) >= 0) return [];
  const range = IDBKeyRange.bound(start, end, false, true);
  if (!reverse) {
    const rows = await database.getAll(RECORDS, range, limit === Infinity ? undefined : limit);
    return rows.map(recordOf);
  }
  const records: StoreRecord[] = [];
  const cursors = database.transaction(RECORDS).store.iterate(range, 'prev');
  for await (const { value: row } of cursors) {
    records.push(recordOf(row));
    if (records.length >= limit) break;
  }
  return records;
}

async function transact(
  database: Database,
  writes: readonly Write[],
  conditions: readonly Condition[],
): Promise<Result<undefined>> {
  const transaction = database.transaction(RECORDS, 'readwrite', { durability: 'strict' });
  // Awaited at the end, and heard of in between as well.
  const settled = transaction.done.then(
    () => undefined,
    (thrown: unknown) => ({ thrown }),
  );
  const { store } = transaction;
  const held = await Promise.all(
    conditions.map(async (condition) => {
      const stored = (await store.get(keyOf(condition.collection, condition.key)))?.value;
      return condition.is === 'absent'
        ? stored === undefined
        : stored !== undefined && equalBytes(stored, condition.value);
    }),
  );
  const broken = conditions.find((_condition, i) => held[i] !== true);
  if (broken) {
    await abandon(transaction as never, settled);
    return fail('E_CONFLICT', 'STO-2', `a record of ${broken.collection} is not as expected`);
  }
  const requests = writes.map((write) =>
    'put' in write
      ? store.put({ collection: write.collection, key: bufferOf(write.key), value: write.put.slice() })
      : store.delete(keyOf(write.collection, write.key)),
  );
  const outcome = await Promise.allSettled(requests);
  const failure = outcome.find((one) => one.status === 'rejected');
  const lost = await settled;
  if (failure) throw failure.reason;
  if (lost) throw lost.thrown;
  return done;
}

async function abandon(transaction: Transaction, settled: Promise<unknown>): Promise<void> {
  transaction.abort();
  await settled;
}
