/** One run: load, kills, and in the end the proof that nothing acknowledged is missing. */
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { nodeCryptoSuite } from '@dsm/platform/node';
import { cheatForEver } from './cheat.ts';
import { openChecks } from './checks.ts';
import type { Answer, Command, Outcome } from './command.ts';
import {
  addViolation,
  countKills,
  hasProgress,
  listBegun,
  newProgress,
  readProgress,
  readViolations,
  writeProgress,
  type Progress,
} from './diary.ts';
import { factsOf } from './facts.ts';
import { concludeRun } from './finish.ts';
import { openHome, walletPath, type Home, type HomeHooks } from './homes.ts';
import { digestOf, exchange, exchangeForEver, lookForEver, payForEver, type Load } from './load.ts';
import { keepNodes } from './keep-nodes.ts';
import { killForAWhile, type Running } from './killer.ts';
import { makeNetwork, readNetwork } from './nodes.ts';
import { endAll } from './process.ts';
import { seededRandom } from './random.ts';
import { folders, HOMES, initHomes, introduce, isDsmHome, PAIRS } from './setup.ts';
import { noViolations } from './check/violations.ts';

export interface RunOptions {
  readonly dir: string;
  readonly seed: number;
  /** Kills in all, those of earlier parts of a resumed run included. */
  readonly count: number;
  /** Asked for by a person: stop soon, in a state that can be resumed. */
  readonly isInterrupted: () => boolean;
  readonly tell: (line: string) => void;
  /** Wallets whose workers forget: a planted fault. */
  readonly forgetful?: boolean;
}

export interface Report {
  readonly seed: number;
  readonly kills: Progress['kills'];
  readonly interrupted: number;
  readonly unsigned: number;
  readonly unsettled: number;
  readonly answers: number;
  readonly facts: number;
  readonly checks: number;
  readonly cheats: number;
  readonly rounds: number;
  readonly places: number;
  readonly heads: number;
  readonly violations: readonly string[];
  /** False when it was interrupted and waits to be resumed. */
  readonly finished: boolean;
}

/** More than are given between two kills. */
const SPARE_ORDERS = 1_000;

/** Files of exchanges that stay for `dsm verify` in the end. */
const KEPT_FILES = 4;

export async function runKills(options: RunOptions): Promise<Report> {
  const { dir, tell } = options;
  const suite = nodeCryptoSuite();
  const isNew = !hasProgress(dir);
  folders(dir);
  if (isNew) {
    tell(`a network and ${HOMES.length} wallets in ${dir}, seed ${options.seed}`);
    await makeNetwork(dir);
    await initHomes(dir);
  }
  const progress = isNew ? newProgress(options.seed, HOMES) : readProgress(dir);
  // Numbers that were given since the file was last written are not given again.
  if (!isNew) progress.orders += SPARE_ORDERS;
  const earlier = readViolations(dir);
  for (const what of earlier) tell(`VIOLATION of an earlier part: ${what}`);
  const violations = noViolations((what) => {
    addViolation(dir, what);
    tell(`VIOLATION ${what}`);
  });
  const checks = openChecks({ dir, suite, file: readNetwork(suite, dir), progress, violations });
  const random = seededRandom(progress.seed, countKills(progress));
  const state = { stopping: false };
  const keptFiles: string[] = [];
  const homes = new Map<string, Home>();
  const load: Load = {
    dir,
    homes,
    random,
    violations,
    isStopping: () => state.stopping,
    nextOrder: () => `p${++progress.orders}`,
    onOddity: (home, command, outcome) => keepAside(dir, home.name, command, outcome),
    onFiles: (paths) => {
      for (const path of paths) checks.checkFile(path);
      if (keptFiles.length < KEPT_FILES) keptFiles.push(...paths);
      else for (const path of paths) rmSync(join(dir, path), { force: true });
    },
    active: new Set(),
    counts: { exchanges: 0, online: 0, repeated: 0, givenUp: 0 },
  };
  const hooks: HomeHooks = {
    async afterKill(home, wasBusy) {
      if (wasBusy) progress.interrupted++;
      await checks.checkHome(home.name);
    },
    onAnswer(home: Home, command: Command, answer: Answer) {
      progress.answers++;
      // A copied wallet has no promises to keep.
      if (progress.cheats.some(({ name }) => home.name.startsWith(name))) return;
      for (const fact of factsOf(home.name, command, answer, (path) => digestOf(dir, path))) checks.note(fact);
    },
    onCrash: (home, how) => violations.add(`home ${home.name}: ${how}`),
  };
  for (const name of HOMES) {
    const flags = options.forgetful === true ? ['--forgetful'] : [];
    homes.set(name, openHome({ dir, name, kind: isDsmHome(name) ? 'dsm' : 'worker', hooks, workerFlags: flags }));
  }
  const nodes = keepNodes({ dir, checks, violations, random, progress });
  try {
    await nodes.start();
    if (isNew) {
      await introduce(load);
      writeProgress(dir, progress);
    }
    for (const begun of listBegun(dir)) await exchange(load, begun);
    const { count, isInterrupted } = options;
    const running: Running = { dir, count, isInterrupted, tell, random, progress, checks, load, nodes, violations };
    const kills = (): number => countKills(progress);
    const sessions = startSessions(load, cheatForEver({ load, progress, hooks, kills }));
    await killForAWhile(running);
    state.stopping = true;
    tell('no more kills: what is under way is finished');
    await Promise.all(sessions);
    const isDone = countKills(progress) >= options.count || violations.list.length > 0;
    if (isDone) await concludeRun({ dir, load, hooks, nodes, checks, progress, violations, keptFiles, tell });
    else for (const home of homes.values()) await home.close();
    await nodes.stop();
    writeProgress(dir, progress);
    return describe(running, isDone, earlier);
  } finally {
    nodes.abandon();
    await endAll();
  }
}

function startSessions(load: Load, cheating: Promise<void>): readonly Promise<void>[] {
  const home = (name: string): Home => load.homes.get(name) as Home;
  const { workers, processes, mixed, online } = PAIRS;
  const guard = (run: Promise<void>): Promise<void> =>
    run.catch((thrown: unknown) => {
      load.violations.add(
        `the load broke: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`,
      );
    });
  return [
    ...[workers, processes, mixed].map(([one, other]) => guard(exchangeForEver(load, home(one), home(other)))),
    guard(
      payForEver(
        load,
        online.map(([payer, payee]) => [home(payer), home(payee)] as const),
      ),
    ),
    guard(lookForEver(load)),
    guard(cheating),
  ];
}

/** For whoever looks into a violation: a home, what it was asked, what it said, and the message, as they were. */
function keepAside(dir: string, home: string, command: Command, outcome: Outcome): void {
  const aside = join(dir, 'aside', `${Date.now()}-${home}`);
  mkdirSync(aside, { recursive: true });
  writeFileSync(join(aside, 'asked.json'), `${JSON.stringify({ command, outcome }, null, 2)}\n`);
  const file = 'file' in command ? command.file : undefined;
  const path = walletPath(dir, home);
  for (const end of ['', '-wal'])
    if (existsSync(path + end)) copyFileSync(path + end, join(aside, basename(path) + end));
  if (file !== undefined) copyFileSync(join(dir, file), join(aside, basename(file)));
}

const describe = (
  { progress, checks, violations }: Running,
  finished: boolean,
  earlier: readonly string[],
): Report => ({
  seed: progress.seed,
  kills: progress.kills,
  interrupted: progress.interrupted,
  unsigned: progress.unsigned,
  unsettled: progress.unsettled,
  answers: progress.answers,
  facts: checks.countFacts(),
  checks: progress.checks,
  cheats: progress.cheats.length,
  rounds: checks.book.byRounds.size,
  places: checks.book.places.size,
  heads: checks.heads.count(),
  violations: [...new Set([...earlier, ...violations.list])],
  finished,
});
