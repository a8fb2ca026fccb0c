/**
 * Every crash of a workload. A play without deaths visits every point; at each point every choice of unsynced sectors is
 * looked at, and one of each kind that leaves something else on the disk is played: the process dies there, the machine
 * keeps that choice, and everything goes on. While the interrupted step is repeated the same is done once more.
 */
import { diskAfter, FIRST_RECORD, keepChoices, readMark, readRecord, type Disk, type Kept } from '../disk/index.ts';
import { beginning, play, type Played, type PointOf, type Start, type Workload } from './play.ts';
import type { Death } from './trial.ts';

/** All subsets of so many unsynced sectors (2^6), a selection of them beyond. */
const CHOICES = 64;

export interface Figures {
  /** Places where a process died, first and second ones. */
  points: number;
  /** Choices of what the disk kept at these places. */
  disks: number;
  /** Plays of disks that differ: with one death, and with two. */
  once: number;
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
}

export interface EnumerateOptions {
  /** Two deaths as well. Default: true. */
  readonly twice?: boolean;
  /** Stops at the first violation. */
  readonly stopAtFirst?: boolean;
  readonly isOver?: () => boolean;
  readonly report?: (figures: Figures) => void;
}

/** What the records behind the mark are: whatever else differs, nobody reads. */
function digestOf(disk: Disk, kept: Kept): string {
  const after = diskAfter(disk, kept);
  const parts: string[] = [];
  for (let at = Math.max(FIRST_RECORD, readMark(disk).end); ;) {
    const record = readRecord(after, at);
    if (!record) return parts.join(' ');
    parts.push(`${at} ${record.payload.length} ${record.checksum}`);
    at = record.next;
  }
}

/** Collects one death for each disk that differs. */
function collector(figures: Figures): { readonly look: (at: PointOf) => void; readonly deaths: readonly Death[] } {
  const seen = new Set<string>();
  const deaths: Death[] = [];
  const look = ({ who, disk, point, step }: PointOf): void => {
    figures.points += 1;
    for (const kept of keepChoices(disk.unsynced.length, CHOICES)) {
      figures.disks += 1;
      const digest = `${step} ${point.commit} ${digestOf(disk, kept)}`;
      if (seen.has(digest)) continue;
      seen.add(digest);
      deaths.push({ who, step, point: point.number, kept });
    }
  };
  return { look, deaths };
}

export async function enumerateCrashes(workload: Workload, options: EnumerateOptions = {}): Promise<Enumerated> {
  const { twice = true, stopAtFirst = false, isOver = () => false, report = () => {} } = options;
  const figures: Figures = { points: 0, disks: 0, once: 0, twice: 0 };
  const violations: Violation[] = [];
  const { stage, steps } = await workload.prepare();
  const { devices } = workload;
  const over = (): boolean => isOver() || (stopAtFirst && violations.length > 0);
  const judge = (plan: readonly Death[], played: Played, expected: string): void => {
    const what = [...played.violations];
    if (what.length === 0 && played.result !== expected) {
      what.push(`it ends differently:\n${difference(expected, played.result)}`);
    }
    for (const each of what) violations.push({ workload: workload.name, plan, what: each });
    report(figures);
  };

  for (const who of workload.crashing) {
    const starts: Start[] = [];
    const first = collector(figures);
    const calm = await play({
      from: beginning(stage),
      steps,
      devices,
      plan: [],
      onPoint: (at) => at.who === who && first.look(at),
      onStep: (start) => starts.push(start),
    });
    judge([], calm, calm.result);
    for (const death of first.deaths) {
      if (over()) return { figures, violations };
      const from = starts[death.step] as Start;
      const second = collector(figures);
      const look = (at: PointOf): void => {
        if (twice && at.who === who && at.step === death.step && at.deaths === 1) second.look(at);
      };
      figures.once += 1;
      judge([death], await play({ from, steps, devices, plan: [death], onPoint: look }), calm.result);
      for (const again of second.deaths) {
        if (over()) return { figures, violations };
        const plan = [death, again];
        figures.twice += 1;
        judge(plan, await play({ from, steps, devices, plan }), calm.result);
      }
    }
  }
  return { figures, violations };
}

const difference = (expected: string, found: string): string => {
  const [before, after] = [expected.split('\n'), found.split('\n')];
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `  - ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `  + ${line}`),
  ].join('\n');
};

export const describePlan = (plan: readonly Death[]): string =>
  plan.length === 0
    ? 'no crash'
    : plan
        .map(
          ({ who, step, point, kept }) =>
            `${who} dies in step ${step} at point ${point}, kept ${kept.keep.join(',') || 'nothing'}${kept.torn === undefined ? '' : ` torn ${kept.torn}`}`,
        )
        .join('; ');
