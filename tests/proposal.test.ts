/** The page about the proposal: every command that it names is there to be run. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './support/sources.ts';

const page = readFileSync(join(ROOT, 'docs/proposal.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const commands = [...page.matchAll(/`(np[mx] [^`]+)`/g)]
  .map(([, command = '']) => command)
  .filter((c) => c !== 'npm ci');
const rows = page.split('\n').filter((line) => /^\| .* \|$/.test(line) && !line.startsWith('| the proposal'));

function isThere(command: string): boolean {
  const [tool, verb = '', name = '', path = ''] = command.split(' ');
  if (tool === 'npx') return verb === 'vitest' && name === 'run' && existsSync(join(ROOT, path));
  return Object.hasOwn(scripts, verb === 'run' ? name : verb);
}

describe('the proposal, corrected', () => {
  test.each([...new Set(commands)])('%s', (command) => {
    expect(isThere(command)).toBe(true);
  });

  test('every claim has a verdict, and what is said to hold has its command', () => {
    const unproved = rows.filter((row) => {
      const [, verdict = '', proof = ''] = row.slice(2, -2).split(' | ');
      const isOpen = verdict.startsWith('**not yet**') || verdict.startsWith('not measurable');
      return !isOpen && !proof.includes('`');
    });
    expect(rows.length).toBeGreaterThan(25);
    expect(unproved).toEqual([]);
  });
});
