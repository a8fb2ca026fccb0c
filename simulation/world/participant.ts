/** A device or a node: a disk that lasts, a clock of its own, and processes that come and go. */
import { toHex, type CryptoSuite, type Store, type Write } from '@dsm/core';
import { createDisk, crashDisk, keepChoices, type Disk, type DiskFault } from '../disk/disk.ts';
import { openDisk } from '../disk/store.ts';
import type { Fact } from './facts.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface Participant {
  readonly name: string;
  readonly kind: 'device' | 'node';
  readonly disk: Disk;
  /** Draws of this participant: salts, delays, fates of its messages. */
  readonly random: Random;
  /** What its processes take for unpredictable. */
  readonly entropy: Random;
  /** Its clock minus the true time. */
  skewMs: number;
  /** False: whatever it does breaks no invariant, and nobody counts on it. */
  honest: boolean;
  /** Its disk or its snapshot is beyond use; it refuses to run. */
  lost: boolean;
  /** A bit has turned on its disk: it may stop at any time. */
  rotten: boolean;
  /** It has been restored from a backup: signatures made since the backup are nobody's to show. */
  restored: boolean;
  /** Commits that were not answered, or answered with a failure: the next process may find them there. */
  doubtful: (readonly Write[])[];
  process: Process | undefined;
}

export interface Process {
  readonly who: Participant;
  alive: boolean;
  /** Settles when the process dies. */
  readonly ended: Promise<void>;
  end(): void;
}

/** What a participant needs of the world. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly suite: CryptoSuite;
  readonly note: (fact: Fact) => void;
  readonly count: (fault: string) => void;
  /** The process died at a write: somebody starts it again. */
  readonly died: (who: Participant) => void;
}

/** Sectors of a simulated disk: small, so that most commits span several. */
const SECTOR_BYTES = 512;

export const createParticipant = (name: string, kind: Participant['kind'], random: Random): Participant => ({
  name,
  kind,
  disk: createDisk(SECTOR_BYTES),
  random: random.fork(name),
  entropy: random.fork(`${name} entropy`),
  skewMs: 0,
  honest: true,
  lost: false,
  rotten: false,
  restored: false,
  doubtful: [],
  process: undefined,
});

const never = <T>(): Promise<T> => new Promise<T>(() => {});

export function startProcess(who: Participant): Process {
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const made: Process = {
    who,
    alive: true,
    ended,
    end: () => {
      made.alive = false;
      if (who.process === made) who.process = undefined;
      end();
    },
  };
  who.process = made;
  return made;
}

/** The value, if the process lives to see it. */
export const whileAlive = async <T>(process: Process, value: Promise<T>): Promise<T> => {
  const answer = await value;
  return process.alive ? answer : never<T>();
};

/** Power is gone: of what was not synced any part may have reached the disk. */
export function killProcess(world: Surroundings, who: Participant, powerLost: boolean): void {
  who.process?.end();
  const { unsynced } = who.disk;
  if (powerLost && unsynced.length > 0) {
    const kept = who.random.pick(keepChoices(unsynced.length, 64));
    if (kept.torn !== undefined) world.count('torn write');
    if (kept.keep.length < unsynced.length) world.count('unsynced writes lost');
    crashDisk(who.disk, kept);
  } else {
    crashDisk(who.disk);
  }
}

/** The process of this participant ends at the `points`-th place from now where it touches its disk. */
export function armCrash(world: Surroundings, who: Participant, points: number): void {
  const { disk } = who;
  let left = points;
  disk.onCrash = () => {
    disk.onPoint = undefined;
    disk.onCrash = undefined;
    world.count('crash at a write');
    killProcess(world, who, true);
    world.died(who);
  };
  disk.onPoint = () => {
    left -= 1;
    return left <= 0 ? 'crash' : 'go';
  };
}

export const armFault = ({ disk }: Participant, fault: DiskFault): void => void disk.faults.push(fault);

/** The store of a process: commits take some time, and what they leave behind is noted. */
export async function openStore(world: Surroundings, process: Process): ReturnType<typeof openDisk> {
  const { who } = process;
  const opened = await openDisk(who.disk);
  if (!opened.ok) return opened;
  const inner = opened.value;
  const doubtful = who.doubtful.splice(0);
  world.note({ type: 'opened', by: who, store: inner });
  for (const writes of doubtful) {
    const kept = await visibleOf(inner, writes);
    if (kept.length > 0) world.note({ type: 'commit', by: who, writes: kept });
  }
  const store: Store = {
    get: (collection, key) => whileAlive(process, inner.get(collection, key)),
    scan: (collection, options) => whileAlive(process, inner.scan(collection, options)),
    async commit(writes, conditions) {
      if (!process.alive) return never();
      await world.scheduler.wait(who.random.below(4), `${who.name} writes`);
      if (!process.alive) return never();
      const { faults } = who.disk;
      const [planned] = faults;
      const before = faults.length;
      who.doubtful.push(writes);
      const result = await whileAlive(process, inner.commit(writes, conditions));
      if (faults.length < before) world.count(`disk: ${planned}`);
      if (result.ok || result.error.code === 'E_CONFLICT') who.doubtful = who.doubtful.filter((one) => one !== writes);
      const kept = result.ok ? writes : await visibleOf(inner, writes);
      if (kept.length > 0) world.note({ type: 'commit', by: who, writes: kept });
      return result;
    },
    close: () => inner.close(),
  };
  return { ok: true, value: store };
}

/** A commit that failed may be there all the same. */
async function visibleOf(store: Store, writes: readonly Write[]): Promise<readonly Write[]> {
  // Of several writes of one record the last one stands.
  const last = new Map(writes.map((write) => [`${write.collection} ${toHex(write.key)}`, write]));
  const visible: Write[] = [];
  for (const write of last.values()) {
    const stored = await store.get(write.collection, write.key);
    const same =
      'put' in write ? stored !== undefined && Buffer.compare(stored, write.put) === 0 : stored === undefined;
    if (!same) return [];
    visible.push(write);
  }
  return visible;
}

/** The suite of a process: what it signs is noted. */
export const suiteOf = (world: Surroundings, process: Process): CryptoSuite => ({
  ...world.suite,
  sign(secretKey, purpose, message) {
    if (process.alive) world.note({ type: 'signature', by: process.who, purpose, message });
    return world.suite.sign(secretKey, purpose, message);
  },
});

export const clockOf =
  ({ scheduler }: Pick<Surroundings, 'scheduler'>, who: Participant) =>
  (): number =>
    Math.max(0, scheduler.nowMs() + who.skewMs);
