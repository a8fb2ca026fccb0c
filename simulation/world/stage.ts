/**
 * A world that moves: one event after another, every check after each. A run carries out a plan on it; a test plays a
 * script.
 */
import { createHash } from 'node:crypto';
import { debitsOf } from '../actors/forger.ts';
import { GOOD_MAIL, type Post } from '../actors/letters.ts';
import type { Check, Violation } from '../checks/check.ts';
import { createChronicle, type Chronicle } from '../checks/chronicle.ts';
import { CHECKS } from '../checks/index.ts';
import { operationOf } from '../checks/told.ts';
import { takeGlobals } from './globals.ts';
import { createTally, type Tally } from './happened.ts';
import { createWorld, START_MS, type World, type WorldOptions } from './world.ts';

export interface Stage {
  readonly world: World;
  readonly post: Post;
  readonly chronicle: Chronicle;
  readonly checks: readonly Check[];
  /** Facts and states that each check has looked at. */
  readonly checked: Map<string, number>;
  readonly tally: Tally;
  /** The first complaint; nothing moves after it. */
  violation: Violation | undefined;
  /** Moves until the condition holds, nothing is left to happen, or a check complains. */
  until(isOver: () => boolean): Promise<void>;
  /** Runs work that waits for virtual time, to its end or to the first complaint. */
  live(work: () => Promise<void>): Promise<void>;
  /** Over every event so far. */
  digest(): string;
}

/** Opens a world, hands it to the script, and gives the machine's clock back in the end. */
export async function play<T>(options: WorldOptions, script: (stage: Stage) => Promise<T>): Promise<T> {
  const world = createWorld(options);
  const giveBack = takeGlobals(world.scheduler, world.random.fork('math'));
  try {
    return await script(openStage(world));
  } finally {
    giveBack();
  }
}

function openStage(world: World): Stage {
  const events = createHash('sha256');
  const chronicle = createChronicle(world);
  const step = async (): Promise<boolean> => {
    const event = await world.scheduler.step();
    if (!event) return false;
    world.events += 1;
    events.update(`${event.atMs} ${event.label}\n`);
    stage.violation ??= await examine(stage);
    return stage.violation === undefined;
  };
  const stage: Stage = {
    world,
    post: { mail: { ...GOOD_MAIL }, written: [], withholding: new Set() },
    chronicle,
    checks: CHECKS.map((make) => make(world, chronicle)),
    checked: new Map(),
    tally: createTally(world, chronicle),
    violation: undefined,
    async until(isOver) {
      while (!isOver() && (await step()));
    },
    async live(work) {
      let over = false;
      let failure: unknown;
      const settled = (): void => {
        over = true;
      };
      void work().then(settled, (thrown: unknown) => {
        failure = thrown;
        settled();
      });
      // Something to wait for while the first promises settle.
      world.scheduler.after(0, 'it begins', () => {});
      await stage.until(() => over);
      if (failure !== undefined) throw failure instanceof Error ? failure : new Error('what was thrown is no error');
    },
    digest: () => events.copy().digest('hex'),
  };
  return stage;
}

export const addCount = (counts: Map<string, number>, name: string, by = 1): void =>
  void counts.set(name, (counts.get(name) ?? 0) + by);

/** All facts of the event to all checks. */
async function examine({ world, chronicle, checks, checked, tally }: Stage): Promise<Violation | undefined> {
  const facts = world.pending;
  world.pending = [];
  for (const fact of facts) {
    await chronicle.take(fact);
    await tally.see(fact);
    if (fact.type === 'told') addCount(world.told, `${fact.command}: ${fact.failure?.code ?? 'ok'}`);
  }
  for (const check of checks) {
    let what: string | undefined;
    for (const fact of facts) what ??= await check.see?.(fact);
    what ??= await check.afterEvent?.();
    addCount(checked, check.name, facts.length + (check.afterEvent ? 1 : 0));
    if (what !== undefined) return violationOf(world, check, what);
  }
  tally.settle();
  for (const { chain, index, hash } of chronicle.newFinals) {
    const operation = operationOf(chronicle, hash);
    if (operation) world.debits = [...world.debits, ...debitsOf(chain, index, operation)].slice(-32);
  }
  chronicle.endEvent();
  return undefined;
}

export const violationOf = (
  world: World,
  { name, sentence }: Pick<Check, 'name' | 'sentence'>,
  what: string,
): Violation => ({
  check: name,
  sentence,
  what,
  event: world.events,
  atMs: world.scheduler.nowMs() - START_MS,
});
