/** `npm run simulate [-- --seed N --runs K --events M]`. */
import { parseArgs } from 'node:util';
import { runWorld } from './world/run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string', default: '10' },
    events: { type: 'string', default: '3000' },
    story: { type: 'boolean', default: false },
  },
});
const first = values.seed === undefined ? 1 : Number(values.seed);
let events = 0;
let violations = 0;
let ms = 0;
const told = new Map<string, number>();
const faults = new Map<string, number>();
for (let i = 0; i < Number(values.runs); i++) {
  const report = await runWorld({ seed: first + i, events: Number(values.events) });
  events += report.events;
  ms += report.realMs;
  for (const [kind, count] of Object.entries(report.faults)) faults.set(kind, (faults.get(kind) ?? 0) + count);
  for (const [kind, n] of Object.entries(report.told)) told.set(kind, (told.get(kind) ?? 0) + n);
  if (report.violation) violations += 1;
  console.error(
    report.seed,
    report.events,
    report.decisions,
    Math.round(report.realMs),
    report.digest.slice(0, 8),
    report.violation ?? '',
  );
  if (values.story) for (const line of report.story) console.error(line.event, line.atMs, line.text);
}
console.error(`${Math.round((events * 1_000) / ms)} events/s`, faults, told);
console.log(`${events} events, ${[...faults.values()].reduce((a, b) => a + b, 0)} faults, ${violations} violations`);
