/**
 * A world that moves: one event after another, every check after each. A run carries out a plan on it; a test plays a
 * script.
 */
import { createHash, type Hash } from 'node:crypto';
import { debitsOf } from '../actors/forger.ts';
import { GOOD_MAIL, type Post } from '../actors/letters.ts';
import type { Check, Violation } from '../checks/check.ts';
import { createChronicle, type Chronicle } from '../checks/chronicle.ts';
import { CHECKS } from '../checks/index.ts';
import { operationOf } from '../checks/told.ts';
import type { Fact } from './facts.ts';
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
  /** Runs work that waits for virtual time, to its end or to the first complaint: one is that it never ends. */
  live(work: () => Promise<void>, mostMs?: number): Promise<void>;
  /** Over every event so far: when it was, what was written, sent, signed, answered and told in it. */
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

const NO_HANG = {
  name: 'nothing waits for ever',
  sentence: 'After faults stop, all pending work finishes: nobody waits for what never comes.',
};

/** Of virtual time: longer than any wait that means something. */
const LONGEST_MS = 366 * 86_400_000;

const describeWaiting = ({ seats }: World): string => {
  const waiting = seats.filter(({ waiting: commands }) => commands > 0).map(({ who }) => who.name);
  return waiting.length > 0 ? `${waiting.join(', ')}: a command never ends` : 'work never ends';
};

function openStage(world: World): Stage {
  const events = createHash('sha256');
  const chronicle = createChronicle(world);
  const step = async (): Promise<boolean> => {
    const event = await world.scheduler.step();
    if (!event) return false;
    world.events += 1;
    events.update(`${event.atMs} ${event.label}\n`);
    for (const fact of world.pending) digestFact(events, fact);
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
    async live(work, mostMs = LONGEST_MS) {
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
      const lastMs = world.scheduler.nowMs() + mostMs;
      await stage.until(() => over || (world.scheduler.peek() ?? 0) > lastMs);
      if (!over) stage.violation ??= violationOf(world, NO_HANG, describeWaiting(world));
      if (failure !== undefined) throw failure instanceof Error ? failure : new Error('what was thrown is no error');
    },
    digest: () => events.copy().digest('hex'),
  };
  return stage;
}

export const addCount = (counts: Map<string, number>, name: string, by = 1): void =>
  void counts.set(name, (counts.get(name) ?? 0) + by);

/** Everything that a fact says: records, messages, signatures, answers, what people were told. */
function digestFact(events: Hash, fact: Fact): void {
  events.update(`${fact.type} ${fact.by.name}\n`);
  const add = (bytes: Uint8Array | null | undefined): void => {
    events.update(`${bytes?.length ?? -1}\n`);
    if (bytes) events.update(bytes);
  };
  switch (fact.type) {
    case 'commit':
      for (const write of fact.writes) {
        events.update(`${write.collection}\n`);
        add(write.key);
        add('put' in write ? write.put : null);
      }
      break;
    case 'signature':
      events.update(`${fact.purpose}\n`);
      add(fact.message);
      break;
    case 'answer':
      events.update(`${fact.path} ${fact.status}\n`);
      add(fact.request);
      add(fact.body);
      break;
    case 'asked':
      events.update(`${fact.command}\n`);
      add(fact.input);
      break;
    case 'told':
      events.update(`${fact.command} ${fact.failure?.code ?? 'ok'}\n`);
      break;
    default:
  }
}

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
