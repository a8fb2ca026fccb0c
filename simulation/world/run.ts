/** One run: a world from a seed, its plan carried out, every check after every event. */
import { StoreError, type CryptoSuite, type NetworkDescription } from '@dsm/core';
import { DEEDS, type Deeds } from '../actors/honest.ts';
import { MISHAPS, type Mishaps } from '../actors/faults.ts';
import { corruptNode } from '../actors/byzantine.ts';
import { TRICKS, type Cheats, type Tricks } from '../actors/cheats.ts';
import { USUAL_MAIL, type Post } from '../actors/letters.ts';
import { playRestores } from '../actors/restores.ts';
import { setUp } from '../actors/setup.ts';
import type { Violation } from '../checks/check.ts';
import { becomeCalm, EXCHANGES, finishAll } from './finish.ts';
import { HAPPENED } from './happened.ts';
import { decide, thinOut, type Decision, type Profile } from './plan.ts';
import type { Random } from './random.ts';
import { play, violationOf, type Stage } from './stage.ts';
import { countWork, unfinished } from './unfinished.ts';
import { START_MS, type StoryLine, type World } from './world.ts';

export interface RunOptions {
  readonly seed: number;
  /** The plan ends after that many events, those of the beginning not counted; what is pending is then finished. */
  readonly events: number;
  readonly devices?: number;
  readonly nodes?: number;
  /** The second device is that far away: milliseconds of one way. */
  readonly distantMs?: number;
  /** How much longer reservations last than in a run of minutes. */
  readonly lasting?: number;
  /** Decisions fall where windows and reservations end. */
  readonly close?: boolean;
  /** Beside the plan guests lose their homes in the middle of something and restore them. */
  readonly restores?: boolean;
  /** Signs for real, at a hundred times the price. */
  readonly suite?: CryptoSuite;
  readonly times?: Partial<NetworkDescription>;
  /** False: the run ends with its plan, pending work and all. */
  readonly finish?: boolean;
  /** Syncs of each device after faults have stopped. */
  readonly exchanges?: number;
  /** Byzantine nodes; up to f by default. */
  readonly badNodes?: number;
  /** Of 1,000 decisions, those that are cheats, of every kind; by default the seed decides. */
  readonly cheatShare?: number;
  /** All cheats are of this kind. */
  readonly only?: keyof typeof TRICKS;
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
  /** What the run was about, without its beginning; see `happened.ts`. */
  readonly happened: Readonly<Record<string, number>>;
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
  offerReserved: 14,
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
  spendTwice: 6,
  lie: 12,
  keepSnapshot: 6,
  snapshot: 3,
  wildClock: 3,
  forget: 3,
  amnesia: 5,
  forgeLetter: 6,
  withhold: 4,
  forgeRequest: 6,
  forgeState: 10,
} satisfies Record<keyof typeof TRICKS, number>;

/** Where cheating is what the run is about: mostly the catalogue. What ends the account of a cheat is left to other runs. */
const HOSTILE_WEIGHTS = {
  ...CHEAT_WEIGHTS,
  attempt: 80,
  lie: 30,
  spendTwice: 10,
  clone: 0,
  snapshot: 0,
  wildClock: 0,
  forgeState: 0,
} satisfies Record<keyof typeof TRICKS, number>;

function profileOf(world: World, { cheatShare, only }: RunOptions): Profile {
  const random = world.random.fork('profile');
  return {
    deeds: thinOut(random, DEED_WEIGHTS),
    faults: thinOut(random, FAULT_WEIGHTS),
    cheats: thinOut(random, CHEAT_WEIGHTS),
    faultShare: random.pick([0, 60, 150, 300]),
    cheatShare: random.pick([0, 60, 150, 300]),
    leapShare: random.pick([0, 20, 80]),
    ...(cheatShare !== undefined && { cheatShare, cheats: HOSTILE_WEIGHTS, faultShare: random.pick([0, 30]) }),
    ...(only && { cheats: { [only]: 1 } }),
  };
}

export const runWorld = (options: RunOptions): Promise<RunReport> =>
  play(
    {
      seed: options.seed,
      devices: options.devices ?? 4,
      nodes: options.nodes ?? 4,
      ...(options.suite && { suite: options.suite }),
      ...(options.times && { times: options.times }),
    },
    (stage) => drive(stage, options),
  );

async function drive(stage: Stage, options: RunOptions): Promise<RunReport> {
  const { world, post } = stage;
  const started = performance.now();
  const devices = options.devices ?? 4;
  await stage.live(() => setUp(world, { devices, acquaintances: devices > 16 ? 3 : devices }));
  for (const name of HAPPENED) stage.tally.counts.set(name, 0);
  const distant = world.seats[1]?.who.name;
  if (options.distantMs !== undefined && distant !== undefined) {
    world.network.distanceMs.set(distant, options.distantMs);
  }
  world.lasting = options.lasting ?? 1;

  const bad = options.badNodes ?? world.random.fork('bad nodes').below(world.facts.faults + 1);
  for (const seat of world.nodeSeats.slice(0, bad)) void corruptNode(world, seat);
  world.calm = false;
  post.mail = { ...USUAL_MAIL };
  const plan = beginPlan(world, post, options);
  if (options.restores) void playRestores(world);
  const begun = world.events;
  const deadline = options.budgetMs === undefined ? Number.POSITIVE_INFINITY : started + options.budgetMs;
  const lastMs = START_MS + (options.untilMs ?? Number.MAX_SAFE_INTEGER - START_MS);
  await stage.until(
    () =>
      world.events - begun >= options.events || (world.scheduler.peek() ?? 0) > lastMs || performance.now() > deadline,
  );
  const endedMs = world.scheduler.nowMs() - START_MS;
  plan.isOver = true;
  if (!stage.violation && options.finish !== false) await end(stage, options.exchanges ?? EXCHANGES);

  return {
    seed: options.seed,
    events: world.events,
    decisions: plan.decisions,
    endedMs,
    faults: sorted(world.faults),
    told: sorted(world.told),
    happened: Object.fromEntries(stage.tally.counts),
    checked: Object.fromEntries(stage.checked),
    violation: stage.violation,
    digest: stage.digest(),
    realMs: performance.now() - started,
    story: world.story,
  };
}

interface Plan {
  decisions: number;
  isOver: boolean;
}

/** One decision after another, until somebody says that it is over. */
function beginPlan(world: World, post: Post, options: RunOptions): Plan {
  const profile = profileOf(world, options);
  const cheats: Cheats = {
    most: Math.ceil(world.seats.length / (options.cheatShare === undefined ? 3 : 2)),
    seats: new Set(),
    snapshots: new Map(),
    sent: world.sent,
  };
  const boundaryShare = options.close ? 0.5 : 0.1;
  const plan: Plan = { decisions: 0, isOver: false };
  const planNext = (): void => {
    const decision = decide(world.random, profile, plan.decisions);
    plan.decisions += 1;
    const moment = decision.random.chance(boundaryShare) ? nextMoment(world, decision.random) : undefined;
    world.scheduler.after(moment ?? decision.gapMs, `decision ${decision.id}`, () => {
      if (plan.isOver) return;
      if (options.keep?.(decision.id) ?? true) carryOut(world, post, cheats, decision);
      planNext();
    });
  };
  planNext();
  return plan;
}

const LIVENESS = {
  name: 'work finishes',
  sentence: 'After faults stop, all pending work finishes in a bounded number of exchanges.',
};

/** Faults stop; what is left undone, or was wrong all the time, is the violation of the stage. */
async function end(stage: Stage, exchanges: number): Promise<void> {
  const { world, post, checks } = stage;
  await stage.live(() => becomeCalm(world, post));
  await stage.live(() => countWork(world));
  await stage.live(() => finishAll(world, exchanges));
  if (stage.violation) return;
  const left = await unfinished(world, stage.chronicle, exchanges);
  if (left !== undefined) stage.violation = violationOf(world, LIVENESS, left);
  for (const check of stage.violation ? [] : checks) {
    const what = await check.atEnd?.();
    if (what !== undefined) stage.violation ??= violationOf(world, check, what);
  }
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
  const done = (DEEDS as Deeds)[name]?.({ world, post, seat, random, decision: id });
  // A look at a disk whose bits have turned, beside any command: the person sees that it is damaged.
  done?.catch((thrown: unknown) => {
    if (!(thrown instanceof StoreError)) throw thrown;
    world.say(`${seat.who.name} cannot read its disk`, id);
  });
}
