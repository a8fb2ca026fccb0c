import { must, type Store } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { compactDisk, contentOf, copyDisk, createDisk, openDisk, type Disk } from '../index.ts';

const key = new Uint8Array([1]);
const put = async (store: Store, value: number, at = key): Promise<void> => {
  must(await store.commit([{ collection: 'c', key: at, put: new Uint8Array([value]) }]));
};

async function diskOf(...values: readonly number[]): Promise<Disk> {
  const disk = createDisk(512);
  const store = must(await openDisk(disk));
  for (const value of values) await put(store, value);
  await store.close();
  return disk;
}

describe('content of a disk', () => {
  test('is what the next process finds, not how it came there', async () => {
    const [once, twice] = [await diskOf(7), await diskOf(5, 7)];
    expect(contentOf(once)).toBe(contentOf(twice));
    expect(contentOf(once)).not.toBe(contentOf(await diskOf(5)));
    expect(contentOf(once)).not.toBe(contentOf(await diskOf()));
  });

  test('a record that is removed is not there; a commit that is not synced counts once it is kept', async () => {
    const disk = await diskOf(7);
    const before = contentOf(disk);
    const store = must(await openDisk(disk));
    must(await store.commit([{ collection: 'c', key: new Uint8Array([2]), put: key }]));
    expect(contentOf(disk)).not.toBe(before);
    must(await store.commit([{ collection: 'c', key: new Uint8Array([2]), remove: true }]));
    expect(contentOf(disk)).toBe(before);
    const seen: boolean[] = [];
    disk.onPoint = ({ doing }) => {
      if (doing === 'sync') seen.push(contentOf(disk) === before, contentOf(copyDisk(disk)) === before);
      return 'go';
    };
    await put(store, 8);
    expect(seen).toEqual([true, false]);
  });

  test('a log written anew holds the same, and a process goes on with it', async () => {
    const disk = await diskOf(1, 2, 3, 4);
    const before = contentOf(disk);
    await compactDisk(disk);
    expect(contentOf(disk)).toBe(before);
    const store = must(await openDisk(disk));
    expect(await store.get('c', key)).toEqual(new Uint8Array([4]));
    await put(store, 9);
    await store.close();
    expect(contentOf(disk)).toBe(contentOf(await diskOf(9)));
  });
});
