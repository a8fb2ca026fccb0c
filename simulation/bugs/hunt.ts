/**
 * Looks for a violation with a budget: `node --import ./simulation/load/register.ts simulation/bugs/hunt.ts JSON`. The
 * process may run patched sources; it neither knows nor cares. One line of JSON: what was found.
 */
import { enumerateCrashes } from '../crashes/enumerate.ts';
import { WORKLOADS } from '../crashes/workloads.ts';
import { addCounts, sumOf } from '../ledger.ts';
import { PRESETS, type Preset, type PresetName } from '../world/presets.ts';
import { runWorld } from '../world/run.ts';

const ORDER: readonly PresetName[] = ['forgers', 'forgers', 'hostile', 'table'];

export interface Run {
  readonly preset: PresetName;
  readonly seed: number;
  readonly whole: boolean;
}

const WHOLE_EVENTS = 1_000;

export interface Errand {
  /** Of the processor. */
  readonly seconds: number;
  /** Workloads whose crashes are enumerated first. */
  readonly crashes: readonly string[];
  /** Runs of the world: these, or from seed 1 on until the time is over. */
  readonly runs?: readonly Run[];
  /** Kinds of worlds, in turn. */
  readonly presets?: readonly PresetName[];
  /** Short runs to their end, each of them. */
  readonly whole?: boolean;
  readonly events: number;
}

export interface Found {
  readonly invariant: string;
  readonly what: string;
  /** Of the world; null: of a workload. */
  readonly run: Run | null;
  /** Number of the event, or of the play of a workload. */
  readonly event: number;
}

export interface Hunted {
  readonly found: Found | null;
  readonly seconds: number;
  readonly events: number;
  readonly runs: number;
  /** Injected, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** How often checks have looked. */
  readonly checks: number;
}

interface Counts {
  events: number;
  runs: number;
  readonly faults: Record<string, number>;
  checks: number;
}

async function hunt({ seconds, crashes, runs, events, presets = ORDER, whole = false }: Errand): Promise<Hunted> {
  // Of the processor: a busy machine takes nothing from the budget.
  const spent = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000_000;
  };
  const counts: Counts = { events: 0, runs: 0, faults: {}, checks: 0 };
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
    return conclude({ invariant: `crash of ${workload.name}`, what, run: null, event: figures.once });
  }
  for (let i = 0; runs ? i < runs.length : true; i++) {
    if (spent() > seconds) break;
    const run = runs?.[i] ?? { preset: presets[i % presets.length] as PresetName, seed: i + 1, whole };
    const found = await huntRun(run, events, counts);
    if (found) return conclude(found);
  }
  return conclude(null);
}

async function huntRun(run: Run, events: number, counts: Counts): Promise<Found | null> {
  counts.runs += 1;
  try {
    const preset: Preset = PRESETS[run.preset];
    // What ends well is not looked at in every run: it takes as long as the rest.
    const { seed, whole } = run;
    const length = whole ? { events: WHOLE_EVENTS } : { events, finish: seed % 3 === 0 };
    const report = await runWorld({ ...preset, seed, ...length });
    counts.events += report.events;
    addCounts(counts.faults, report.faults);
    counts.checks += sumOf(report.checked);
    const { violation } = report;
    return violation ? { invariant: violation.check, what: violation.what, run, event: violation.event } : null;
  } catch (thrown) {
    // A world that cannot even begin is not what it should be either.
    return { invariant: 'a run comes to its end', what: String(thrown), run, event: 0 };
  }
}

const errand = JSON.parse(process.argv[2] ?? '') as Errand;
const hunted = await hunt(errand);
process.stdout.write(`${JSON.stringify(hunted)}\n`, () => process.exit(0));
