/** After the last kill: whatever was begun is finished, and everything is checked once more, by `dsm` itself too. */
import { join } from 'node:path';
import type { Checks } from './checks.ts';
import type { HomeView } from './check/home.ts';
import { balanceOf, checkSides, checkValue } from './check/value.ts';
import type { Violations } from './check/violations.ts';
import type { Progress } from './diary.ts';
import { isUnfinished } from './facts.ts';
import { openHome, type Home, type HomeHooks } from './homes.ts';
import type { Nodes } from './keep-nodes.ts';
import { syncHome, type Load } from './load.ts';
import { startDsm } from './process.ts';
import { sleep } from './random.ts';

export interface Conclusion {
  readonly dir: string;
  readonly load: Load;
  readonly hooks: HomeHooks;
  readonly nodes: Nodes;
  readonly checks: Checks;
  readonly progress: Progress;
  readonly violations: Violations;
  readonly keptFiles: readonly string[];
  readonly tell: (line: string) => void;
}

export async function concludeRun(run: Conclusion): Promise<void> {
  const { dir, load, nodes, checks, progress, violations, keptFiles, tell } = run;
  await nodes.settled();
  await settleCheats(run);
  await settle(load, violations);
  for (const home of load.homes.values()) await home.close();
  tell('exporting every account, verifying by dsm');
  await verifyByDsm(dir, [...load.homes.keys()], keptFiles, violations);
  await nodes.stop();
  tell('checking all that was acknowledged');
  const views: HomeView[] = [];
  for (const name of load.homes.keys()) {
    const view = await checks.checkHome(name);
    if (view) views.push(view);
  }
  for (const path of keptFiles) checks.checkFile(path);
  for (const node of checks.file.network.nodes.keys()) await checks.checkNode(node);
  await checks.checkFinals();
  checkCheats(views, progress, violations);
  checkValue([...views, ...(await cheats(checks, progress))], violations);
  checkSides(views, violations);
  for (const { home, payments, states } of views) {
    for (const [payment, { status }] of payments) {
      if (isUnfinished(status)) violations.add(`home ${home}: payment ${payment} is still ${status}`);
    }
    const open = states.find(({ status }) => status !== 'final');
    if (open) violations.add(`home ${home}: state ${open.index} is still ${open.status}`);
  }
}

/** A cheat that was cut off before it came to anything: what was sent to that wallet arrives all the same. */
async function settleCheats({ dir, load, hooks, progress }: Conclusion): Promise<void> {
  for (const { name, payments } of progress.cheats) {
    if (payments.length === 2) continue;
    const home = openHome({ dir, name, kind: 'worker', hooks });
    await syncHome(load, home);
    await home.close();
  }
}

/** The accounts of copied wallets as the nodes have them: their homes know less than the nodes do. */
async function cheats(checks: Checks, { cheats: all }: Progress): Promise<readonly HomeView[]> {
  const views: HomeView[] = [];
  for (const { name, account } of all) {
    const states = await checks.readAccount(account);
    const nothing = { credits: new Set<string>(), payments: new Map(), reservations: new Map(), vaults: new Map() };
    const empty = { ...nothing, tokens: new Set<string>(), contacts: new Set<string>(), balances: [] };
    const view = { ...empty, home: name, account, states };
    const available = balanceOf(view);
    const balance = { token: '', available, setAside: 0n, reserved: 0n, provisional: 0n };
    views.push({ ...view, balances: [balance] });
  }
  return views;
}

/** Of the payments of one copied wallet at most one is final, and none is left open. */
function checkCheats(views: readonly HomeView[], { cheats: all }: Progress, violations: Violations): void {
  for (const { name, payments } of all) {
    const statuses = payments.flatMap((payment) => views.flatMap((view) => view.payments.get(payment)?.status ?? []));
    const final = statuses.filter((status) => status === 'final').length;
    if (final > 1) violations.add(`${name} has paid ${final} people from one balance`);
    const open = statuses.find(isUnfinished);
    if (open !== undefined) violations.add(`a payment of ${name} is still ${open}`);
    // Each was received and brought to the nodes: rounds choose between the two.
    if (statuses.length === 2 && statuses.every((status) => status === 'lost' || status === 'void'))
      violations.add(`neither payment of ${name} became final: ${statuses.join()}`);
  }
}

/** Rounds of everybody's sync, and a time within which slots open their rounds; far less is enough. */
const MOST_ROUNDS = 40;
const LONGEST_MS = 60_000;

/** Until a round moves nothing. */
async function settle(load: Load, violations: Violations): Promise<void> {
  let last: unknown;
  const deadlineMs = Date.now() + LONGEST_MS;
  for (let round = 0; round < MOST_ROUNDS || Date.now() < deadlineMs; round++) {
    const moved = await Promise.all([...load.homes.values()].map((home) => hasMoved(load, home)));
    last = moved;
    if (moved.every((one) => one === undefined)) return;
    await sleep(100);
  }
  violations.add(`not everything finishes: ${JSON.stringify(last)}`);
}

const isSome = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** What a sync has moved or left open; undefined when nothing is left to do. */
async function hasMoved(load: Load, home: Home): Promise<unknown> {
  const answer = await syncHome(load, home);
  if (!answer) return 'the sync was refused';
  const { received, claimed, certified, unlocked, waiting, open } = answer;
  return [received, claimed, unlocked, waiting, open].some(isSome) || certified !== 0
    ? { home: home.name, ...answer }
    : undefined;
}

/** Every account is exported by `dsm`, and that file and some messages are verified by `dsm`. */
async function verifyByDsm(
  dir: string,
  homes: readonly string[],
  files: readonly string[],
  violations: Violations,
): Promise<void> {
  const exported = homes.map((name) => join('exports', `${name}-${Date.now()}.dsm`));
  const call = async (words: readonly string[]): Promise<void> => {
    const { code, stdout, stderr } = await startDsm(dir, [...words, '--json']).ended;
    if (code !== 0) violations.add(`dsm ${words.join(' ')}: ${stdout}${stderr}`);
  };
  await inTurns(homes.map((name, i) => () => call(['export', '--out', exported[i] ?? '', '--home', name])));
  const verify = [...exported, ...files].map((path) => () => call(['verify', path, '--network', 'net/network.json']));
  await inTurns(verify);
}

/** Three at a time. */
async function inTurns(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const left = [...tasks];
  const work = async (): Promise<void> => {
    for (let task = left.shift(); task; task = left.shift()) await task();
  };
  await Promise.all([work(), work(), work()]);
}
