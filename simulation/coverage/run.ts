/**
 * The runs behind the coverage report, in a process that counts: V8 must count before the sources are loaded, and
 * `fail` must tell what arises, for which this process is started with a patch. Progress on stderr.
 */
import { Session } from 'node:inspector';
import { parseArgs } from 'node:util';
import type { FunctionCoverage } from './blocks.ts';
import { failureLine } from './sites.ts';
import type { RunOptions } from '../world/run.ts';
import type { Marks } from './marks.ts';

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly FunctionCoverage[];
}

const session = new Session();
session.connect();
const post = <T>(method: string, params: object = {}): Promise<T> =>
  new Promise((resolve, reject) => {
    session.post(method, params, (error, result) => (error ? reject(error) : resolve(result as T)));
  });
await post('Profiler.enable');
await post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '6' },
    events: { type: 'string', default: '1500' },
    json: { type: 'boolean', default: false },
  },
});

const failures = new Set<string>();
/** Ids differ from run to run, and so do numbers: what is filled in matches anything. A few of a kind are enough. */
const OF_A_KIND = 2_000;
const kinds = new Map<string, number>();
Object.assign(globalThis, {
  dsmFailed: (code: string, rule: string, message: string) => {
    const line = failureLine(code, rule, message.replaceAll(/[0-9a-f]{16,}/g, 'ID'));
    if (failures.has(line)) return;
    const kind = `${code} ${rule}`;
    const known = kinds.get(kind) ?? 0;
    if (known >= OF_A_KIND) return;
    kinds.set(kind, known + 1);
    failures.add(line);
  },
});

const root = new URL('../../', import.meta.url);
const { addCounts, appendLedger, sumOf } = await import('../ledger.ts');
const { applyExceptions, describeMark, findChanged, judgeMarks, readSources } = await import('./marks.ts');
const sources = readSources(root);
const { PRESETS } = await import('../world/presets.ts');
const { runWorld } = await import('../world/run.ts');
const { doOddThings } = await import('./oddities.ts');
const { runRuleTests } = await import('./odd/rules.ts');
const { EXCEPTIONS } = await import('./exceptions.ts');

/** Presets of the runs, one after another. */
const PLAN = ['hostile', 'table', 'boundary', 'seven', 'distance', 'swarm'] as const;
/** A hundred devices take their time until they know each other. */
const SWARM = { events: 600, finish: false } as const;
/** Each seed has its own mixture of faults and cheats: many short runs have them all. */
const SHORT_RUNS = 24;
/** Seeds whose mixtures the others lack, from --seed on. */
const MORE_SEEDS = [26, 37, 101] as const;
const SHORT = { events: 250, finish: false } as const;

const coverage = new Map<string, (readonly FunctionCoverage[])[]>();
const faults = new Set<string>();
const injected: Record<string, number> = {};
const looked: Record<string, number> = {};
let events = 0;

/** What is missed up to now. */
async function look(): Promise<Marks> {
  const { result } = await post<{ result: readonly ScriptCoverage[] }>('Profiler.takePreciseCoverage');
  for (const { url, functions } of result) {
    if (!url.startsWith(root.href)) continue;
    const path = url.slice(root.href.length);
    coverage.set(path, [...(coverage.get(path) ?? []), functions]);
  }
  return judgeMarks(root, sources, { coverage, failures, faults });
}

const cpu = (): string => `${(process.cpuUsage().user / 1e6).toFixed(0)} s of CPU so far`;
const say = (line: string): void => console.error(`${line}, ${cpu()}`);

const wrong: string[] = [];
const runOne = async (name: keyof typeof PRESETS, seed: number, more: Partial<RunOptions>): Promise<void> => {
  const report = await runWorld({ ...PRESETS[name], seed, events: Number(values.events), ...more });
  for (const kind of Object.keys(report.faults)) faults.add(kind);
  addCounts(injected, report.faults);
  addCounts(looked, report.checked);
  events += report.events;
  if (report.violation) wrong.push(`${name} ${seed}: ${report.violation.what}`);
};

const first = Number(values.seed);
for (let i = 0; i < Number(values.runs); i++) {
  const name = PLAN[i % PLAN.length] ?? 'table';
  await runOne(name, first + i, name === 'swarm' ? SWARM : {});
  say(`${name} ${first + i}`);
}
if (Number(values.runs) > 0) {
  for (let seed = first; seed < first + SHORT_RUNS; seed++) await runOne('table', seed, SHORT);
  for (const more of MORE_SEEDS) await runOne('table', first + more, { ...SHORT, events: 900 });
  say(`${SHORT_RUNS + MORE_SEEDS.length} short runs`);
}
wrong.push(...(await doOddThings()));
const simulated = await look();
say('odd things done');
wrong.push(...(await runRuleTests(say)));
const all = await look();
wrong.push(...findChanged(root, sources, coverage));
say('tests of the rules done');

const { left, needless } = applyExceptions(all.missed, EXCEPTIONS);
for (const what of wrong) console.log(`wrong: ${what}`);
for (const mark of left) console.log(`not hit: ${describeMark(mark)}`);
for (const { at, text } of needless) console.log(`hit, and still an exception: ${at} ${text}`);
const byRules = simulated.missed.length - all.missed.length;
const excepted = all.missed.length - left.length;
console.log(
  [
    `${all.total} marks`,
    `${all.total - all.missed.length - byRules} hit by runs and odd things`,
    `${byRules} by the tests of the rules only`,
    `${excepted} excepted with a reason`,
    `${left.length} not hit`,
    `${needless.length} needless exceptions`,
    `${wrong.length} wrong`,
  ].join(', '),
);
appendLedger({
  command: 'coverage',
  seeds: [first, first + Math.max(Number(values.runs), SHORT_RUNS) - 1],
  events,
  faults: injected,
  checks: sumOf(looked),
  violations: wrong.map((what) => ({ what })),
});
process.exit(left.length + needless.length + wrong.length > 0 ? 1 : 0);
