/** Real `dsm` processes, ended by their id. Linux only: children are found in /proc. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  readonly printed: { stdout: string; stderr: string };
  /** Exit code, or the signal that ended it. */
  readonly exit: Promise<number | string>;
}

export interface Ended {
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

const started: Running[] = [];

export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text));
  const exit = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? String(signal))),
  );
  const running = { child, printed, exit };
  started.push(running);
  return running;
}

export async function runToEnd(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const { exit, printed } = start(args, env);
  const code = await exit;
  return { exit: code, ...printed };
}

/** Ends whatever a test has left running. */
export async function endAll(): Promise<void> {
  for (const { child, exit } of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exit;
  }
}

export async function until(holds: () => boolean, what: () => string, timeoutMs = 25_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits for the line of `network up`; fails with what it said when it ended instead. */
export async function untilReady({ child, printed }: Running): Promise<void> {
  await until(
    () => printed.stdout.includes('ready') || child.exitCode !== null,
    () => printed.stderr,
  );
  if (!printed.stdout.includes('ready')) throw new Error(printed.stderr);
}

interface Status {
  readonly state: string;
  readonly parent: number;
}

function readStatus(pid: number): Status | undefined {
  try {
    // `pid (name) state ppid …`; the name may hold spaces.
    const [, rest = ''] = /\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    const [state = '', parent = ''] = rest.split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

export const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((other) => readStatus(other)?.parent === pid);

/** Running, and not only waiting for its parent to ask how it ended. */
export const isAlive = (pid: number): boolean => {
  const status = readStatus(pid);
  return status !== undefined && status.state !== 'Z' && status.state !== 'X';
};
