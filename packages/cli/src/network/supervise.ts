/** Starts the nodes, waits until they answer, watches them, and ends them before itself. */
import { readFileSync } from 'node:fs';
import { fail, ok, type NetworkFile, type Result } from '@dsm/core';
import { startChild, type Child } from './child.ts';
import { askHealth } from './health.ts';
import { configPath, logPath } from './layout.ts';

export interface Supervised {
  readonly dir: string;
  readonly file: NetworkFile;
  /** Called once all nodes answer. */
  readonly onReady: () => void;
  /** Called when a node has ended by itself later; the others go on. */
  readonly onLost: (message: string) => void;
}

interface Trouble {
  readonly kind: 'trouble';
  readonly message: string;
}

type Event = { readonly kind: 'ready' } | { readonly kind: 'stop' } | Trouble;

/** Opening a large store on a busy machine takes its time. */
const READY_MS = 60_000;
const POLL_MS = 50;
/** A node that has not closed its store by then is not going to. */
const GRACE_MS = 10_000;

const MAX_LINE = 500;

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Runs until a signal asks it to stop. A node that ends before all answer, or never answers, is `E_UNREACHABLE`. One
 * that ends later is reported and stays down: a network is made to go on with f nodes fewer, and with fewer than that
 * the others still answer what they know. `E_UNREACHABLE` once none is left.
 */
export async function superviseNodes({ dir, file, onReady, onLost }: Supervised): Promise<Result<undefined>> {
  const stop = listenForStop();
  const polling = new AbortController();
  const children = file.endpoints.map((_, node) => startChild(node, configPath(dir, node), logPath(dir, node)));
  const troubles = children.map((child) => watch(child, dir));
  try {
    const started = await Promise.race([stop.asked, ...troubles, pollAll(file, polling.signal)]);
    if (started.kind === 'ready') {
      onReady();
      const isNews = (): boolean => !stop.isAsked() && !children.every((child) => child.hasExited());
      for (const trouble of troubles) void trouble.then(({ message }) => isNews() && onLost(message));
    }
    const end = started.kind === 'ready' ? await Promise.race([stop.asked, lastOf(troubles)]) : started;
    return end.kind === 'trouble' ? fail('E_UNREACHABLE', 'CLI-6', end.message) : ok(undefined);
  } finally {
    polling.abort();
    await Promise.all(children.map(endChild));
    stop.release();
  }
}

/** How the last of the nodes ended. */
async function lastOf(troubles: readonly Promise<Trouble>[]): Promise<Event> {
  const ended: Trouble[] = [];
  await Promise.all(troubles.map((trouble) => trouble.then((event) => ended.push(event))));
  return ended.at(-1) ?? { kind: 'stop' };
}

interface Stop {
  readonly asked: Promise<Event>;
  readonly isAsked: () => boolean;
  readonly release: () => void;
}

/** Later signals change nothing: the children are being ended already. */
function listenForStop(): Stop {
  const { promise, resolve } = Promise.withResolvers<Event>();
  let asked = false;
  const listener = (): void => {
    asked = true;
    resolve({ kind: 'stop' });
  };
  for (const signal of STOP_SIGNALS) process.on(signal, listener);
  return {
    asked: promise,
    isAsked: () => asked,
    release: () => {
      for (const signal of STOP_SIGNALS) process.off(signal, listener);
    },
  };
}

async function watch(child: Child, dir: string): Promise<Trouble> {
  const how = await child.exit;
  const log = logPath(dir, child.node);
  return { kind: 'trouble', message: `node ${child.node + 1} ended by itself (${how}): ${lastLine(log)} (${log})` };
}

/** What a node that could not start has said last. */
function lastLine(path: string): string {
  try {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    return lines.at(-1)?.slice(0, MAX_LINE) ?? '';
  } catch {
    return 'it said nothing';
  }
}

async function pollAll(file: NetworkFile, signal: AbortSignal): Promise<Event> {
  const deadlineMs = performance.now() + READY_MS;
  for (let node = 0; node < file.endpoints.length;) {
    if (await askHealth(file, node)) node++;
    else if (signal.aborted) return { kind: 'stop' };
    else if (performance.now() > deadlineMs) {
      return { kind: 'trouble', message: `node ${node + 1} does not answer at ${file.endpoints[node]}` };
    } else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { kind: 'ready' };
}

async function endChild(child: Child): Promise<void> {
  if (child.hasExited()) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await child.exit;
  clearTimeout(timer);
}
