/**
 * Inputs worth keeping: one file each, named by its hash, compressed, in a folder of its target. The committed ones are
 * `corpus/`; what a run finds goes to a folder that is not committed, and the next run begins with both.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

export const COMMITTED: string = fileURLToPath(new URL('corpus', import.meta.url));
export const FOUND: string = fileURLToPath(new URL('../../node_modules/.cache/dsm-fuzz', import.meta.url));

/** The committed corpus stays below this. */
export const COMMITTED_BYTES = 300_000;

/** A corpus file is from the repository, and yet nothing inflates without a bound. */
const MAX_BYTES = 4_194_304;

export interface Entry {
  readonly target: string;
  readonly input: Uint8Array;
}

export const entryName = (input: Uint8Array): string => createHash('sha256').update(input).digest('hex').slice(0, 20);

export const packInput = (input: Uint8Array): Uint8Array => deflateRawSync(input, { level: 9 });

const unpackInput = (packed: Uint8Array): Uint8Array =>
  new Uint8Array(inflateRawSync(packed, { maxOutputLength: MAX_BYTES }));

export function writeEntry(folder: string, { target, input }: Entry): void {
  const place = join(folder, target);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, entryName(input)), packInput(input));
}

/** Every entry whose name is its hash, in a fixed order. */
export function readEntries(folder: string): readonly Entry[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((place) => place.isDirectory())
    .map(({ name }) => name)
    .toSorted()
    .flatMap((target) =>
      readdirSync(join(folder, target))
        .toSorted()
        .flatMap((file) => {
          const input = unpackInput(readFileSync(join(folder, target, file)));
          return entryName(input) === file ? [{ target, input }] : [];
        }),
    );
}
