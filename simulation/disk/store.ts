/** The store port over a simulated disk: a log of commits, and in memory what they add up to. */
import {
  done,
  fail,
  memoryDisk,
  memoryStore,
  ok,
  StoreError,
  type Condition,
  type MemoryDisk,
  type Result,
  type Store,
  type Write,
} from '@dsm/core';
import {
  cutSectors,
  FIRST_RECORD,
  markWrite,
  readMark,
  readRecord,
  sealRecord,
  syncDisk,
  type Disk,
  type DiskFault,
  type DiskPoint,
} from './disk.ts';
import { decodeWrites, encodeWrites } from './record.ts';

/** A log over so many sectors is written anew when it is opened, if most of it is superseded. */
const COMPACT_SECTORS = 2_048;

interface Opened {
  readonly disk: Disk;
  readonly life: number;
  /** Everything that the process sees. */
  readonly memory: Store;
  /** The sector that the next record begins at. */
  end: number;
  /** Of the newest mark. */
  turn: number;
  closed: boolean;
  /** Commits happen one after the other. */
  last: Promise<unknown>;
}

/**
 * Opens the disk for one process. `E_DAMAGED`: a synced record is not whole. `E_BUSY`: a living process has it. A record
 * behind the mark that is whole was never answered and yet is there: it is made to last before anybody relies on it.
 */
export async function openDisk(disk: Disk): Promise<Result<Store>> {
  if (disk.isOpen) return fail('E_BUSY', 'STO-3', 'another process has this store');
  const mark = readMark(disk);
  const content = memoryDisk();
  const memory = memoryStore(content);
  let end = FIRST_RECORD;
  for (let record = readRecord(disk, end); record; record = readRecord(disk, end)) {
    await memory.commit(decodeWrites(record.payload));
    end = record.next;
  }
  if (end < mark.end) return fail('E_DAMAGED', 'STO-5', 'a record of the store is damaged');
  disk.isOpen = true;
  const opened: Opened = {
    disk,
    life: disk.life,
    memory,
    end,
    turn: mark.turn,
    closed: false,
    last: Promise.resolve(),
  };
  if (end >= COMPACT_SECTORS) compact(opened, content);
  putMark(opened);
  return ok(storeOn(opened));
}

/** The log of a disk that nobody has open, written anew in one record, whatever its size. */
export async function compactDisk(disk: Disk): Promise<void> {
  const content = memoryDisk();
  const memory = memoryStore(content);
  let end = FIRST_RECORD;
  for (let record = readRecord(disk, end); record; record = readRecord(disk, end)) {
    await memory.commit(decodeWrites(record.payload));
    end = record.next;
  }
  const { turn } = readMark(disk);
  compact({ disk, life: disk.life, memory, end, turn, closed: false, last: Promise.resolve() }, content, true);
}

/** As a rename does it: at once or not at all. */
function compact(opened: Opened, content: MemoryDisk, always = false): void {
  const { disk } = opened;
  const writes = [...content].flatMap(([collection, records]) =>
    records.map(({ key, value }): Write => ({ collection, key, put: value })),
  );
  const sectors = cutSectors(sealRecord(encodeWrites(writes), disk.sectorBytes), disk.sectorBytes);
  if (writes.length === 0 || (!always && FIRST_RECORD + sectors.length > opened.end / 2)) return;
  disk.sectors = [...disk.sectors.slice(0, FIRST_RECORD), ...sectors];
  opened.end = FIRST_RECORD + sectors.length;
  // Both marks speak of the new file, in case one of them is damaged later.
  putMark(opened);
  if (always) putMark(opened);
}

function putMark(opened: Opened): void {
  opened.turn += 1;
  opened.disk.unsynced.push(markWrite(opened.disk, opened));
  syncDisk(opened.disk);
}

/** What a process that is dead gets to hear. */
const never = <T>(): Promise<T> => new Promise<T>(() => {});

function storeOn(opened: Opened): Store {
  const { disk, memory } = opened;
  const isDead = (): boolean => disk.life !== opened.life;
  const read = <T>(run: () => Promise<T>): Promise<T> => {
    if (isDead()) return never();
    if (!opened.closed) return run();
    return Promise.reject(new StoreError({ code: 'E_STORE', rule: 'STO-4', message: 'the store is closed' }));
  };
  return {
    get: (collection, key) => read(() => memory.get(collection, key)),
    scan: (collection, options) => read(() => memory.scan(collection, options)),
    commit(writes, conditions = []) {
      const answer = opened.last.then(() => commit(opened, writes, conditions));
      opened.last = answer;
      return answer;
    },
    async close() {
      if (isDead()) return never();
      if (!opened.closed) disk.isOpen = false;
      opened.closed = true;
      return undefined;
    },
  };
}

/** Thrown inside a commit only: the process ends here. */
class Ended extends Error {}

async function commit(
  opened: Opened,
  writes: readonly Write[],
  conditions: readonly Condition[],
): Promise<Result<undefined>> {
  const { disk, memory } = opened;
  if (disk.life !== opened.life) return never();
  if (opened.closed) return fail('E_STORE', 'STO-4', 'the store is closed');
  const judged = await memory.commit([], conditions);
  if (disk.life !== opened.life) return never();
  if (!judged.ok || writes.length === 0) return judged;
  try {
    const fault = writeRecord(opened, encodeWrites(writes));
    if (fault === undefined || fault === 'sync-kept') await memory.commit(writes);
    if (disk.life !== opened.life) return await never();
    return fault === undefined ? done : fail('E_STORE', 'STO-4', `simulated fault of the disk: ${fault}`);
  } catch (thrown) {
    if (!(thrown instanceof Ended)) throw thrown;
    disk.life += 1;
    disk.onCrash?.();
    return never();
  }
}

/** Everything that a commit does to the disk, in one turn. Unsynced writes are left as they are when the process ends. */
function writeRecord(opened: Opened, payload: Uint8Array): DiskFault | undefined {
  const { disk } = opened;
  disk.commits += 1;
  const planned = disk.faults.shift();
  const pass = (doing: DiskPoint['doing']): DiskFault | undefined => {
    disk.points += 1;
    const answer = disk.onPoint?.({ number: disk.points, commit: disk.commits, doing }) ?? 'go';
    if (answer === 'crash') throw new Ended();
    return answer === 'go' ? undefined : answer;
  };
  const sectors = cutSectors(sealRecord(payload, disk.sectorBytes), disk.sectorBytes);
  for (const [i, bytes] of sectors.entries()) {
    const fault = pass('write') ?? (planned === 'full' ? planned : undefined);
    if (fault !== undefined) return giveUp(opened, fault, sectors.length);
    disk.unsynced.push({ at: opened.end + i, bytes });
  }
  const fault = pass('sync') ?? planned;
  if (fault !== undefined) return giveUp(opened, fault, sectors.length);
  syncDisk(disk);
  opened.end += sectors.length;
  pass('mark');
  opened.turn += 1;
  disk.unsynced.push(markWrite(disk, opened));
  pass('sync-mark');
  syncDisk(disk);
  pass('answer');
  return undefined;
}

function giveUp(opened: Opened, fault: DiskFault, sectors: number): DiskFault {
  const { disk } = opened;
  if (fault === 'sync-kept' || fault === 'sync-unseen') syncDisk(disk);
  disk.unsynced = [];
  if (fault === 'sync-kept') opened.end += sectors;
  return fault;
}
