/**
 * Looks for a violation with a budget: `node --import ./simulation/load/register.ts simulation/bugs/hunt.ts JSON`. The
 * process may run patched sources; it neither knows nor cares. One line of JSON: what was found.
 */
import { enumerateCrashes } from '../crashes/enumerate.ts';
import { WORKLOADS } from '../crashes/workloads.ts';
import { runWorld } from '../world/run.ts';

export interface Errand {
  /** Of the processor. */
  readonly seconds: number;
  /** Workloads whose crashes are enumerated first. */
  readonly crashes: readonly string[];
  /** Runs of the world: these seeds, or from 1 on until the time is over. */
  readonly seeds?: readonly number[];
  readonly events: number;
}

export interface Found {
  readonly invariant: string;
  readonly what: string;
  /** Of a run of the world. */
  readonly seed: number | null;
  /** Number of the event, or of the play of a workload. */
  readonly event: number;
}

export interface Hunted {
  readonly found: Found | null;
  readonly seconds: number;
  readonly events: number;
  readonly runs: number;
}

async function hunt({ seconds, crashes, seeds, events }: Errand): Promise<Hunted> {
  // Of the processor: a busy machine takes nothing from the budget.
  const spent = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000_000;
  };
  const counts = { events: 0, runs: 0 };
  const conclude = (found: Found | null): Hunted => ({ found, seconds: spent(), ...counts });
  for (const workload of WORKLOADS.filter(({ name }) => crashes.includes(name))) {
    const { figures, violations } = await enumerateCrashes(workload, {
      twice: false,
      stopAtFirst: true,
      isOver: () => spent() > seconds,
    });
    counts.events += figures.points;
    const [first] = violations;
    if (!first) continue;
    const [what = ''] = first.what.split('\n');
    return conclude({ invariant: `crash of ${workload.name}`, what, seed: null, event: figures.once });
  }
  for (let i = 0; seeds ? i < seeds.length : true; i++) {
    if (spent() > seconds) break;
    const seed = seeds?.[i] ?? i + 1;
    const found = await huntRun(seed, events, counts);
    if (found) return conclude(found);
  }
  return conclude(null);
}

async function huntRun(seed: number, events: number, counts: { events: number; runs: number }): Promise<Found | null> {
  counts.runs += 1;
  try {
    const report = await runWorld({ seed, events });
    counts.events += report.events;
    const { violation } = report;
    return violation ? { invariant: violation.check, what: violation.what, seed, event: violation.event } : null;
  } catch (thrown) {
    // A world that cannot even begin is not what it should be either.
    return { invariant: 'a run comes to its end', what: String(thrown), seed, event: 0 };
  }
}

const errand = JSON.parse(process.argv[2] ?? '') as Errand;
const hunted = await hunt(errand);
process.stdout.write(`${JSON.stringify(hunted)}\n`, () => process.exit(0));
