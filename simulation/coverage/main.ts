/** `npm run simulate -- --coverage [--seed N --runs K --events M]`: marks of the protocol that a set of runs does not hit. */
import { spawn } from 'node:child_process';
import type { Patch } from '../load/patch.ts';

/** Every failure is told as it arises. */
const TELL: Patch = {
  file: 'packages/core/src/result.ts',
  find: '): Err => ({\n',
  replace: '): Err => ((globalThis as { dsmFailed?: (...of: string[]) => void }).dsmFailed?.(code, rule, message), {\n',
};

/** Where every step of a loop is counted, the one that compares all bytes would take a third of the time. */
const COMPARE: Patch = {
  file: 'packages/core/src/bytes.ts',
  find: '  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;\n  return true;',
  replace: '  return Buffer.compare(a, b) === 0;',
};

/** Answers the exit code. */
export function runCoverage(args: readonly string[]): Promise<number> {
  const register = new URL('../load/register.ts', import.meta.url).href;
  const script = new URL('run.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', register, script, ...args], {
    env: { ...process.env, DSM_PATCHES: JSON.stringify([TELL, COMPARE]) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve) => void child.once('exit', (code) => resolve(code ?? 1)));
}
