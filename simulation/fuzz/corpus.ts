/**
 * Inputs worth keeping, named by their hash and compressed. Those that are committed are in `corpus/`, a file for each
 * target with a line for each input: hash, bytes in base64. What a run finds goes to a folder that is not committed, a
 * file for each; the next run begins with both.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

export const COMMITTED: string = fileURLToPath(new URL('corpus', import.meta.url));
export const FOUND: string = fileURLToPath(new URL('../../node_modules/.cache/dsm-fuzz', import.meta.url));

/** The committed corpus stays below this, as its files stand. */
export const COMMITTED_BYTES = 300_000;

/** A corpus file is from the repository, and yet nothing inflates without a bound. */
const MAX_BYTES = 4_194_304;

export interface Entry {
  readonly target: string;
  readonly input: Uint8Array;
}

export const entryName = (input: Uint8Array): string => createHash('sha256').update(input).digest('hex').slice(0, 20);

const packInput = (input: Uint8Array): Uint8Array => deflateRawSync(input, { level: 9 });

const unpackInput = (packed: Uint8Array): Uint8Array =>
  new Uint8Array(inflateRawSync(packed, { maxOutputLength: MAX_BYTES }));

export function writeEntry(folder: string, { target, input }: Entry): void {
  const place = join(folder, target);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, entryName(input)), packInput(input));
}

const lineOf = (input: Uint8Array): string =>
  `${entryName(input)} ${Buffer.from(packInput(input)).toString('base64')}\n`;

/** Bytes that an input takes in the committed corpus. */
export const committedSize = (input: Uint8Array): number => lineOf(input).length;

/** Writes the committed corpus anew. */
export function writeCommitted(entries: readonly Entry[]): void {
  rmSync(COMMITTED, { recursive: true, force: true });
  mkdirSync(COMMITTED, { recursive: true });
  for (const [target, own] of Map.groupBy(entries, (entry) => entry.target)) {
    const lines = own.map(({ input }) => lineOf(input)).toSorted();
    writeFileSync(join(COMMITTED, `${target}.txt`), lines.join(''));
  }
}

/** Every committed entry whose name is its hash, in a fixed order. */
export function readCommitted(): readonly Entry[] {
  if (!existsSync(COMMITTED)) return [];
  return readdirSync(COMMITTED)
    .toSorted()
    .flatMap((file) =>
      readFileSync(join(COMMITTED, file), 'utf8')
        .trimEnd()
        .split('\n')
        .flatMap((line) => {
          const [name, packed = ''] = line.split(' ');
          const input = unpackInput(Buffer.from(packed, 'base64'));
          return entryName(input) === name ? [{ target: file.slice(0, -'.txt'.length), input }] : [];
        }),
    );
}

/** Every entry of a folder whose name is its hash, in a fixed order. */
export function readEntries(folder: string): readonly Entry[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((place) => place.isDirectory())
    .map(({ name }) => name)
    .toSorted()
    .flatMap((target) =>
      readdirSync(join(folder, target), { withFileTypes: true })
        // Failures lie in folders of their own.
        .filter((place) => place.isFile())
        .map(({ name }) => name)
        .toSorted()
        .flatMap((file) => {
          const input = readWhole(join(folder, target, file));
          return input && entryName(input) === file ? [{ target, input }] : [];
        }),
    );
}

/** Undefined for what a run that was killed left in the middle. */
function readWhole(path: string): Uint8Array | undefined {
  try {
    return unpackInput(readFileSync(path));
  } catch {
    return undefined;
  }
}
