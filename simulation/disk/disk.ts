/**
 * A simulated disk and what happens to it: sectors that are written one by one and last only once they are synced.
 * Nothing here waits, draws a random number or touches the machine.
 *
 *     const disk = createDisk();                     // outlives every process
 *     const opened = openDisk(disk);                 // store.ts: a process opens it: Result<Store>; E_DAMAGED, E_BUSY
 *     disk.onPoint = (point) => 'go';                // asked before every write, sync and answer: 'go', 'crash', a fault
 *     disk.faults.push('full');                      // or: what the next commit meets
 *     disk.onCrash = () => {};                       // told once when a point was answered with 'crash'
 *     crashDisk(disk);                               // the process is killed: everything written is there
 *     crashDisk(disk, { keep: [0, 2], torn: 3 });    // power gone: of `disk.unsynced` these reached it, one of them half
 *     keepChoices(disk.unsynced.length, bound)       // every such choice, or a stated selection of them
 *     diskAfter(disk, kept)                          // another disk, as a crash with that choice would leave this one
 *     const old = copyDisk(disk); restoreDisk(disk, old);   // a byte copy (a clone); an old snapshot put back
 *     rotSector(disk, pick); rotValue(disk, pick);   // a bit turns: found when it is opened / by whoever reads the value
 *
 * From a crash on the process that had the store is dead: its reads and commits never answer. Then open again.
 *
 * The file: two marks, which take turns, then records, each from the start of a sector and with a checksum over all of
 * it. A commit is: the sectors of its record, sync, a mark that says how far records are synced, sync, answer. A record
 * that is not whole is damage below the mark and an unanswered commit above it.
 */
import { crc32 } from 'node:zlib';

/** What a commit can meet: it is refused (`E_STORE`) each time. */
export type DiskFault =
  /** No space: nothing lasts. */
  | 'full'
  /** The sync failed and nothing lasted. */
  | 'sync-lost'
  /** The sync failed, yet everything lasted, and the process sees it. */
  | 'sync-kept'
  /** The same, but the process does not see it: it is there after the next opening, unless a later commit took its place. */
  | 'sync-unseen';

export const DISK_FAULTS: readonly DiskFault[] = ['full', 'sync-lost', 'sync-kept', 'sync-unseen'];

/** One moment at which a process can end. */
export interface DiskPoint {
  /** From 1 over the life of the disk; so is `commit`. */
  readonly number: number;
  readonly commit: number;
  readonly doing: 'write' | 'sync' | 'mark' | 'sync-mark' | 'answer';
}

export interface SectorWrite {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface Disk {
  readonly sectorBytes: number;
  /** What the medium holds. Sectors are never changed in place. */
  sectors: Uint8Array[];
  /** Written by the process and not synced, in order. */
  unsynced: SectorWrite[];
  /** Faults that the coming commits meet, the first one first. */
  readonly faults: DiskFault[];
  onPoint: ((point: DiskPoint) => 'go' | 'crash' | DiskFault) | undefined;
  onCrash: (() => void) | undefined;
  /** Goes up with every crash: a store of an earlier life is dead. */
  life: number;
  isOpen: boolean;
  points: number;
  commits: number;
}

export const createDisk = (sectorBytes = 4_096): Disk => ({
  sectorBytes,
  sectors: [],
  unsynced: [],
  faults: [],
  onPoint: undefined,
  onCrash: undefined,
  life: 0,
  isOpen: false,
  points: 0,
  commits: 0,
});

/** A byte copy of the file as a reader sees it: another disk, which knows nothing of faults and counts from 0. */
export const copyDisk = (disk: Disk): Disk => diskAfter(disk);

export function diskAfter(disk: Disk, kept?: Kept): Disk {
  const copy = { ...createDisk(disk.sectorBytes), sectors: [...disk.sectors], unsynced: [...disk.unsynced] };
  crashDisk(copy, kept);
  return copy;
}

/** The medium of `old` put in the place of this one; whoever has the store open is dead. */
export function restoreDisk(disk: Disk, old: Disk): void {
  crashDisk(disk);
  disk.sectors = [...old.sectors];
}

/** Which unsynced writes reached the medium, by their positions; of `torn` only the first half. */
export interface Kept {
  readonly keep: readonly number[];
  readonly torn?: number;
}

/** The process is dead, its unsynced writes are decided. Without a choice it was killed and the machine lives on. */
export function crashDisk(disk: Disk, kept?: Kept): void {
  const writes = disk.unsynced;
  disk.unsynced = [];
  disk.life += 1;
  disk.isOpen = false;
  for (const [i, { at, bytes }] of writes.entries()) {
    if (kept?.torn === i) {
      const half = (disk.sectors[at] ?? new Uint8Array(disk.sectorBytes)).slice();
      half.set(bytes.subarray(0, disk.sectorBytes >> 1));
      putSector(disk, at, half);
    } else if (kept === undefined || kept.keep.includes(i)) {
      putSector(disk, at, bytes);
    }
  }
}

/** Everything written lasts from now on. */
export function syncDisk(disk: Disk): void {
  for (const { at, bytes } of disk.unsynced) putSector(disk, at, bytes);
  disk.unsynced = [];
}

function putSector(disk: Disk, at: number, bytes: Uint8Array): void {
  while (disk.sectors.length < at) disk.sectors.push(new Uint8Array(disk.sectorBytes));
  disk.sectors[at] = bytes;
}

/**
 * Every subset of `writes` unsynced writes, and with each of them each other write torn, while 2^writes ≤ `bound`; over
 * that: none, all, all but one, only one, each prefix, each of them with its neighbour torn.
 */
export function keepChoices(writes: number, bound: number): Kept[] {
  const all = Array.from({ length: writes }, (_, i) => i);
  const subsets =
    2 ** writes <= bound
      ? Array.from({ length: 2 ** writes }, (_, mask) => all.filter((i) => (mask >> i) & 1))
      : [
          ...all.map((i) => all.slice(0, i)),
          ...all.map((i) => all.filter((j) => j !== i)),
          ...all.slice(1).map((i) => [i]),
          all,
        ];
  return subsets.flatMap((keep) => {
    const lost = all.filter((i) => !keep.includes(i));
    const torn = 2 ** writes <= bound ? lost : lost.slice(0, 1);
    return [{ keep } as Kept].concat(torn.map((i) => ({ keep, torn: i })));
  });
}

const MARK_SECTORS = 2;
export const HEADER_BYTES = 8;

/** `length, checksum, payload`, filled up with zeros to whole sectors. */
export function sealRecord(payload: Uint8Array, sectorBytes: number): Uint8Array {
  const record = new Uint8Array(Math.ceil((HEADER_BYTES + payload.length) / sectorBytes) * sectorBytes);
  record.set(payload, HEADER_BYTES);
  const view = new DataView(record.buffer);
  view.setUint32(0, payload.length);
  view.setUint32(4, checksum(record, payload.length));
  return record;
}

/** Over length and payload; never 0, so that empty sectors are no record. */
const checksum = (record: Uint8Array, length: number): number =>
  (crc32(record.subarray(HEADER_BYTES, HEADER_BYTES + length), crc32(record.subarray(0, 4))) | 1) >>> 0;

export const cutSectors = (record: Uint8Array, sectorBytes: number): Uint8Array[] =>
  Array.from({ length: record.length / sectorBytes }, (_, i) =>
    record.subarray(i * sectorBytes, (i + 1) * sectorBytes),
  );

export interface DiskRecord {
  readonly payload: Uint8Array;
  readonly checksum: number;
  /** The sector behind it. */
  readonly next: number;
}

/** The record from this sector on; undefined when it is not whole. */
export function readRecord(disk: Disk, at: number): DiskRecord | undefined {
  const first = disk.sectors[at];
  if (!first) return undefined;
  const length = new DataView(first.buffer, first.byteOffset).getUint32(0);
  const count = Math.ceil((HEADER_BYTES + length) / disk.sectorBytes);
  if (at + count > disk.sectors.length) return undefined;
  const record = joinSectors(disk.sectors.slice(at, at + count), disk.sectorBytes);
  const stated = new DataView(record.buffer, record.byteOffset).getUint32(4);
  if (stated !== checksum(record, length)) return undefined;
  return { payload: record.subarray(HEADER_BYTES, HEADER_BYTES + length), checksum: stated, next: at + count };
}

function joinSectors(sectors: readonly Uint8Array[], sectorBytes: number): Uint8Array {
  const [only] = sectors;
  if (sectors.length === 1 && only) return only;
  const joined = new Uint8Array(sectors.length * sectorBytes);
  for (const [i, sector] of sectors.entries()) joined.set(sector, i * sectorBytes);
  return joined;
}

export interface Mark {
  /** Marks are written in turn, so that a torn one leaves the other. */
  readonly turn: number;
  /** The sector behind the last record that is known to be synced. */
  readonly end: number;
}

const NO_MARK: Mark = { turn: 0, end: MARK_SECTORS };

/** The newer of the two that are whole. */
export function readMark(disk: Disk): Mark {
  const marks = [0, 1].flatMap((at): Mark[] => {
    const record = readRecord(disk, at);
    if (!record) return [];
    const view = new DataView(record.payload.buffer, record.payload.byteOffset);
    return [{ turn: view.getUint32(0), end: view.getUint32(4) }];
  });
  return marks.reduce((newest, mark) => (mark.turn > newest.turn ? mark : newest), NO_MARK);
}

export function markWrite(disk: Disk, { turn, end }: Mark): SectorWrite {
  const payload = new Uint8Array(8);
  const view = new DataView(payload.buffer);
  view.setUint32(0, turn);
  view.setUint32(4, end);
  return { at: turn % MARK_SECTORS, bytes: sealRecord(payload, disk.sectorBytes) };
}

/** Where the first record begins. */
export const FIRST_RECORD: number = MARK_SECTORS;
