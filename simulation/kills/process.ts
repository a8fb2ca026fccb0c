/** Child processes: started here, killed by their own handle, and none is left behind. */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DSM_MAIN = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));

export const PASSPHRASE = 'correct horse battery staple';

export interface Ended {
  readonly code: number | null;
  /** The signal that ended it, or null. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Process {
  /** What it is, for a person. */
  readonly name: string;
  readonly startedMs: number;
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly hasEnded: () => boolean;
  /** SIGKILL was sent to it by this program. */
  readonly wasKilled: () => boolean;
  readonly kill: () => void;
  readonly stop: () => Promise<Ended>;
}

export interface StartOptions {
  readonly cwd: string;
  /** Takes lines on stdin, and ends itself when this process dies. */
  readonly attached?: boolean;
  readonly onLine?: (line: string) => void;
  /** Everything that it writes to stderr goes here too. */
  readonly log?: string;
}

const running = new Set<Process>();

/** A process that has not ended by then after SIGTERM is not going to, however busy the machine is. */
const GRACE_MS = 30_000;

export function startProcess(
  name: string,
  file: string,
  args: readonly string[],
  { cwd, attached = false, onLine, log }: StartOptions,
): Process {
  const child = spawn(process.execPath, [file, ...args], {
    cwd,
    // A group of its own: Ctrl-C at the terminal reaches this program alone, which ends its children in order.
    detached: true,
    env: { PATH: process.env['PATH'], HOME: cwd, NO_COLOR: '1', DSM_PASSPHRASE: PASSPHRASE },
    stdio: attached ? ['pipe', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (onLine === undefined) {
      printed.stdout += text;
      return;
    }
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed.stderr = (printed.stderr + text).slice(-4_000);
    if (log !== undefined) appendFileSync(log, text);
  });
  // Writing to a process that was killed a moment ago is no defect.
  child.stdin?.on('error', () => {});
  let over = false;
  let killed = false;
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, ...printed, stderr: error.message }));
    child.once('close', (code, signal) => resolve({ code, signal, ...printed }));
  });
  const started: Process = {
    name,
    startedMs: Date.now(),
    child,
    ended,
    hasEnded: () => over,
    wasKilled: () => killed,
    kill: () => {
      killed = true;
      child.kill('SIGKILL');
    },
    async stop() {
      if (!over) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      const how = await ended;
      clearTimeout(timer);
      return how;
    },
  };
  running.add(started);
  void ended.finally(() => {
    over = true;
    running.delete(started);
  });
  return started;
}

/** A `dsm` command, as a person would call it. */
export const startDsm = (cwd: string, words: readonly string[], options: Partial<StartOptions> = {}): Process =>
  startProcess(`dsm ${words.join(' ')}`, DSM_MAIN, words, { cwd, ...options });

/** Ends whatever is left. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((one) => one.stop()));
}
