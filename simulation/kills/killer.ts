/** Who is killed, and when: chosen by the seed, at moments that depend on how fast the processes are. */
import { statSync } from 'node:fs';
import type { Checks } from './checks.ts';
import type { Violations } from './check/violations.ts';
import { countKills, writeProgress, type Progress } from './diary.ts';
import { walletPath, type Home } from './homes.ts';
import type { Nodes } from './keep-nodes.ts';
import type { Load } from './load.ts';
import { nodeStore } from './nodes.ts';
import { sleep, type Random } from './random.ts';
import { HOMES, isDsmHome } from './setup.ts';

/** A run under way. */
export interface Running {
  readonly dir: string;
  readonly count: number;
  readonly isInterrupted: () => boolean;
  readonly tell: (line: string) => void;
  readonly random: Random;
  readonly progress: Progress;
  readonly checks: Checks;
  readonly load: Load;
  readonly nodes: Nodes;
  readonly violations: Violations;
}

/** Answers between two kills, so that a slow machine gets its work done too, and milliseconds after the last of them. */
const ANSWERS = { from: 1, to: 6 } as const;
const PAUSE = { from: 0, to: 400 } as const;
/** While nodes are down nothing may be answered for a while. */
const LONGEST_PAUSE_MS = 2_000;
/** Two at once, one time of so many. */
const TWICE = 0.15;

async function waitForWork({ random, progress }: Running): Promise<void> {
  const wanted = progress.answers + random.between(ANSWERS.from, ANSWERS.to);
  const deadlineMs = Date.now() + LONGEST_PAUSE_MS;
  while (progress.answers < wanted && Date.now() < deadlineMs) await sleep(10);
  await sleep(random.between(PAUSE.from, PAUSE.to));
}

export async function killForAWhile(running: Running): Promise<void> {
  const { dir, count, isInterrupted, tell, random, progress, violations, load, checks } = running;
  while (countKills(progress) < count && !isInterrupted() && violations.list.length === 0) {
    await waitForWork(running);
    const more = random.chance(TWICE) && countKills(progress) + 1 < count ? 2 : 1;
    const names: string[] = [];
    for (let i = 0; i < more; i++) {
      const name = await killOne(running);
      if (name !== undefined) names.push(name);
    }
    if (names.length === 0) continue;
    writeProgress(dir, progress);
    const { exchanges, online, repeated } = load.counts;
    tell(
      `kill ${countKills(progress)} of ${count}: ` +
        `${names.join(', ')}; ${exchanges} exchanges, ${online} online payments, ${repeated} repeated, ` +
        `${checks.countFacts()} facts, ${progress.checks} checks`,
    );
  }
}

/** How often a kill waits for its victim to write. */
const AIMED = 0.6;

/** Whom to kill: a node, a worker, or a `dsm` process in the middle of its command. */
async function killOne({ dir, random, progress, load, nodes }: Running): Promise<string | undefined> {
  const kind = random.pick([
    'node',
    'node',
    'node',
    'node',
    'worker',
    'worker',
    'worker',
    'dsm',
    'dsm',
    'dsm',
  ] as const);
  const isAimed = random.chance(AIMED);
  const pauseMs = random.between(0, isAimed ? 8 : 400);
  if (kind === 'node') {
    const node = random.between(0, 3);
    if (isAimed) await waitForWrite(nodeStore(dir, node));
    await sleep(pauseMs);
    if (!nodes.kill(node)) return undefined;
    progress.kills.node++;
    return `node ${node + 1}`;
  }
  const home = load.homes.get(random.pick(HOMES.filter((name) => isDsmHome(name) === (kind === 'dsm')))) as Home;
  // A `dsm` process takes its time before it touches its home: most kills shall come after that.
  if (isAimed) await waitForWrite(walletPath(dir, home.name));
  await sleep(pauseMs);
  const victim = home.victim();
  if (!victim || victim.hasEnded() || victim.wasKilled()) return undefined;
  victim.kill();
  progress.kills[kind]++;
  // A worker that nobody needs at the moment is looked at and started again all the same.
  if (kind === 'worker') void victim.ended.then(() => home.revive());
  return victim.name.split(' --')[0];
}

const LONGEST_AIM_MS = 1_500;

/** Until the store is being written to: its log grows. */
async function waitForWrite(path: string): Promise<void> {
  const look = (): number => statSync(`${path}-wal`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const before = look();
  const deadlineMs = Date.now() + LONGEST_AIM_MS;
  for (;;) {
    const now = look();
    if ((now !== before && now !== 0) || Date.now() > deadlineMs) return;
    await sleep(1);
  }
}
