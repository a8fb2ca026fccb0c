/** Homes: each is used by one command at a time, by `dsm` processes or by a worker that stays. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wordsOf, type Answer, type Command, type Outcome } from './command.ts';
import { startDsm, startProcess, type Process } from './process.ts';
import { sleep } from './random.ts';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

export type HomeKind = 'worker' | 'dsm';

export interface HomeHooks {
  /** After a kill, before anything touches the home again. */
  readonly afterKill: (home: Home, wasBusy: boolean) => Promise<void>;
  readonly onAnswer: (home: Home, command: Command, answer: Answer) => void;
  /** A process that ended although nobody killed it. */
  readonly onCrash: (home: Home, how: string) => void;
}

export interface Home {
  readonly name: string;
  readonly kind: HomeKind;
  /** One command; a worker that is not there is started for it. */
  readonly run: (command: Command) => Promise<Outcome>;
  /** The process that a kill would hit. */
  readonly victim: () => Process | undefined;
  /** Starts the worker again if a kill has ended it. */
  readonly revive: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface HomeOptions {
  readonly dir: string;
  readonly name: string;
  readonly kind: HomeKind;
  readonly hooks: HomeHooks;
  /** Arguments of a worker, for planted faults. */
  readonly workerFlags?: readonly string[];
}

export const walletPath = (dir: string, home: string): string => join(dir, home, 'wallet.sqlite');

/** A command that takes that long hangs. */
const HANGING_MS = 120_000;

/** Runs one after the other. */
function makeLock(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const next = last.then(run, run);
    last = next.catch(() => {});
    return next;
  };
}

export function openDsmHome({ dir, name, hooks }: HomeOptions): Home {
  const lock = makeLock();
  let current: Process | undefined;

  const once = async (home: Home, command: Command): Promise<Outcome> => {
    const process = startDsm(dir, [...wordsOf(command), '--home', name, '--json']);
    current = process;
    const timer = setTimeout(() => hooks.onCrash(home, `${process.name} takes too long`), HANGING_MS);
    const ended = await process.ended;
    clearTimeout(timer);
    current = undefined;
    const outcome = readOutcome(ended.stdout, ended.stderr);
    if (outcome?.type === 'answer') hooks.onAnswer(home, command, outcome.answer);
    if (process.wasKilled() && ended.signal === 'SIGKILL') {
      await hooks.afterKill(home, outcome === undefined);
      return outcome ?? { type: 'killed' };
    }
    if (outcome) return outcome;
    hooks.onCrash(home, `${process.name} ended with ${ended.code ?? ended.signal}: ${ended.stderr}`);
    return { type: 'refused', code: 'E_CRASH', message: ended.stderr };
  };

  const home: Home = {
    name,
    kind: 'dsm',
    run: (command) => lock(() => once(home, command)),
    victim: () => current,
    revive: () => Promise.resolve(),
    close: () => lock(() => Promise.resolve()),
  };
  return home;
}

/** What a `dsm` process said, if it came to that. */
function readOutcome(stdout: string, stderr: string): Outcome | undefined {
  if (stdout.endsWith('\n')) return { type: 'answer', answer: JSON.parse(stdout) as Answer };
  const line = stderr.trim().split('\n').at(-1) ?? '';
  if (!stderr.endsWith('\n') || !line.startsWith('{"error"')) return undefined;
  const { error } = JSON.parse(line) as { readonly error: { readonly code: string; readonly message: string } };
  return { type: 'refused', ...error };
}

interface Line {
  readonly id?: number;
  readonly ready?: boolean;
  readonly answer?: Answer;
  readonly error?: { readonly code: string; readonly message: string };
}

export function openWorkerHome({ dir, name, hooks, workerFlags = [] }: HomeOptions): Home {
  const lock = makeLock();
  let worker: Process | undefined;
  const state = { isReady: false };
  let ids = 0;
  let waiting: { readonly id: number; readonly settle: (line: Line) => void } | undefined;

  const take = (line: string): void => {
    const said = JSON.parse(line) as Line;
    if (said.ready === true) state.isReady = true;
    else if (said.ready === false)
      hooks.onCrash(home, `the home does not open: ${said.error?.code} ${said.error?.message}`);
    else if (waiting?.id === said.id) waiting?.settle(said);
  };

  /** Deals with the end of a worker; the next one may start afterwards. */
  const bury = async (dead: Process, wasBusy: boolean): Promise<void> => {
    const { code, signal, stderr } = await dead.ended;
    if (worker !== dead) return;
    worker = undefined;
    state.isReady = false;
    if (dead.wasKilled()) await hooks.afterKill(home, wasBusy);
    else hooks.onCrash(home, `the worker ended with ${code ?? signal}: ${stderr}`);
  };

  const ensure = async (): Promise<Process | undefined> => {
    if (worker?.hasEnded() === true) await bury(worker, false);
    if (!worker) {
      const log = join(dir, `${name}.stderr`);
      worker = startProcess(`worker ${name}`, WORKER, [join(dir, name), ...workerFlags], {
        cwd: dir,
        attached: true,
        log,
        onLine: take,
      });
    }
    const mine = worker;
    while (!state.isReady) {
      if (mine.hasEnded()) {
        await bury(mine, true);
        return undefined;
      }
      await sleep(5);
    }
    return mine;
  };

  const once = async (command: Command): Promise<Outcome> => {
    const process = await ensure();
    if (!process) return { type: 'killed' };
    const id = ++ids;
    const said = new Promise<Line>((settle) => {
      waiting = { id, settle };
    });
    process.child.stdin?.write(`${JSON.stringify({ id, command })}\n`);
    const timer = setTimeout(() => hooks.onCrash(home, `${command.do} takes too long`), HANGING_MS);
    const line = await Promise.race([said, process.ended.then(() => undefined)]);
    clearTimeout(timer);
    waiting = undefined;
    if (line?.answer) {
      hooks.onAnswer(home, command, line.answer);
      return { type: 'answer', answer: line.answer };
    }
    if (line?.error) return { type: 'refused', ...line.error };
    await bury(process, true);
    return { type: 'killed' };
  };

  const home: Home = {
    name,
    kind: 'worker',
    run: (command) => lock(() => once(command)),
    victim: () => (worker?.hasEnded() === false ? worker : undefined),
    revive: async () => void (await lock(ensure)),
    close: () =>
      lock(async () => {
        if (worker && !worker.hasEnded()) await worker.stop();
        worker = undefined;
        state.isReady = false;
      }),
  };
  return home;
}

export const openHome = (options: HomeOptions): Home =>
  options.kind === 'dsm' ? openDsmHome(options) : openWorkerHome(options);
