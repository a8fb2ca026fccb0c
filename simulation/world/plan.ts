/**
 * The plan of a run: what is decided, one decision after another, each from a fork of the seed. A plan has no end, a run
 * takes as much of it as its events allow; leaving decisions out changes no other.
 */
import type { Random } from './random.ts';

export interface Decision {
  readonly id: number;
  /** Since the decision before. */
  readonly gapMs: number;
  readonly type: 'deed' | 'fault' | 'cheat';
  readonly name: string;
  /** Everything that carrying it out draws. */
  readonly random: Random;
}

/** What this run is about: each seed has some of everything, so that rare mixtures occur. */
export interface Profile {
  readonly deeds: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly cheats: Readonly<Record<string, number>>;
  /** Of 1,000 decisions. */
  readonly faultShare: number;
  readonly cheatShare: number;
  /** Of 1,000 gaps, those that last minutes. */
  readonly leapShare: number;
}

const GAP_MS = [20, 2_000] as const;
const LEAP_MS = [20_000, 400_000] as const;

export function decide(random: Random, profile: Profile, id: number): Decision {
  const own = random.fork(`decision ${id}`);
  const isLeap = own.below(1_000) < profile.leapShare;
  const gapMs = isLeap ? own.between(...LEAP_MS) : own.between(...GAP_MS);
  const share = own.below(1_000);
  const type =
    share < profile.faultShare ? 'fault' : share < profile.faultShare + profile.cheatShare ? 'cheat' : 'deed';
  const weights = { deed: profile.deeds, fault: profile.faults, cheat: profile.cheats }[type];
  return { id, gapMs, type, name: own.weigh(weights), random: own };
}

/** Each weight as it is, doubled, or zero: one seed in two has a given kind at all. */
export const thinOut = (random: Random, weights: Readonly<Record<string, number>>): Record<string, number> => {
  const thinned = Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => [name, weight * random.pick([0, 1, 1, 2])]),
  );
  return Object.values(thinned).some((weight) => weight > 0) ? thinned : { ...weights };
};
