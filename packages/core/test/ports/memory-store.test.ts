import { describe, expect, test } from 'vitest';
import { fc, test as property } from '@fast-check/vitest';
import { faultyStore, memoryDisk, memoryStore, type MemoryDisk } from '../../src/ports/memory-store.ts';
import { storeAcceptance } from '../../src/ports/store-acceptance.ts';
import type { Store, Write } from '../../src/ports/store.ts';

const put = (key: number, value: number): Write => ({
  collection: 'c',
  key: Uint8Array.of(key),
  put: Uint8Array.of(value),
});

const contents = async (disk: MemoryDisk): Promise<string> =>
  (await memoryStore(disk).scan('c')).map(({ key, value }) => `${key[0]}=${value[0]}`).join(' ');

describe('memory store', () => {
  for (const { name, run } of storeAcceptance) {
    test(name, async () => {
      const disk = memoryDisk();
      await run(async () => memoryStore(disk));
    });
  }

  for (const { name, run } of storeAcceptance) {
    test(`behind a faulty store without faults: ${name}`, async () => {
      const disk = memoryDisk();
      await run(async () => faultyStore(memoryStore(disk), {}));
    });
  }

  test('two stores without a disk share nothing', async () => {
    const first = memoryStore();
    await first.commit([put(1, 1)]);
    expect(await memoryStore().get('c', Uint8Array.of(1))).toBeUndefined();
  });
});

describe('faulty store', () => {
  test('STO-4: a lost commit fails and nothing of it is there', async () => {
    const disk = memoryDisk();
    const store = faultyStore(memoryStore(disk), { 2: 'lost' });
    expect(await store.commit([put(1, 1)])).toMatchObject({ ok: true });
    expect(await store.commit([put(1, 2), put(2, 2)])).toMatchObject({ ok: false, error: { code: 'E_STORE' } });
    expect(await contents(disk)).toBe('1=1');
    expect(await store.commit([put(3, 3)])).toMatchObject({ ok: true });
    expect(await contents(disk)).toBe('1=1 3=3');
    expect(store.commits()).toBe(3);
  });

  test('STO-4: a kept commit fails and yet all of it is there', async () => {
    const disk = memoryDisk();
    const store = faultyStore(memoryStore(disk), { 1: 'kept' });
    expect(await store.commit([put(1, 1), put(2, 2)])).toMatchObject({ ok: false, error: { code: 'E_STORE' } });
    expect(await contents(disk)).toBe('1=1 2=2');
  });

  test('STO-2: a kept commit whose condition fails is a conflict and writes nothing', async () => {
    const disk = memoryDisk();
    await memoryStore(disk).commit([put(1, 1)]);
    const store = faultyStore(memoryStore(disk), { 1: 'kept' });
    const result = await store.commit([put(2, 2)], [{ collection: 'c', key: Uint8Array.of(1), is: 'absent' }]);
    expect(result).toMatchObject({ ok: false, error: { code: 'E_CONFLICT' } });
    expect(await contents(disk)).toBe('1=1');
  });

  property.prop([fc.dictionary(fc.integer({ min: 1, max: 12 }).map(String), fc.constantFrom('lost', 'kept'))])(
    'STO-4: exactly the commits that are not lost are there',
    async (plan) => {
      const disk = memoryDisk();
      const store = faultyStore(memoryStore(disk), plan);
      for (let number = 1; number <= 12; number++) {
        const result = await store.commit([put(number, number)]);
        expect(result.ok).toBe(plan[number] === undefined);
      }
      const kept = Array.from({ length: 12 }, (_, i) => i + 1).filter((number) => plan[number] !== 'lost');
      expect(await contents(disk)).toBe(kept.map((number) => `${number}=${number}`).join(' '));
    },
  );
});

describe('the acceptance suite finds stores that break the port', () => {
  const broken: [string, (store: Store) => Store][] = Object.entries({
    'forgets conditions': (store) => ({ ...store, commit: (writes) => store.commit(writes) }),
    'writes only the first write': (store) => ({
      ...store,
      commit: (writes, conditions) => store.commit(writes.slice(0, 1), conditions),
    }),
    'ignores after': (store) => ({
      ...store,
      scan: (collection, options) => store.scan(collection, omit(options, 'after')),
    }),
    'ignores prefix': (store) => ({
      ...store,
      scan: (collection, options) => store.scan(collection, omit(options, 'prefix')),
    }),
    'ignores limit': (store) => ({
      ...store,
      scan: (collection, options) => store.scan(collection, omit(options, 'limit')),
    }),
    'ignores reverse': (store) => ({
      ...store,
      scan: (collection, options) => store.scan(collection, omit(options, 'reverse')),
    }),
    'mixes collections': (store) => ({ ...store, get: (_, key) => store.get('c', key) }),
    'never closes': (store) => ({ ...store, close: async () => {} }),
    'answers null for an empty value': (store) => ({
      ...store,
      get: async (collection, key) => {
        const value = await store.get(collection, key);
        return value?.length === 0 ? undefined : value;
      },
    }),
  } satisfies Record<string, (store: Store) => Store>);
  const omit = <T extends object>(options: T | undefined, name: keyof T): T =>
    Object.fromEntries(Object.entries(options ?? {}).filter(([key]) => key !== name)) as T;

  test.each(broken)('%s', async (_, breakStore) => {
    const failures: string[] = [];
    for (const item of storeAcceptance) {
      const disk = memoryDisk();
      await item.run(async () => breakStore(memoryStore(disk))).catch(() => failures.push(item.name));
    }
    expect(failures).not.toEqual([]);
  });

  test('loses everything when closed', async () => {
    const reopening = storeAcceptance.find(({ name }) => name.includes('opened again'));
    await expect(reopening?.run(async () => memoryStore())).rejects.toThrow('generation 1');
  });
});
