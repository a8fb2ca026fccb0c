/** What goes wrong by itself: processes die, disks fail, networks part, clocks jump. */
import { DISK_FAULTS, type DiskFault } from '../disk/disk.ts';
import { rotSector, rotValue } from '../disk/rot.ts';
import { CALM } from '../world/network.ts';
import { armCrash, armFault, killProcess, type Participant } from '../world/participant.ts';
import type { Random } from '../world/random.ts';
import { restartLater, type World } from '../world/world.ts';
import { USUAL_MAIL, type Post } from './letters.ts';
import { loseHome } from './restores.ts';

export interface Mishap {
  readonly world: World;
  readonly post: Post;
  readonly random: Random;
  readonly decision: number;
}

export type Mishaps = Readonly<Record<string, (mishap: Mishap) => void>>;

const everybody = ({ seats, nodeSeats }: World): Participant[] => [...seats, ...nodeSeats].map(({ who }) => who);

const pickOne = ({ world, random }: Mishap, kind?: Participant['kind']): Participant | undefined => {
  const running = everybody(world).filter((who) => who.process && (kind === undefined || who.kind === kind));
  return running.length > 0 ? random.pick(running) : undefined;
};

const say = ({ world, decision }: Mishap, text: string): void => world.say(text, decision);

function crashAtWrite(mishap: Mishap, kind: Participant['kind']): void {
  const who = pickOne(mishap, kind);
  if (!who) return;
  const points = mishap.random.between(1, 24);
  say(mishap, `${who.name} will crash at the ${points}. touch of its disk`);
  armCrash(mishap.world, who, points);
}

export const MISHAPS = {
  crashDevice: (mishap) => crashAtWrite(mishap, 'device'),
  crashNode: (mishap) => crashAtWrite(mishap, 'node'),

  kill(mishap) {
    const who = pickOne(mishap);
    if (!who) return;
    const downMs = mishap.random.between(10, 60_000);
    say(mishap, `${who.name} is killed for ${downMs} ms`);
    mishap.world.count('killed');
    killProcess(mishap.world, who, mishap.random.chance(0.5));
    restartLater(mishap.world, who, downMs);
  },

  diskFault(mishap) {
    const who = pickOne(mishap);
    if (!who) return;
    const fault: DiskFault = mishap.random.pick(DISK_FAULTS);
    const times = fault === 'full' ? mishap.random.between(1, 6) : 1;
    say(mishap, `the disk of ${who.name} will fail: ${fault}, ${times} times`);
    for (let i = 0; i < times; i++) armFault(who, fault);
  },

  partition(mishap) {
    const { world, random } = mishap;
    const apart = new Set(
      everybody(world)
        .filter(() => random.chance(0.4))
        .map(({ name }) => name),
    );
    if (apart.size === 0) return;
    say(mishap, `cut off together: ${[...apart].join(', ')}`);
    world.count('partition');
    world.network.groups = [apart];
    world.scheduler.after(random.between(500, 120_000), 'the network heals', () => {
      world.network.groups = [];
      world.count('heal');
    });
  },

  storm(mishap) {
    const { world, post, random } = mishap;
    world.network.weather = {
      loss: random.pick([0.02, 0.1, 0.3]),
      duplicate: random.pick([0, 0.1]),
      minMs: 1,
      maxMs: random.pick([20, 300, 4_000]),
    };
    post.mail = {
      loss: random.pick([0, 0.1]),
      duplicate: random.pick([0, 0.2]),
      late: random.pick([0, 0.2]),
      astray: random.pick([0, 0.1, 0.2]),
      spoilt: random.pick([0, 0.1]),
    };
    world.count('storm');
    say(mishap, `a storm: ${JSON.stringify(world.network.weather)}`);
    world.scheduler.after(random.between(2_000, 60_000), 'the storm is over', () => {
      world.network.weather = { ...CALM };
      post.mail = { ...USUAL_MAIL };
    });
  },

  /** A bit turns on a disk: whoever reads it notices, and refuses. */
  rot(mishap) {
    const { world, random } = mishap;
    const bad = world.nodeSeats.filter(({ who }) => !who.honest || who.lost).length;
    const who = pickOne(mishap, bad < world.facts.faults ? undefined : 'device');
    if (!who || world.seats.filter(({ who: one }) => one.lost).length > world.seats.length / 4) return;
    const pick = (below: number): number => random.below(below);
    const what = random.chance(0.5) ? 'sector' : 'value';
    const isRotten = what === 'sector' ? rotSector(who.disk, pick) : rotValue(who.disk, pick);
    if (!isRotten) return;
    world.count(`bit rot: ${what}`);
    say(mishap, `a bit turns on the disk of ${who.name} (${what})`);
    // From here on nobody counts on it.
    if (who.kind === 'node') who.honest = false;
    who.rotten = true;
  },

  /** A home is lost, and restored from a backup with the words. */
  loseHome(mishap) {
    const { world, random } = mishap;
    const seats = world.seats.filter(({ who }) => who.honest && !who.rotten && world.backups.has(who.name));
    if (seats.length === 0) return;
    const seat = random.pick(seats);
    say(mishap, `${seat.who.name} loses its home and goes back to a backup`);
    loseHome(world, seat, random.between(1_000, 60_000));
  },

  clock(mishap) {
    const { world, random } = mishap;
    const honest = everybody(world).filter((who) => who.honest);
    const who = honest.length > 0 ? random.pick(honest) : undefined;
    if (!who) return;
    // Any two honest clocks differ by Δ at most.
    const half = world.facts.deltaMs / 2;
    who.skewMs = random.between(-half, half);
    world.count('clock jump');
    say(mishap, `the clock of ${who.name} now differs by ${who.skewMs} ms`);
  },
} satisfies Mishaps;
