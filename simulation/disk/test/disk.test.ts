import { must, storeAcceptance, type Result, type Store } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  copyDisk,
  crashDisk,
  createDisk,
  diskAfter,
  DISK_FAULTS,
  keepChoices,
  openDisk,
  restoreDisk,
  rotSector,
  rotValue,
  type Disk,
} from '../index.ts';

const key = Uint8Array.of(1);
const value = (number: number, length = 3): Uint8Array => new Uint8Array(length).fill(number);
const put = (store: Store, number: number, length?: number): Promise<Result<undefined>> =>
  store.commit([{ collection: 'c', key, put: value(number, length) }]);
const open = async (disk: Disk): Promise<Store> => must(await openDisk(disk));
const read = async (disk: Disk): Promise<number | undefined> => (await (await open(disk)).get('c', key))?.[0];
const silent = async (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => false), new Promise<true>((resolve) => setImmediate(() => resolve(true)))]);

describe('the simulated disk is a store', () => {
  for (const { name, run } of storeAcceptance) {
    test(name, async () => {
      const disk = createDisk(64);
      await run(() => open(disk));
    });
  }

  test('a log that is mostly superseded is written anew', async () => {
    const disk = createDisk(64);
    const store = await open(disk);
    for (let i = 0; i < 3_000; i++) must(await put(store, i & 255));
    await store.close();
    const before = disk.sectors.length;
    expect(await read(disk)).toBe(2_999 & 255);
    expect(disk.sectors.length).toBeLessThan(before / 10);
    crashDisk(disk);
    expect(await read(disk)).toBe(2_999 & 255);
  });
});

/** 1 is answered; the process ends at the given point of the commit of 2, which is five sectors long. */
async function crashAt(number: number): Promise<{ readonly disk: Disk; readonly answered: boolean }> {
  const disk = createDisk(64);
  const store = await open(disk);
  must(await put(store, 1, 100));
  const before = disk.points;
  disk.onPoint = (point) => (point.number === before + number ? 'crash' : 'go');
  return { disk, answered: !(await silent(put(store, 2, 280))) };
}

describe('a crash', () => {
  test('STO-4: at every point and with every choice of unsynced sectors: all of the commit or nothing', async () => {
    const seen = new Set<string>();
    for (let point = 1; ; point++) {
      const { disk, answered } = await crashAt(point);
      if (answered) break;
      for (const kept of keepChoices(disk.unsynced.length, 64)) {
        const found = await read(diskAfter(disk, kept));
        expect([1, 2]).toContain(found);
        seen.add(`${point} ${found}`);
      }
    }
    // Five sectors, sync, mark, sync, answer: lost while a sector is lacking, there from the first sync on.
    expect([...seen].filter((entry) => entry.endsWith(' 2'))).toEqual(['6 2', '7 2', '8 2', '9 2']);
    expect([...seen].filter((entry) => entry.endsWith(' 1'))).toEqual(['1 1', '2 1', '3 1', '4 1', '5 1', '6 1']);
  });

  test('the process that died hears nothing more, and the next one opens', async () => {
    const { disk } = await crashAt(6);
    crashDisk(disk);
    expect(await read(disk)).toBe(2);
    const dead = await open(copyDisk(disk));
    expect(await dead.get('c', key)).toEqual(value(2, 280));
    const other = createDisk();
    const store = await open(other);
    crashDisk(other);
    expect(await silent(store.get('c', key))).toBe(true);
    expect(await silent(store.scan('c'))).toBe(true);
    expect(await silent(put(store, 1))).toBe(true);
    expect(await silent(store.close())).toBe(true);
  });

  test('choices: all subsets with each other write torn, a selection of them over the bound', () => {
    expect(keepChoices(0, 8)).toEqual([{ keep: [] }]);
    expect(keepChoices(2, 8)).toEqual([
      { keep: [] },
      { keep: [], torn: 0 },
      { keep: [], torn: 1 },
      { keep: [0] },
      { keep: [0], torn: 1 },
      { keep: [1] },
      { keep: [1], torn: 0 },
      { keep: [0, 1] },
    ]);
    expect(keepChoices(20, 64).length).toBeLessThan(200);
  });
});

describe('faults', () => {
  test.each(DISK_FAULTS)('STO-4: %s refuses the commit, and all of it is there or nothing', async (fault) => {
    const disk = createDisk(64);
    const store = await open(disk);
    must(await put(store, 1));
    disk.faults.push(fault);
    expect(await put(store, 2)).toMatchObject({ ok: false, error: { code: 'E_STORE' } });
    expect((await store.get('c', key))?.[0]).toBe(fault === 'sync-kept' ? 2 : 1);
    expect(await read(copyDisk(disk))).toBe(fault.startsWith('sync-') && fault !== 'sync-lost' ? 2 : 1);
    must(await put(store, 3));
    expect(await read(copyDisk(disk))).toBe(3);
  });

  test('STO-5: any bit that turns in a synced record is damage at the next opening', async () => {
    const disk = createDisk(64);
    const store = await open(disk);
    for (const number of [1, 2, 3]) must(await put(store, number, 90));
    for (let bit = 0; bit < 900; bit++) {
      const rotten = copyDisk(disk);
      expect(rotSector(rotten, (below) => bit % below)).toBe(true);
      expect(await openDisk(rotten)).toMatchObject({ ok: false, error: { code: 'E_DAMAGED' } });
    }
    expect(rotSector(createDisk(), () => 0)).toBe(false);
  });

  test('a bit that turns in a value unnoticed is in the value', async () => {
    const disk = createDisk(64);
    must(await put(await open(disk), 1));
    expect(rotValue(disk, () => 0, 'elsewhere')).toBe(false);
    expect(rotValue(disk, () => 0)).toBe(true);
    crashDisk(disk);
    expect(await read(disk)).toBe(0);
  });

  test('an old snapshot in its place is read as it was; two processes cannot have one store', async () => {
    const disk = createDisk();
    const store = await open(disk);
    must(await put(store, 1));
    const old = copyDisk(disk);
    must(await put(store, 2));
    expect(await openDisk(disk)).toMatchObject({ ok: false, error: { code: 'E_BUSY' } });
    restoreDisk(disk, old);
    expect(await read(disk)).toBe(1);
  });
});
