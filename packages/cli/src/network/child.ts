/** A directory node as a child process. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly node: number;
  readonly pid: number | undefined;
  readonly hasExited: () => boolean;
  /** How it ended, in words. Settles once, never rejects. */
  readonly exit: Promise<string>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/**
 * The child leads a group of its own, so that Ctrl-C at the terminal reaches the supervisor alone, which ends its
 * children before itself. The IPC channel carries nothing: it closes when the supervisor dies, however it dies, and
 * the node then ends itself.
 */
export function startChild(node: number, config: string, log: string): Child {
  const output = openSync(log, 'a', 0o600);
  try {
    const child = spawn(process.execPath, [MAIN, 'directory', 'run', '--config', config], {
      stdio: ['ignore', 'ignore', output, 'ipc'],
      detached: true,
    });
    return {
      node,
      pid: child.pid,
      hasExited: () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined,
      exit: exitOf(child),
      kill: (signal) => void child.kill(signal),
    };
  } finally {
    closeSync(output);
  }
}

const exitOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `code ${code}` : `signal ${signal}`));
  });
