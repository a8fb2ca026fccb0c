/** Each command of this folder says in a line what is wrong with its options. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const REGISTER = ['--import', './simulation/load/register.ts'];

interface Ended {
  readonly status: number;
  readonly stderr: string;
}

function run(args: readonly string[]): Ended {
  try {
    execFileSync(process.execPath, args, { cwd: ROOT, stdio: 'pipe', encoding: 'utf8' });
    return { status: 0, stderr: '' };
  } catch (error) {
    return error as Ended;
  }
}

test.each([
  {
    name: 'simulate',
    command: [...REGISTER, 'simulation/main.ts'],
    wrong: ['--nosuch'],
    says: "Unknown option '--nosuch'",
  },
  {
    name: 'simulate',
    command: [...REGISTER, 'simulation/main.ts'],
    wrong: ['--runs', '0'],
    says: '--runs: a whole number from 1 on',
  },
  {
    name: 'model',
    command: ['simulation/model/main.ts'],
    wrong: ['--limit', 'x'],
    says: '--limit: a whole number from 1 on',
  },
  { name: 'kills', command: ['simulation/kills/main.ts'], wrong: ['extra'], says: "Unexpected argument 'extra'" },
  { name: 'fuzz', command: ['simulation/fuzz/main.ts'], wrong: ['--input', 'zz'], says: '--input: hexadecimal digits' },
])('$name with $wrong: one line without a stack, exit code 2', ({ command, wrong, says }) => {
  const { status, stderr } = run([...command, ...wrong]);
  expect(status).toBe(2);
  expect(stderr).toContain(says);
  expect(stderr).not.toContain('    at ');
});
