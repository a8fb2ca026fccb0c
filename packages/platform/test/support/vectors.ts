/** Public test vectors, read in place from beside the repository: `../shared/vectors` of its root. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { fromHex } from '@dsm/core';

const DIRECTORY = fileURLToPath(new URL('../../../../../shared/vectors/', import.meta.url));

export const vectorsMissing: boolean = !existsSync(DIRECTORY);

/** Ends the name of a test that needs them. */
export const whyIfSkipped: string = vectorsMissing ? ' (skipped: there is no ../shared/vectors)' : '';

export function readVectors<T>(name: string): T {
  const bytes = readFileSync(DIRECTORY + name);
  return JSON.parse((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')) as T;
}

/** The cases, of which there must be some: a loader that reads none would let every test pass. */
export function requireCases<T>(cases: readonly T[] | undefined, what: string): readonly T[] {
  if (cases === undefined || cases.length === 0) throw new Error(`no cases of ${what}`);
  return cases;
}

export function bytesOf(hex: string | undefined): Uint8Array {
  const bytes = fromHex(hex?.toLowerCase() ?? '-');
  if (bytes === undefined) throw new Error(`not hexadecimal: ${String(hex)}`);
  return bytes;
}

interface AcvpGroup {
  readonly parameterSet: string;
  readonly function?: string;
  readonly tests: readonly Readonly<Record<string, string | boolean>>[];
}

/** The cases of one group of a file in the format of NIST's ACVP server. */
export function acvpCases(
  file: string,
  parameterSet: string,
  task?: string,
): readonly Readonly<Record<string, string>>[] {
  const groups = readVectors<{ testGroups: readonly AcvpGroup[] }>(file).testGroups;
  const group = groups.find((one) => one.parameterSet === parameterSet && one.function === task);
  return requireCases(group?.tests, `${parameterSet} ${task ?? ''}`) as readonly Readonly<Record<string, string>>[];
}
