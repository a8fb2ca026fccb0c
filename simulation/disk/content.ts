/**
 * What a disk holds, as a short string: two disks with the same one are the same to whoever opens them next, however the
 * records came there.
 */
import { createHash } from 'node:crypto';
import { FIRST_RECORD, readMark, readRecord, type Disk } from './disk.ts';
import { decodeWrites } from './record.ts';

/** `undefined`: the record is not there any more. */
type Entry = readonly [id: string, value: string | undefined];

interface Known {
  readonly entries: readonly Entry[];
  readonly next: number;
}

/** By the first sector of a record; sectors are never changed in place, and a synced record is whole. */
const knownRecords = new WeakMap<Uint8Array, Known>();
/** By the last sector of a disk whose records are all synced. */
const knownDisks = new WeakMap<Uint8Array, string>();

const digest = (bytes: Uint8Array | string): string => createHash('sha1').update(bytes).digest('base64');

function readEntries(disk: Disk, at: number): Known | undefined {
  const record = readRecord(disk, at);
  return (
    record && {
      next: record.next,
      entries: decodeWrites(record.payload).map((write) => [
        `${write.collection} ${Buffer.from(write.key).toString('base64')}`,
        'put' in write ? digest(write.put) : undefined,
      ]),
    }
  );
}

export function contentOf(disk: Disk): string {
  const { end } = readMark(disk);
  const last = disk.sectors.at(-1);
  const isWhole = last !== undefined && end === disk.sectors.length;
  const known = isWhole ? knownDisks.get(last) : undefined;
  if (known !== undefined) return known;
  const content = new Map<string, string>();
  for (let at = FIRST_RECORD; ;) {
    const first = disk.sectors[at];
    const synced = first !== undefined && at < end;
    const record = (synced ? knownRecords.get(first) : undefined) ?? readEntries(disk, at);
    if (!record) break;
    if (synced) knownRecords.set(first, record);
    for (const [id, value] of record.entries) {
      if (value === undefined) content.delete(id);
      else content.set(id, value);
    }
    at = record.next;
  }
  const lines = [...content].map(([id, value]) => `${id} ${value}`).toSorted();
  const made = digest(lines.join('\n'));
  if (isWhole) knownDisks.set(last, made);
  return made;
}
