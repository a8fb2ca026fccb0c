/** One run: a world from a seed, its plan carried out, every check after every event. */
import type { CryptoSuite, NetworkDescription } from '@dsm/core';
import { createHash } from 'node:crypto';
import { DEEDS, type Deeds } from '../actors/honest.ts';
import { MISHAPS, type Mishaps } from '../actors/faults.ts';
import { debitsOf } from '../actors/forger.ts';
import { corruptNode } from '../actors/byzantine.ts';
import { TRICKS, type Cheats, type Tricks } from '../actors/cheats.ts';
import { GOOD_MAIL, type Post } from '../actors/letters.ts';
import { setUp } from '../actors/setup.ts';
import type { Check, Violation } from '../checks/check.ts';
import { createChronicle, type Chronicle } from '../checks/chronicle.ts';
import { operationOf } from '../checks/told.ts';
import { CHECKS } from '../checks/index.ts';
import { becomeCalm, finishAll, unfinished } from './finish.ts';
import { takeGlobals } from './globals.ts';
import { decide, thinOut, type Decision, type Profile } from './plan.ts';
import type { Random } from './random.ts';
import { createWorld, START_MS, type StoryLine, type World } from './world.ts';

export interface RunOptions {
  readonly seed: number;
  /** The plan ends after that many events; what is pending is then finished. */
  readonly events: number;
  readonly devices?: number;
  readonly nodes?: number;
  /** The second device is that far away: milliseconds of one way. */
  readonly distantMs?: number;
  /** How much longer reservations last than in a run of minutes. */
  readonly lasting?: number;
  /** Decisions fall where windows and reservations end. */
  readonly close?: boolean;
  /** Signs for real, at a hundred times the price. */
  readonly suite?: CryptoSuite;
  readonly times?: Partial<NetworkDescription>;
  /** False: the run ends with its plan, pending work and all. */
  readonly finish?: boolean;
  /** Byzantine nodes; up to f by default. */
  readonly badNodes?: number;
  /** Of 1,000 decisions, those that are cheats, of every kind; by default the seed decides. */
  readonly cheatShare?: number;
  /** Decisions to carry out; all by default. */
  readonly keep?: (decision: number) => boolean;
  /** The plan ends at that virtual time, if not before. */
  readonly untilMs?: number;
  /** Real milliseconds after which the run ends early. */
  readonly budgetMs?: number;
}

export interface RunReport {
  readonly seed: number;
  readonly events: number;
  readonly decisions: number;
  /** Virtual time when the plan ended. */
  readonly endedMs: number;
  readonly faults: Readonly<Record<string, number>>;
  /** How commands ended: `command: code`. */
  readonly told: Readonly<Record<string, number>>;
  /** Facts and states that each check has looked at. */
  readonly checked: Readonly<Record<string, number>>;
  readonly violation: Violation | undefined;
  /** Over every event: equal for equal runs. */
  readonly digest: string;
  readonly realMs: number;
  readonly story: readonly StoryLine[];
}

const DEED_WEIGHTS = {
  pay: 4,
  reserve: 4,
  offerReserved: 10,
  offerProvisional: 6,
  request: 5,
  refund: 2,
  cancel: 2,
  release: 3,
  sync: 10,
  carryClaim: 2,
  unlock: 2,
  backup: 1,
  look: 1,
  repeat: 2,
  mint: 1,
  wait: 1,
} satisfies Record<keyof typeof DEEDS, number>;

const FAULT_WEIGHTS = {
  crashDevice: 4,
  crashNode: 4,
  kill: 3,
  diskFault: 2,
  partition: 2,
  storm: 2,
  clock: 2,
  rot: 1,
  loseHome: 1,
} satisfies Record<keyof typeof MISHAPS, number>;

const CHEAT_WEIGHTS = {
  attempt: 14,
  clone: 3,
  keepSnapshot: 6,
  snapshot: 3,
  wildClock: 3,
  forget: 3,
  forgeLetter: 6,
  withhold: 4,
  forgeRequest: 6,
  forgeState: 10,
} satisfies Record<keyof typeof TRICKS, number>;

/** Where cheating is what the run is about: mostly the catalogue, since a copy of a device ends what it could try. */
const HOSTILE_WEIGHTS = {
  ...CHEAT_WEIGHTS,
  attempt: 80,
  clone: 1,
  wildClock: 1,
} satisfies Record<keyof typeof TRICKS, number>;

function profileOf(world: World, cheatShare: number | undefined): Profile {
  const random = world.random.fork('profile');
  return {
    deeds: thinOut(random, DEED_WEIGHTS),
    faults: thinOut(random, FAULT_WEIGHTS),
    cheats: thinOut(random, CHEAT_WEIGHTS),
    faultShare: random.pick([0, 60, 150, 300]),
    cheatShare: random.pick([0, 0, 60, 150]),
    leapShare: random.pick([0, 20, 80]),
    ...(cheatShare !== undefined && { cheatShare, cheats: HOSTILE_WEIGHTS, faultShare: random.pick([0, 30]) }),
  };
}

export async function runWorld(options: RunOptions): Promise<RunReport> {
  const world = createWorld({
    seed: options.seed,
    devices: options.devices ?? 4,
    nodes: options.nodes ?? 4,
    ...(options.suite && { suite: options.suite }),
    ...(options.times && { times: options.times }),
  });
  const giveBack = takeGlobals(world.scheduler, world.random.fork('math'));
  try {
    return await drive(world, options);
  } finally {
    giveBack();
  }
}

async function drive(world: World, options: RunOptions): Promise<RunReport> {
  const started = performance.now();
  const digest = createHash('sha256');
  const chronicle = createChronicle(world);
  const checks = CHECKS.map((make) => make(world, chronicle));
  const checked = new Map<string, number>();
  const post: Post = { mail: { ...GOOD_MAIL }, written: [] };
  let violation: Violation | undefined;
  let planned = true;

  const step = async (): Promise<boolean> => {
    const event = await world.scheduler.step();
    if (!event) return false;
    world.events += 1;
    digest.update(`${event.atMs} ${event.label}\n`);
    violation ??= await examine(world, chronicle, checks, checked);
    return violation === undefined;
  };
  const until = async (isOver: () => boolean): Promise<void> => {
    while (!isOver() && (await step()));
  };

  /** Runs work that waits for virtual time, to its end. */
  const live = async (work: () => Promise<void>): Promise<void> => {
    let over = false;
    let failure: unknown;
    void work().then(
      () => (over = true),
      (thrown: unknown) => {
        failure = thrown;
        over = true;
      },
    );
    // Something to wait for while the first promises settle.
    world.scheduler.after(0, 'it begins', () => {});
    await until(() => over);
    if (failure !== undefined) throw failure instanceof Error ? failure : new Error(String(failure));
  };

  const end = async (): Promise<Violation | undefined> => {
    planned = false;
    await live(() => becomeCalm(world, post));
    await live(() => finishAll(world));
    if (violation) return violation;
    const left = await unfinished(world);
    if (left !== undefined) return violationOf(world, LIVENESS, left);
    for (const check of checks) {
      const what = await check.atEnd?.();
      if (what !== undefined) return violationOf(world, check, what);
    }
    return undefined;
  };

  const devices = options.devices ?? 4;
  await live(() => setUp(world, { devices, acquaintances: devices > 16 ? 3 : devices }));
  const distant = world.seats[1]?.who.name;
  if (options.distantMs !== undefined && distant !== undefined)
    world.network.distanceMs.set(distant, options.distantMs);
  world.lasting = options.lasting ?? 1;
  const boundaryShare = options.close ? 0.5 : 0.1;

  const profile = profileOf(world, options.cheatShare);
  const cheats: Cheats = {
    most: Math.ceil(world.seats.length / (options.cheatShare === undefined ? 3 : 2)),
    seats: new Set(),
    snapshots: new Map(),
    sent: world.sent,
  };
  const bad = options.badNodes ?? world.random.fork('bad nodes').below(world.facts.faults + 1);
  for (const seat of world.nodeSeats.slice(0, bad)) void corruptNode(world, seat);
  world.calm = false;
  let decisions = 0;
  const planNext = (): void => {
    const decision = decide(world.random, profile, decisions);
    decisions += 1;
    const moment = decision.random.chance(boundaryShare) ? nextMoment(world, decision.random) : undefined;
    world.scheduler.after(moment ?? decision.gapMs, `decision ${decision.id}`, () => {
      if (!planned) return;
      if (options.keep?.(decision.id) ?? true) carryOut(world, post, cheats, decision);
      planNext();
    });
  };
  planNext();
  const deadline = options.budgetMs === undefined ? Number.POSITIVE_INFINITY : started + options.budgetMs;
  const lastMs = START_MS + (options.untilMs ?? Number.MAX_SAFE_INTEGER - START_MS);
  const isOver = (): boolean => world.events >= options.events || (world.scheduler.peek() ?? 0) > lastMs;
  await until(() => isOver() || performance.now() > deadline);
  const endedMs = world.scheduler.nowMs() - START_MS;
  if (!violation && options.finish !== false) violation = await end();

  return {
    seed: options.seed,
    events: world.events,
    decisions,
    endedMs,
    faults: sorted(world.faults),
    told: sorted(world.told),
    checked: Object.fromEntries(checked),
    violation,
    digest: digest.digest('hex'),
    realMs: performance.now() - started,
    story: world.story,
  };
}

/** Milliseconds until a window or a reservation ends, give or take what clocks may differ by. */
function nextMoment(world: World, random: Random): number | undefined {
  const now = world.scheduler.nowMs();
  const { deltaMs } = world.facts;
  world.moments = world.moments.filter((atMs) => atMs > now + deltaMs);
  if (world.moments.length === 0) return undefined;
  return Math.min(...world.moments) - now + random.between(-deltaMs, deltaMs);
}

const sorted = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));

const count = (counts: Map<string, number>, name: string, by = 1): void =>
  void counts.set(name, (counts.get(name) ?? 0) + by);

/** All facts of the event to all checks; the first complaint ends the run. */
async function examine(
  world: World,
  chronicle: Chronicle,
  checks: readonly Check[],
  checked: Map<string, number>,
): Promise<Violation | undefined> {
  const facts = world.pending;
  world.pending = [];
  for (const fact of facts) {
    await chronicle.take(fact);
    if (fact.type === 'told') count(world.told, `${fact.command}: ${fact.failure?.code ?? 'ok'}`);
  }
  for (const check of checks) {
    let what: string | undefined;
    for (const fact of facts) what ??= await check.see?.(fact);
    what ??= await check.afterEvent?.();
    checked.set(check.name, (checked.get(check.name) ?? 0) + facts.length + (check.afterEvent ? 1 : 0));
    if (what !== undefined) return violationOf(world, check, what);
  }
  for (const { chain, index, hash } of chronicle.newFinals) {
    const operation = operationOf(chronicle, hash);
    if (operation) world.debits = [...world.debits, ...debitsOf(chain, index, operation)].slice(-32);
  }
  chronicle.endEvent();
  return undefined;
}

const LIVENESS = {
  name: 'work finishes',
  sentence: 'After faults stop, all pending work finishes in a bounded number of exchanges.',
};

const violationOf = (world: World, { name, sentence }: Pick<Check, 'name' | 'sentence'>, what: string): Violation => ({
  check: name,
  sentence,
  what,
  event: world.events,
  atMs: world.scheduler.nowMs() - START_MS,
});

function carryOut(world: World, post: Post, cheats: Cheats, { id, type, name, random }: Decision): void {
  if (type === 'fault') {
    (MISHAPS as Mishaps)[name]?.({ world, post, random, decision: id });
    return;
  }
  if (type === 'cheat') {
    void (TRICKS as Tricks)[name]?.({ world, post, random, decision: id, cheats });
    return;
  }
  const seat = random.pick(world.seats);
  if (seat.waiting > 2) return;
  void (DEEDS as Deeds)[name]?.({ world, post, seat, random, decision: id });
}
