/**
 * `npm run simulate:bugs [-- --bug ID --seconds S --events M --jobs N --json]`: each planted bug in a process of its own,
 * the same checks, and in the end the same seeds without any bug.
 */
import { execFile } from 'node:child_process';
import { addCounts, appendLedger } from '../ledger.ts';
import { readOptions, readWhole, refuseOptions } from '../options.ts';
import type { Errand, Hunted, Run } from './hunt.ts';
import { BUGS, type Bug } from './list.ts';

const HELP = `npm run simulate:bugs -- [options]
  --bug ID     only this one, may be repeated; a wrong one lists them all
  --seconds S  of the processor for one bug (60)
  --events M   of one run (5000)
  --jobs N     processes at once (2)
  --json       one JSON document`;

const values = readOptions(
  {
    bug: { type: 'string', multiple: true },
    /** Budget of one bug, of the processor. */
    seconds: { type: 'string', default: '60' },
    /** Of one run of the world. */
    events: { type: 'string', default: '5000' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
  HELP,
);

interface Row {
  readonly bug: Bug;
  readonly hunted: Hunted;
}

const seconds = readWhole('seconds', values.seconds, 1);
const events = readWhole('events', values.events, 1);
const chosen = BUGS.filter(({ id }) => values.bug?.includes(id) ?? true);
const unknown = values.bug?.filter((id) => !BUGS.some((bug) => bug.id === id)) ?? [];
if (unknown.length > 0) {
  refuseOptions(`no such bug: ${unknown.join(', ')}; there are: ${BUGS.map(({ id }) => id).join(', ')}`);
}

/** By the clock of the wall, since the budget is one of the processor: a process that hangs is ended some time. */
const PATIENCE = 12;

function send(errand: Errand, patches: readonly object[]): Promise<Hunted> {
  const script = new URL('hunt.ts', import.meta.url).pathname;
  const register = new URL('../load/register.ts', import.meta.url).href;
  const options = {
    env: { ...process.env, DSM_PATCHES: JSON.stringify(patches) },
    timeout: errand.seconds * 1_000 * PATIENCE,
    maxBuffer: 1 << 26,
  };
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ['--import', register, script, JSON.stringify(errand)],
      options,
      (error, stdout, stderr) => {
        const last = stdout.trim().split('\n').at(-1) ?? '';
        if (!error && last !== '') resolve(JSON.parse(last) as Hunted);
        else reject(new Error(stderr.trim().split('\n').slice(-12).join('\n') || (error?.message ?? 'no answer')));
      },
    );
    child.stdin?.end();
  });
}

const crashesOf = ({ hunt }: Bug): readonly string[] => (hunt !== 'runs' && 'crashes' in hunt ? hunt.crashes : []);

async function huntBug(bug: Bug): Promise<Row> {
  const { file, find, replace, hunt } = bug;
  const errand = { seconds, events, crashes: crashesOf(bug), ...(hunt !== 'runs' && 'presets' in hunt && hunt) };
  return { bug, hunted: await send(errand, [{ file, find, replace }]) };
}

const nameOf = (run: Run | null): string => (run ? `${run.preset} ${run.seed}${run.whole ? ', whole' : ''}` : '');

const describe = ({ found, ...spent }: Hunted): string =>
  found
    ? `${found.invariant.padEnd(28)} ${nameOf(found.run).padEnd(14)} ${String(found.event).padStart(6)} ${spent.seconds.toFixed(1).padStart(6)} s`
    : `NOT FOUND in ${spent.runs} runs, ${spent.events} events, ${spent.seconds.toFixed(1)} s`;

const rows: Row[] = [];
const queue = [...chosen];
const broken: string[] = [];
const worker = async (): Promise<void> => {
  for (let bug = queue.shift(); bug; bug = queue.shift()) {
    try {
      const row = await huntBug(bug);
      rows.push(row);
      console.error(`${bug.id}: ${describe(row.hunted)}`);
    } catch (thrown) {
      broken.push(`${bug.id}: ${String(thrown)}`);
      console.error(broken.at(-1));
    }
  }
};
await Promise.all(Array.from({ length: readWhole('jobs', values.jobs, 1) }, worker));

/** The runs that found something, without a bug. */
async function control(): Promise<Hunted> {
  const found = rows.flatMap(({ hunted }) => (hunted.found?.run ? [hunted.found.run] : []));
  const runs = [...new Map(found.map((run) => [nameOf(run), run])).values()];
  const crashes = [...new Set(chosen.flatMap(crashesOf))];
  return send({ seconds: 10 * seconds, events, crashes, runs }, []);
}
const calm = await control();

const order = new Map(BUGS.map(({ id }, i) => [id, i]));
rows.sort((a, b) => (order.get(a.bug.id) ?? 0) - (order.get(b.bug.id) ?? 0));
if (values.json)
  console.log(JSON.stringify(rows.map(({ bug, hunted }) => ({ id: bug.id, what: bug.what, ...hunted }))));
else {
  console.log(`${'bug'.padEnd(24)} ${'found by'.padEnd(28)} ${'run'.padEnd(14)}  event     time`);
  for (const { bug, hunted } of rows) console.log(`${bug.id.padEnd(24)} ${describe(hunted)}`);
}
const faults: Record<string, number> = {};
for (const { hunted } of rows) addCounts(faults, hunted.faults);
addCounts(faults, calm.faults);
appendLedger({
  command: 'bugs',
  seeds: rows.map(({ bug }) => bug.id),
  events: rows.reduce((sum, { hunted }) => sum + hunted.events, calm.events),
  faults,
  checks: rows.reduce((sum, { hunted }) => sum + hunted.checks, calm.checks),
  // What was planted is meant to be found; what is left without a bug is a violation.
  violations: calm.found ? [calm.found] : [],
});
const times = rows.flatMap(({ hunted }) => (hunted.found ? [hunted.seconds] : [])).toSorted((a, b) => a - b);
const median = times[times.length >> 1] ?? 0;
if (calm.found) console.error(`without any bug: ${JSON.stringify(calm.found)}`);
for (const each of broken) console.error(each);
console.log(
  `${times.length} of ${chosen.length} bugs found, median ${median.toFixed(1)} s, longest ${(times.at(-1) ?? 0).toFixed(1)} s; without a bug ${calm.found ? 'A VIOLATION' : `${calm.runs} of the same runs and no violation`}`,
);
process.exit(times.length === chosen.length && !calm.found ? 0 : 1);
