/**
 * The load: payments of every kind between homes, by files and through the nodes, as fast as the processes go. Whatever
 * a kill interrupts is called again, word for word; a command that could pay twice is looked up first.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSameAnswer, money, type Answer, type Command, type Outcome } from './command.ts';
import { addEntry, type Begun } from './diary.ts';
import type { Home } from './homes.ts';
import { sleep, type Random } from './random.ts';
import type { Violations } from './check/violations.ts';

export interface Load {
  readonly dir: string;
  readonly homes: ReadonlyMap<string, Home>;
  readonly random: Random;
  readonly violations: Violations;
  /** No new payments any more. */
  readonly isStopping: () => boolean;
  readonly nextOrder: () => string;
  /** Before a violation is told: keeps home, file and outcome as they are at this moment. */
  readonly onOddity: (home: Home, command: Command, outcome: Outcome) => void;
  /** Files of an exchange that is over. */
  readonly onFiles: (paths: readonly string[]) => void;
  /** Payments in the middle of an exchange: not to be tidied up. */
  readonly active: Set<string>;
  readonly counts: { exchanges: number; online: number; repeated: number; givenUp: number };
}

/** The nodes are down, or an older state has to settle first: the same again later. */
const LATER: ReadonlySet<string> = new Set(['E_UNREACHABLE', 'E_PENDING', 'E_PARENT']);
const LATER_MS = 150;
/** Longer than any time without a quorum of nodes. */
const PATIENCE_MS = 90_000;

export const digestOf = (dir: string, path: string): string =>
  createHash('sha256')
    .update(readFileSync(join(dir, path)))
    .digest('hex');

/** Calls the command until it says something. Right for whatever may be repeated. */
export async function perform(home: Home, command: Command): Promise<Exclude<Outcome, { type: 'killed' }>> {
  for (;;) {
    const outcome = await home.run(command);
    if (outcome.type !== 'killed') return outcome;
  }
}

/** Refusals that belong to the load; any other is a violation. */
export function expectRefusal(
  load: Load,
  home: Home,
  command: Command,
  outcome: Outcome,
  ...codes: readonly string[]
): void {
  if (outcome.type !== 'refused' || codes.includes(outcome.code) || LATER.has(outcome.code)) return;
  load.onOddity(home, command, outcome);
  load.violations.add(`home ${home.name}: ${command.do} was refused: ${outcome.code} ${outcome.message}`);
}

/** Until the nodes have taken it; undefined when that takes for ever, which is a violation. */
async function insist(load: Load, home: Home, command: Command): Promise<Exclude<Outcome, { type: 'killed' }>> {
  const deadlineMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const outcome = await perform(home, command);
    if (outcome.type === 'answer' || !LATER.has(outcome.code)) return outcome;
    if (Date.now() > deadlineMs) {
      load.violations.add(`home ${home.name}: ${command.do} does not finish: ${outcome.code} ${outcome.message}`);
      return outcome;
    }
    await sleep(LATER_MS);
    if (outcome.code !== 'E_UNREACHABLE') await perform(home, { do: 'sync' });
  }
}

export async function syncHome(load: Load, home: Home): Promise<Answer | undefined> {
  const command: Command = { do: 'sync' };
  const outcome = await perform(home, command);
  expectRefusal(load, home, command, outcome);
  return outcome.type === 'answer' ? outcome.answer : undefined;
}

type Row = Readonly<Record<string, unknown>>;

async function payments(home: Home): Promise<readonly Row[]> {
  const outcome = await perform(home, { do: 'history' });
  return outcome.type === 'answer' ? (outcome.answer['payments'] as readonly Row[]) : [];
}

/**
 * An online payment, made once: what was interrupted, or is pending, is found by its order. True once it is final.
 */
export async function payOnce(load: Load, payer: Home, to: string, amount: string): Promise<boolean> {
  const order = load.nextOrder();
  const command: Command = { do: 'pay', to, amount, order };
  const deadlineMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const outcome = await payer.run(command);
    if (outcome.type === 'answer') {
      load.counts.online++;
      return true;
    }
    if (outcome.type === 'refused' && !LATER.has(outcome.code)) {
      expectRefusal(load, payer, command, outcome, 'E_BALANCE');
      return false;
    }
    if (Date.now() > deadlineMs) {
      load.violations.add(`home ${payer.name}: payment ${order} does not finish`);
      return false;
    }
    for (;;) {
      const found = (await payments(payer)).filter((row) => row['order'] === order);
      if (found.length > 1) load.violations.add(`home ${payer.name}: order ${order} was paid ${found.length} times`);
      const status = found[0]?.['status'] as string | undefined;
      if (status === undefined) break;
      if (status === 'final') {
        load.counts.online++;
        return true;
      }
      if (status !== 'pending' || Date.now() > deadlineMs) {
        load.violations.add(`home ${payer.name}: online payment ${order} is ${status}`);
        return false;
      }
      await syncHome(load, payer);
      await sleep(LATER_MS);
    }
    await sleep(LATER_MS);
  }
}

/** Something to spend: from the issuer, which issues more when it has to. */
export async function fund(load: Load, home: Home): Promise<void> {
  const issuer = load.homes.get('issuer') as Home;
  if (home !== issuer && (await payOnce(load, issuer, home.name, money(load.random.between(20_000, 40_000))))) {
    await syncHome(load, home);
    return;
  }
  const outcome = await insist(load, issuer, { do: 'mint', amount: money(load.random.between(500_000, 900_000)) });
  expectRefusal(load, issuer, { do: 'mint', amount: '' }, outcome);
}

async function setAside(load: Load, payer: Home, payee: Home): Promise<void> {
  const command: Command = { do: 'reserve', for: payee.name, amount: money(load.random.between(3_000, 9_000)) };
  const outcome = await insist(load, payer, command);
  expectRefusal(load, payer, command, outcome, 'E_BALANCE');
  if (outcome.type === 'refused' && outcome.code === 'E_BALANCE') await fund(load, payer);
}

/** One turn of an exchange. */
export interface Turn {
  readonly home: Home;
  readonly command: Command;
  readonly answer: Answer;
  readonly digest: string | undefined;
}

/** Nothing is wrong when a turn comes too late because the account has moved on, or something else is open. */
const GIVE_UP: readonly string[] = [
  'E_STALE',
  'E_OPEN',
  'E_LINK',
  'E_BALANCE',
  'E_RESERVATION',
  'E_STATE',
  'E_EXPIRED',
];

export async function exchange(load: Load, begun: Begun): Promise<void> {
  const { order, kind, amount } = begun;
  const [payer, payee] = [begun.payer, begun.payee].map((name) => load.homes.get(name)) as [Home, Home];
  addEntry(load.dir, { is: 'begun', exchange: begun });
  const file = (turn: string): string => join('files', `${order}-${turn}.dsm`);
  const turns: Turn[] = [];

  const take = async (home: Home, command: Command): Promise<Answer | string> => {
    const outcome = await perform(home, command);
    if (outcome.type === 'refused') {
      expectRefusal(load, home, command, outcome, ...GIVE_UP);
      return outcome.code;
    }
    const digest = 'out' in command ? digestOf(load.dir, command.out) : undefined;
    turns.push({ home, command, answer: outcome.answer, digest });
    load.active.add(String(outcome.answer['payment']));
    return outcome.answer;
  };

  const steps: readonly (() => Promise<Answer | string>)[] = [
    ...(kind === 'request'
      ? [() => take(payee, { do: 'request', from: payer.name, amount, order, out: file('request') })]
      : [
          () =>
            take(payer, {
              do: 'offer',
              to: payee.name,
              amount,
              order,
              provisional: kind === 'provisional',
              out: file('offer'),
            }),
          () => take(payee, { do: 'accept', file: file('offer'), out: file('accept') }),
        ]),
    () => take(payer, { do: 'commit', file: file(kind === 'request' ? 'request' : 'accept'), out: file('commit') }),
    () => take(payee, { do: 'receive', file: file('commit'), out: file('ack') }),
    () => take(payer, { do: 'ack', file: file('ack') }),
  ];
  let refused: string | undefined;
  for (const step of steps) {
    const done = await step();
    if (typeof done === 'string') {
      refused = done;
      break;
    }
    if (load.random.chance(0.12)) await repeat(load, load.random.pick(turns));
  }
  if (refused === undefined) load.counts.exchanges++;
  else await giveUp(load, payer, payee, turns, refused);
  for (const { answer } of turns) load.active.delete(String(answer['payment']));
  for (const { command, digest } of turns) {
    if ('out' in command && digestOf(load.dir, command.out) !== digest) {
      load.violations.add(`${command.out} is not what it was when it was acknowledged`);
    }
  }
  load.onFiles(turns.flatMap(({ command }) => ('out' in command ? [command.out] : [])));
  addEntry(load.dir, { is: 'over', order });
}

/** Every turn may be repeated, and gives the same answer and the same bytes. */
export async function repeat(load: Load, { home, command, answer, digest }: Turn): Promise<void> {
  const outcome = await perform(home, command);
  load.counts.repeated++;
  const same = outcome.type === 'answer' && isSameAnswer(outcome.answer, answer);
  if (!same) {
    load.onOddity(home, command, outcome);
    load.violations.add(
      `home ${home.name}: ${command.do} repeated says ${JSON.stringify(outcome)} instead of ${JSON.stringify(answer)}`,
    );
  }
  if ('out' in command && digestOf(load.dir, command.out) !== digest) {
    load.violations.add(`home ${home.name}: ${command.do} repeated has written something else to ${command.out}`);
  }
}

/** What is not going to be paid is withdrawn on both sides, and what was lacking is brought. */
async function giveUp(load: Load, payer: Home, payee: Home, turns: readonly Turn[], code: string): Promise<void> {
  load.counts.givenUp++;
  for (const { answer } of turns) load.active.delete(String(answer['payment']));
  if (code === 'E_RESERVATION' || code === 'E_BALANCE') {
    await setAside(load, payer, payee);
    await fund(load, payer);
  } else if (code === 'E_OPEN' || turns.length > 0) {
    await withdrawOpen(load, payer);
    await withdrawOpen(load, payee);
  }
  if (LATER.has(code)) await syncHome(load, payer);
}

const OPEN: ReadonlySet<unknown> = new Set(['offered', 'accepted', 'requested']);

async function withdrawOpen(load: Load, home: Home): Promise<void> {
  for (const { status, payment } of await payments(home)) {
    if (!OPEN.has(status) || load.active.has(String(payment))) continue;
    const command: Command = { do: 'cancel', payment: String(payment) };
    expectRefusal(load, home, command, await perform(home, command), 'E_STATE');
  }
}

const KINDS: readonly Begun['kind'][] = ['reserved', 'reserved', 'reserved', 'provisional', 'request'];

/** Payments by file within one pair, in both directions. */
export async function exchangeForEver(load: Load, one: Home, other: Home): Promise<void> {
  while (!load.isStopping()) {
    const [payer, payee] = load.random.chance(0.5) ? [one, other] : [other, one];
    const amount = money(load.random.between(1, 900));
    const names = { payer: payer.name, payee: payee.name };
    await exchange(load, { ...names, order: load.nextOrder(), kind: load.random.pick(KINDS), amount });
    if (load.random.chance(0.2)) await syncHome(load, payee);
  }
}

/** Payments through the nodes. */
export async function payForEver(load: Load, pairs: readonly (readonly [Home, Home])[]): Promise<void> {
  while (!load.isStopping()) {
    const [payer, payee] = load.random.pick(pairs);
    const paid = await payOnce(load, payer, payee.name, money(load.random.between(1, 2_000)));
    if (!paid) await fund(load, payer);
    if (load.random.chance(0.4)) await syncHome(load, payee);
    await sleep(load.random.between(0, 60));
  }
}

/** Whoever looks in from time to time. */
export async function lookForEver(load: Load): Promise<void> {
  const homes = [...load.homes.values()];
  while (!load.isStopping()) {
    await sleep(load.random.between(50, 500));
    const home = load.random.pick(homes);
    if (load.random.chance(0.6)) await syncHome(load, home);
    else await perform(home, { do: load.random.pick(['history', 'balance'] as const) });
  }
}
