/** A change of one place in a source file, applied while it is loaded. */

export interface Patch {
  /** From the root of the repository. */
  readonly file: string;
  /** Must occur exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export function applyPatch(source: string, { file, find, replace }: Patch): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${file}: ${parts.length - 1} places instead of one: ${find}`);
  return parts.join(replace);
}

export function readPatches(text: string | undefined): readonly Patch[] {
  if (text === undefined || text === '') return [];
  const patches: unknown = JSON.parse(text);
  const isPatch = (value: unknown): value is Patch =>
    typeof value === 'object' &&
    value !== null &&
    ['file', 'find', 'replace'].every((name) => typeof (value as Record<string, unknown>)[name] === 'string');
  if (!Array.isArray(patches) || !patches.every(isPatch)) throw new Error('DSM_PATCHES: patches expected');
  return patches;
}
