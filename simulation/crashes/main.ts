/**
 * `npm run simulate:crashes [-- --workload NAME --once --seconds S --json]`: a crash at every write point of the
 * workloads, with every choice of unsynced sectors, and a second one while the interrupted step is repeated.
 */
import { appendLedger } from '../ledger.ts';
import { readOptions, readWhole, refuseOptions } from '../options.ts';
import { describePlan, enumerateCrashes, type Enumerated } from './enumerate.ts';
import { WORKLOADS } from './workloads.ts';

const HELP = `npm run simulate:crashes -- [options]
  --workload NAME  only this one, may be repeated: ${WORKLOADS.map(({ name }) => name).join(', ')}
  --once           no second crash while the interrupted step is repeated
  --stop-at-first  ends a workload at its first violation
  --seconds S      ends after S seconds and says which workloads were cut short, which is a failure
  --json           the figures as JSON before the last line`;

const values = readOptions(
  {
    workload: { type: 'string', multiple: true },
    once: { type: 'boolean', default: false },
    'stop-at-first': { type: 'boolean', default: false },
    seconds: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  HELP,
);

const names = values.workload ?? WORKLOADS.map(({ name }) => name);
const unknown = names.filter((name) => !WORKLOADS.some((workload) => workload.name === name));
if (unknown.length > 0) {
  refuseOptions(`no such workload: ${unknown.join(', ')}; there are: ${WORKLOADS.map(({ name }) => name).join(', ')}`);
}

const began = performance.now();
const limitMs = values.seconds === undefined ? Infinity : readWhole('seconds', values.seconds) * 1_000;
const isOver = (): boolean => performance.now() - began > limitMs;
const results: (Enumerated & { readonly name: string; readonly seconds: number })[] = [];

for (const workload of WORKLOADS.filter(({ name }) => names.includes(name))) {
  const start = performance.now();
  let shown = start;
  const enumerated = await enumerateCrashes(workload, {
    twice: !values.once,
    stopAtFirst: values['stop-at-first'],
    isOver,
    report: ({ once, twice }) => {
      if (performance.now() - shown < 5_000) return;
      shown = performance.now();
      console.error(`${workload.name}: ${once} + ${twice} plays`);
    },
  });
  const seconds = (performance.now() - start) / 1_000;
  results.push({ ...enumerated, name: workload.name, seconds });
  const { points, disks, once, twice } = enumerated.figures;
  if (!values.json) {
    console.log(
      `${workload.name.padEnd(12)} ${points} points, ${disks} disks, ${once} crashes, ${twice} second crashes, ${seconds.toFixed(1)} s: ${workload.what}`,
    );
  }
  for (const { plan, what } of enumerated.violations.slice(0, 5)) console.error(`  ${describePlan(plan)}:\n  ${what}`);
}

const sum = (pick: (result: Enumerated) => number): number =>
  results.reduce((total, result) => total + pick(result), 0);
const violations = sum((result) => result.violations.length);
const short = results.filter(({ isCutShort }) => isCutShort).map(({ name }) => name);
const cutShort = short.length > 0 ? `, cut short: ${short.join(', ')}` : '';
appendLedger({
  command: 'crashes',
  seeds: results.map(({ name }) => name),
  events: sum(({ figures }) => figures.points),
  faults: {
    'crash at a write': sum(({ figures }) => figures.once),
    'second crash': sum(({ figures }) => figures.twice),
    'disk after a crash': sum(({ figures }) => figures.disks),
  },
  checks: sum(({ figures }) => figures.once + figures.twice),
  violations: results.flatMap(({ violations: found }) => found.map(({ what }) => ({ what }))),
});
if (values.json) console.log(JSON.stringify(results));
console.log(
  `${results.length} workloads, ${sum(({ figures }) => figures.points)} crash points, ${sum(({ figures }) => figures.disks)} disks, ${sum(({ figures }) => figures.once)} crashes and ${sum(({ figures }) => figures.twice)} second crashes played, ${violations} violations${cutShort}`,
);
// What died in a play waits for ever, and its timers with it.
process.exit(violations > 0 || short.length > 0 ? 1 : 0);
