/** The store port in memory, and a double that fails commits: for tests, simulators and short-lived wallets. */
import { compareBytes, equalBytes } from '../bytes.ts';
import { done, fail, type Result } from '../result.ts';
import { scanRange } from './scan-range.ts';
import { StoreError } from './store-error.ts';
import type { Condition, ScanOptions, Store, StoreRecord, Write } from './store.ts';

/** What outlives a memory store: open the next one on it, as after a restart. Records are in key order. */
export type MemoryDisk = Map<string, StoreRecord[]>;

export const memoryDisk = (): MemoryDisk => new Map();

/** Index of the first record whose key is not below `key`. */
function lowerBound(records: readonly StoreRecord[], key: Uint8Array): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes((records[middle] as StoreRecord).key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function find(disk: MemoryDisk, collection: string, key: Uint8Array): Uint8Array | undefined {
  const records = disk.get(collection) ?? [];
  const found = records[lowerBound(records, key)];
  return found !== undefined && equalBytes(found.key, key) ? found.value : undefined;
}

function holds(disk: MemoryDisk, condition: Condition): boolean {
  const stored = find(disk, condition.collection, condition.key);
  return condition.is === 'absent' ? stored === undefined : stored !== undefined && equalBytes(stored, condition.value);
}

function apply(disk: MemoryDisk, write: Write): void {
  const records = disk.get(write.collection) ?? [];
  disk.set(write.collection, records);
  const at = lowerBound(records, write.key);
  const found = records[at];
  const replaced = found !== undefined && equalBytes(found.key, write.key) ? 1 : 0;
  // Copies, so that nothing that the caller does to its arrays later changes what is stored.
  if ('put' in write) records.splice(at, replaced, { key: write.key.slice(), value: write.put.slice() });
  else records.splice(at, replaced);
}

function select(disk: MemoryDisk, collection: string, options: ScanOptions): StoreRecord[] {
  const records = disk.get(collection) ?? [];
  const { from, until } = scanRange(options);
  const start = lowerBound(records, from);
  const end = Math.max(start, until === undefined ? records.length : lowerBound(records, until));
  const limit = Math.min(options.limit ?? end - start, end - start);
  const chosen =
    options.reverse === true ? records.slice(end - limit, end).toReversed() : records.slice(start, start + limit);
  return chosen.map(({ key, value }) => ({ key: key.slice(), value: value.slice() }));
}

/** A store on `disk`; without one, on memory of its own. */
export function memoryStore(disk: MemoryDisk = memoryDisk()): Store {
  let open = true;
  const requireOpen = (): void => {
    if (!open) throw new StoreError({ code: 'E_STORE', rule: 'STO-4', message: 'the store is closed' });
  };
  return {
    async get(collection, key) {
      requireOpen();
      return find(disk, collection, key)?.slice();
    },
    async scan(collection, options = {}) {
      requireOpen();
      return select(disk, collection, options);
    },
    async commit(writes, conditions = []) {
      if (!open) return fail('E_STORE', 'STO-4', 'the store is closed');
      const broken = conditions.find((condition) => !holds(disk, condition));
      if (broken !== undefined)
        return fail('E_CONFLICT', 'STO-2', `a record of ${broken.collection} is not as expected`);
      for (const write of writes) apply(disk, write);
      return done;
    },
    async close() {
      open = false;
    },
  };
}

/** `lost`: the commit fails and nothing of it is there. `kept`: it is reported as failed, and yet all of it is there. */
export type CommitFault = 'lost' | 'kept';

export interface FaultyStore extends Store {
  /** Commits tried so far: run once without faults to learn how many places there are to fail at. */
  commits(): number;
}

/**
 * `inner`, whose commits of the numbers in `plan` (from 1) fail with `E_STORE`. A kept commit that breaks a condition
 * fails with `E_CONFLICT`, as it would without a fault.
 */
export function faultyStore(inner: Store, plan: Readonly<Record<number, CommitFault>>): FaultyStore {
  let commits = 0;
  const tryCommit = async (writes: readonly Write[], conditions?: readonly Condition[]): Promise<Result<undefined>> => {
    commits += 1;
    const fault = plan[commits];
    if (fault === 'lost') return fail('E_STORE', 'STO-4', 'simulated fault: nothing was written');
    const result = await inner.commit(writes, conditions);
    return fault === 'kept' && result.ok ? fail('E_STORE', 'STO-4', 'simulated fault after the write') : result;
  };
  return {
    get: (collection, key) => inner.get(collection, key),
    scan: (collection, options) => inner.scan(collection, options),
    commit: tryCommit,
    close: () => inner.close(),
    commits: () => commits,
  };
}
