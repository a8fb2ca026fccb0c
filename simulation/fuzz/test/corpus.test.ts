/** The corpus is replayed: every property holds for every input that once took a way of its own. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attempt } from '../attempt.ts';
import { COMMITTED, COMMITTED_BYTES, entryName, readCommitted, readEntries, writeEntry } from '../corpus.ts';
import { makeWorld } from '../seeds/world.ts';
import { allTargets } from '../targets/table.ts';

const entries = readCommitted();

test('the corpus is there, small, and each entry is named by its hash', () => {
  expect(entries.length).toBeGreaterThan(300);
  const sizes = readdirSync(COMMITTED).map((file) => statSync(join(COMMITTED, file)).size);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(COMMITTED_BYTES);
});

test('what runs have found is read again, but for failures and for what was left in the middle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dsm-fuzz-'));
  const entry = { target: 'flag', input: Uint8Array.of(0xf5) };
  writeEntry(folder, entry);
  writeEntry(join(folder, 'failures'), { target: 'flag', input: Uint8Array.of(0xf4) });
  mkdirSync(join(folder, 'hash'));
  writeFileSync(join(folder, 'hash', entryName(entry.input)), Uint8Array.of(1, 2));
  expect(readEntries(folder)).toEqual([entry]);
  rmSync(folder, { recursive: true });
});

test('every entry is answered, with nothing thrown and nothing broken', async () => {
  const targets = new Map((await allTargets(makeWorld())).map((target) => [target.name, target]));
  const broken: string[] = [];
  const marks = new Set<string>();
  for (const { target: name, input } of entries) {
    const target = targets.get(name);
    const result = target ? await attempt(target, input) : undefined;
    if (result?.outcome) marks.add(`${name} ${result.outcome.mark}`);
    else broken.push(`${name} ${entryName(input)}: ${result?.broken ?? 'no such target'}`);
  }
  expect(broken).toEqual([]);
  // Ways through the code are lost where the protocol changes: then `npm run fuzz -- --keep` finds new inputs.
  expect(marks.size).toBeGreaterThan(entries.length / 2);
});
