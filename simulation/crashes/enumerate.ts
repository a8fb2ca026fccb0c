/**
 * Every crash of a workload. Each step is run once from each moment that it can begin from; wherever a device touches
 * its disk, every choice of unsynced sectors gives a moment after a crash, as a copy of all disks. Moments that nobody
 * can tell apart are played once: the step again, with a second crash at each point of it, then the rest to the end.
 * A node dies while the devices live on, so the step is played up to its death instead.
 */
import { contentOf, diskAfter, keepChoices } from '../disk/index.ts';
import {
  beginning,
  complaintOf,
  describeFork,
  die,
  finish,
  runStep,
  type Fork,
  type Played,
  type Rest,
  type Workload,
} from './play.ts';
import { contentOfMoment, momentAfter, type Death, type PointHook } from './trial.ts';

/** All subsets of so many unsynced sectors (2^6), a selection of them beyond. */
const CHOICES = 64;

export interface Figures {
  /** Places where a process died, first and second ones. */
  points: number;
  /** Choices of what the disk kept at these places. */
  disks: number;
  /** Moments after one crash that differ, each played to the end. */
  once: number;
  /** Moments after a second crash that differ from those and from each other, each played to the end. */
  twice: number;
}

export interface Violation {
  readonly workload: string;
  readonly plan: readonly Death[];
  readonly what: string;
}

export interface Enumerated {
  readonly figures: Figures;
  readonly violations: readonly Violation[];
  /** `isOver` said so, or it stopped at the first violation: there is more. */
  readonly isCutShort: boolean;
}

export interface EnumerateOptions {
  /** Two deaths as well. Default: true. */
  readonly twice?: boolean;
  /** Stops at the first violation. */
  readonly stopAtFirst?: boolean;
  readonly isOver?: () => boolean;
  readonly report?: (figures: Figures) => void;
}

const isNode = (who: string): boolean => who.startsWith('node ');

/** A crash that is to be played: as a moment, or as the way to it. */
type Crash = { readonly type: 'moment'; readonly fork: Fork } | { readonly type: 'way'; from: Fork; death: Death };

/** The crashes of `who` in the step that begins with this fork. `seen`: what is played already, whoever found it. */
function watchCrashes(who: string, from: Fork, seen: Set<string>, figures: Figures, crashes: Crash[]): PointHook {
  const ways = new Set<string>();
  const isFirst = from.deaths.length === 0;
  return (trial, whose, disk, point) => {
    if (whose !== who) return;
    figures.points += 1;
    for (const kept of keepChoices(disk.unsynced.length, CHOICES)) {
      figures.disks += 1;
      const after = contentOf(diskAfter(disk, kept));
      const moment = { stage: trial.stage, watch: trial.watch };
      const described = describeFork({ ...from, moment }, contentOfMoment(moment, who, after));
      const death: Death = { who, step: from.step, point: point.number, kept };
      // Whoever lives on remembers which commit it was.
      const way = isNode(who) ? `${point.commit} ${described}` : described;
      if ((isNode(who) || (isFirst && trial.asking > 0)) && !ways.has(way)) {
        ways.add(way);
        crashes.push({ type: 'way', from, death: isNode(who) ? death : { ...death, asking: 'heard' } });
      }
      if (isNode(who) || seen.has(described)) continue;
      seen.add(described);
      const asking = trial.asking > 0 ? ({ asking: 'lost' } as const) : {};
      const deaths = [...from.deaths, { ...death, ...asking }];
      crashes.push({ type: 'moment', fork: { ...from, moment: momentAfter(moment, who, kept), deaths } });
    }
  };
}

export async function enumerateCrashes(workload: Workload, options: EnumerateOptions = {}): Promise<Enumerated> {
  const { twice = true, stopAtFirst = false, isOver = () => false, report = () => {} } = options;
  const figures: Figures = { points: 0, disks: 0, once: 0, twice: 0 };
  const violations: Violation[] = [];
  const { stage, steps } = await workload.prepare();
  const { name, devices, isPartial = false } = workload;
  const over = (): boolean => isOver() || (stopAtFirst && violations.length > 0);
  const complain = (plan: readonly Death[], what: string): void => void violations.push({ workload: name, plan, what });
  const judge = (plan: readonly Death[], played: Played, expected: string): void => {
    for (const what of played.violations) complain(plan, what);
    if (played.violations.length === 0 && played.result !== expected) {
      complain(plan, `it ends differently:\n${difference(expected, played.result)}`);
    }
    report(figures);
  };

  const rest: Rest = { steps, devices, isPartial, known: new Map() };
  const calm = await finish(beginning(stage), { ...rest, known: new Map() });
  judge([], calm, calm.result);

  for (const who of workload.crashing) {
    const seen = new Set<string>();
    /** The fork of a crash, unless an equal one is played already. */
    const reach = async (crash: Crash): Promise<Fork | undefined> => {
      if (crash.type === 'moment') return crash.fork;
      try {
        const fork = await die(crash.from, steps, crash.death);
        const described = describeFork(fork);
        if (seen.has(described)) return undefined;
        seen.add(described);
        return fork;
      } catch (thrown) {
        complain([...crash.from.deaths, crash.death], complaintOf(thrown));
        return undefined;
      }
    };

    const first: Crash[] = [];
    try {
      for (let at = beginning(stage); at.step < steps.length;) {
        at = await runStep(at, steps, watchCrashes(who, at, seen, figures, first));
      }
    } catch (thrown) {
      complain([], complaintOf(thrown));
    }
    for (const crash of first) {
      if (over()) return { figures, violations, isCutShort: true };
      const fork = await reach(crash);
      if (!fork) continue;
      figures.once += 1;
      const second: Crash[] = [];
      // A device recovers by doing the step again; a node, whenever it is asked for what it has missed.
      const watchStep = (at: Fork): PointHook | undefined =>
        twice && (isNode(who) || at === fork) ? watchCrashes(who, at, seen, figures, second) : undefined;
      judge(fork.deaths, await finish(fork, rest, watchStep), calm.result);
      for (const again of second) {
        if (over()) return { figures, violations, isCutShort: true };
        const last = await reach(again);
        if (!last) continue;
        figures.twice += 1;
        judge(last.deaths, await finish(last, rest), calm.result);
      }
    }
  }
  return { figures, violations, isCutShort: false };
}

const difference = (expected: string, found: string): string => {
  const [before, after] = [expected.split('\n'), found.split('\n')];
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `  - ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `  + ${line}`),
  ].join('\n');
};

const describeDeath = ({ who, step, point, kept, asking }: Death): string => {
  const torn = kept.torn === undefined ? '' : ` torn ${kept.torn}`;
  const asked = asking === undefined ? '' : `, its requests ${asking}`;
  return `${who} dies in step ${step} at point ${point}, kept ${kept.keep.join(',') || 'nothing'}${torn}${asked}`;
};

export const describePlan = (plan: readonly Death[]): string =>
  plan.length === 0 ? 'no crash' : plan.map(describeDeath).join('; ');
