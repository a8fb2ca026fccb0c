/** Bits that turn on a disk. `pick(n)` answers a number below n: a generator of the run, or a constant. */
import { cutSectors, FIRST_RECORD, HEADER_BYTES, readMark, readRecord, sealRecord, type Disk } from './disk.ts';
import type { Write } from '@dsm/core';
import { decodeWrites, encodeWrites } from './record.ts';

export type Pick = (below: number) => number;

/** A copy with one bit turned; `bit` counts from the lowest one of the first byte. */
const turnBit = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

/** Turns a bit of a synced record, not of the space behind it: the next opening answers `E_DAMAGED`. False: none is there. */
export function rotSector(disk: Disk, pick: Pick): boolean {
  const starts = recordStarts(disk);
  const at = starts[starts.length && pick(starts.length)];
  const record = at === undefined ? undefined : readRecord(disk, at);
  if (at === undefined || !record) return false;
  const byte = pick(record.payload.length + HEADER_BYTES);
  const sector = at + Math.floor(byte / disk.sectorBytes);
  // Not the lowest bit: that of a checksum is always set.
  const bit = 1 + pick(7);
  const bytes = disk.sectors[sector];
  if (!bytes) return false;
  disk.sectors[sector] = turnBit(bytes, (byte % disk.sectorBytes) * 8 + bit);
  return true;
}

/**
 * Turns a bit of one stored value in a way that the medium does not notice: whoever reads the value must find it. False:
 * there is none in `collection`.
 */
export function rotValue(disk: Disk, pick: Pick, collection?: string): boolean {
  const spots = recordStarts(disk).flatMap((at) =>
    writesOf(disk, at).flatMap((write, i) =>
      'put' in write && write.put.length > 0 && (collection ?? write.collection) === write.collection
        ? [{ at, i }]
        : [],
    ),
  );
  const spot = spots[spots.length && pick(spots.length)];
  if (!spot) return false;
  const writes = writesOf(disk, spot.at);
  const write = writes[spot.i];
  if (!write || !('put' in write)) return false;
  const turned = writes.with(spot.i, { ...write, put: turnBit(write.put, pick(write.put.length * 8)) });
  const sectors = cutSectors(sealRecord(encodeWrites(turned), disk.sectorBytes), disk.sectorBytes);
  for (const [i, sector] of sectors.entries()) disk.sectors[spot.at + i] = sector;
  return true;
}

function writesOf(disk: Disk, at: number): Write[] {
  const record = readRecord(disk, at);
  return record ? decodeWrites(record.payload) : [];
}

function recordStarts(disk: Disk): number[] {
  const starts: number[] = [];
  for (let at = FIRST_RECORD; at < readMark(disk).end;) {
    const record = readRecord(disk, at);
    if (!record) break;
    starts.push(at);
    at = record.next;
  }
  return starts;
}
