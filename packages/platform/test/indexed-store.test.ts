import { must, storeAcceptance, StoreError } from '@dsm/core';
// Gives this process the globals of IndexedDB.
// oxlint-disable-next-line import/no-unassigned-import
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, describe, expect, test } from 'vitest';
import { openIndexedStore } from '../src/browser/index.ts';

beforeEach(() => {
  Object.assign(globalThis, { indexedDB: new IDBFactory() });
});

/** As the Web Locks API: one holder a name, and whoever comes second gets none. */
function makeLocks() {
  const held = new Set<string>();
  return {
    held,
    request: async (name: string, _options: unknown, run: (lock: object | null) => Promise<unknown>) => {
      if (held.has(name)) return run(null);
      held.add(name);
      try {
        return await run({ name });
      } finally {
        held.delete(name);
      }
    },
  };
}

const open = (locks?: ReturnType<typeof makeLocks>) => openIndexedStore({ name: 'wallet', locks: locks as never });

describe('the store on IndexedDB', () => {
  test.each(storeAcceptance.map((one) => [one.name, one] as const))('%s', async (_name, { run }) => {
    await run(async () => must(await open()));
  });

  test('STO-3: a second tab is refused until the first lets go', async () => {
    const locks = makeLocks();
    const first = must(await open(locks));
    const second = await open(locks);
    expect(second.ok ? 'ok' : second.error.code).toBe('E_BUSY');
    await first.close();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(locks.held.size).toBe(0);
    await must(await open(locks)).close();
  });

  test('STO-4: what the browser refuses is a failure, and a read rejects with a StoreError', async () => {
    const store = must(await open());
    const { indexedDB } = globalThis as unknown as { indexedDB: InstanceType<typeof IDBFactory> };
    // Somebody deletes the database of this site: it is closed under the store.
    const deleted = indexedDB.deleteDatabase('wallet');
    await new Promise((resolve) => {
      deleted.onsuccess = resolve;
    });
    const put = { collection: 'c', key: Uint8Array.of(1), put: Uint8Array.of(1) };
    const committed = await store.commit([put]);
    expect(committed.ok ? 'ok' : committed.error.code).toBe('E_STORE');
    await expect(store.get('c', Uint8Array.of(1))).rejects.toThrow(StoreError);
    await store.close();
  });

  test('STO-5, STO-6: a newer version and a database that is none of ours are left alone', async () => {
    const { indexedDB } = globalThis as unknown as { indexedDB: InstanceType<typeof IDBFactory> };
    const make = (name: string, version: number) =>
      new Promise<void>((resolve) => {
        const request = indexedDB.open(name, version);
        request.onsuccess = () => {
          request.result.close();
          resolve();
        };
      });
    await make('wallet', 9);
    const newer = await open();
    expect(newer.ok ? 'ok' : newer.error.code).toBe('E_VERSION');
    await make('other', 1);
    const other = await openIndexedStore({ name: 'other' });
    expect(other.ok ? 'ok' : other.error.code).toBe('E_DAMAGED');
  });
});
