import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { applyPatch, readPatches } from '../../load/patch.ts';
import { BUGS } from '../list.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const sourcesBelow = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));

describe('planted bugs', () => {
  test('there are at least 36, each with an id of its own', () => {
    expect(BUGS.length).toBeGreaterThanOrEqual(36);
    expect(new Set(BUGS.map(({ id }) => id)).size).toBe(BUGS.length);
  });

  test.each(BUGS.map((bug) => [bug.id, bug] as const))('%s changes one place of shipped code', (_, bug) => {
    expect(bug.file).toMatch(/^packages\/(core|wallet|directory)\/src\//);
    const source = read(bug.file);
    const patched = applyPatch(source, bug);
    expect(patched).not.toBe(source);
    // One statement: the number of lines may shrink by those that the statement was wrapped over, never grow.
    expect(patched.split('\n').length).toBeLessThanOrEqual(source.split('\n').length);
  });

  test('no check knows of a bug', () => {
    const checkers = ['checks', 'world', 'actors', 'crashes', 'disk'].flatMap((folder) =>
      sourcesBelow(`simulation/${folder}`),
    );
    expect(checkers.length).toBeGreaterThan(10);
    for (const file of checkers) {
      const source = read(file);
      expect(source, file).not.toMatch(/bugs\//);
      expect(source, file).not.toMatch(/DSM_PATCHES/);
      for (const { id } of BUGS) expect(source, `${file} names ${id}`).not.toContain(id);
    }
  });
});

describe('patches', () => {
  test('a place that is not there, or there twice, is an error', () => {
    const patch = { file: 'a.ts', find: 'x', replace: 'y' };
    expect(applyPatch('a x b', patch)).toBe('a y b');
    expect(() => applyPatch('a b', patch)).toThrow('a.ts: 0 places');
    expect(() => applyPatch('x x', patch)).toThrow('a.ts: 2 places');
  });

  test('what is no list of patches is an error', () => {
    expect(readPatches(undefined)).toEqual([]);
    expect(readPatches('[{"file":"a","find":"b","replace":""}]')).toEqual([{ file: 'a', find: 'b', replace: '' }]);
    expect(() => readPatches('[{"file":"a"}]')).toThrow('patches expected');
  });
});
