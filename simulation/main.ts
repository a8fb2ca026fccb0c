/**
 * `npm run simulate [-- --seed N --runs K --events M]`: runs from a range of seeds. The last line says events, faults
 * and violations; a violation is shrunk, told as a story, and makes the exit code 1.
 */
import { runCoverage } from './coverage/main.ts';
import { addCounts, appendLedger, LEDGER, sumOf } from './ledger.ts';
import { readOptions, readWhole } from './options.ts';
import { HAPPENED } from './world/happened.ts';
import { PRESETS, type PresetName } from './world/presets.ts';
import { runWorld, type RunOptions, type RunReport } from './world/run.ts';
import { shrinkRun } from './world/shrink.ts';
import { tellStory } from './world/story.ts';

const HELP = `npm run simulate -- [options]
  --seed N       first seed; a fresh one by default
  --runs K       seeds N to N + K - 1 (20)
  --events M     events of each plan; finishing comes on top (2000)
  --preset NAME  ${Object.keys(PRESETS).join(', ')} (table)
  --real-crypto  signatures by OpenSSL
  --story        tell every run
  --no-shrink    tell a failing run as it was
  --ledger FILE  append a line for this command to FILE (simulation/ledger.jsonl)
  --coverage     marks of the protocol that fixed seeds and odd things do not hit; see docs/simulation/coverage.md
  --json         one JSON document instead of the last line`;

const values = readOptions(
  {
    seed: { type: 'string' },
    runs: { type: 'string', default: '20' },
    events: { type: 'string', default: '2000' },
    preset: { type: 'string', default: 'table' },
    'real-crypto': { type: 'boolean', default: false },
    story: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    ledger: { type: 'string', default: LEDGER },
    coverage: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
  HELP,
);

/** A command with that many events on the usual table must have had a bit of everything. */
const MANY_EVENTS = 100_000;

/** Real milliseconds that the shrinking of one failure may take. */
const SHRINK_MS = 60_000;

const tellCounts = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

async function tellFailure(options: RunOptions, report: RunReport): Promise<void> {
  const shrunk = values['no-shrink'] ? undefined : await shrinkRun(options, report, { budgetMs: SHRINK_MS });
  if (shrunk) {
    console.error(
      `${report.decisions} decisions, ${shrunk.decisions.length} of them are enough (${shrunk.tries} runs):`,
    );
  }
  for (const line of tellStory(shrunk?.report ?? report)) console.error(line);
  const more = values['real-crypto'] ? ' --real-crypto' : '';
  console.error(
    `again: npm run simulate -- --seed ${report.seed} --runs 1 --events ${values.events} --preset ${values.preset}${more}`,
  );
}

async function main(): Promise<number> {
  if (values.coverage) return runCoverage(process.argv.slice(2).filter((arg) => arg !== '--coverage'));
  const preset = PRESETS[values.preset as PresetName] as (typeof PRESETS)[PresetName] | undefined;
  if (!preset) {
    console.error(`there is no preset ${values.preset}: ${Object.keys(PRESETS).join(', ')}`);
    return 2;
  }
  const fresh = Math.floor(Math.random() * 2 ** 31);
  const first = values.seed === undefined ? fresh : readWhole('seed', values.seed);
  const runs = readWhole('runs', values.runs, 1);
  const faults: Record<string, number> = {};
  const checks: Record<string, number> = {};
  const told: Record<string, number> = {};
  const happened: Record<string, number> = {};
  const violations: object[] = [];
  let events = 0;
  let realMs = 0;
  console.error(`seeds ${first} to ${first + runs - 1}, preset ${values.preset}`);
  for (let seed = first; seed < first + runs; seed++) {
    const suite = values['real-crypto'] ? (await import('@dsm/platform/node')).nodeCryptoSuite() : undefined;
    const options: RunOptions = {
      ...preset,
      seed,
      events: readWhole('events', values.events),
      ...(suite && { suite }),
    };
    const report = await runWorld(options);
    events += report.events;
    realMs += report.realMs;
    addCounts(faults, report.faults);
    addCounts(checks, report.checked);
    addCounts(told, report.told);
    addCounts(happened, report.happened);
    const speed = Math.round((report.events * 1_000) / report.realMs);
    console.error(`seed ${seed}: ${report.events} events, ${speed}/s, ${report.digest.slice(0, 12)}`);
    if (values.story) for (const line of tellStory(report)) console.error(line);
    if (!report.violation) continue;
    violations.push({ seed, ...report.violation });
    await tellFailure(options, report);
  }
  const perSecond = Math.round((events * 1_000) / realMs);
  const entry = {
    command: 'simulate' as const,
    seeds: [first, first + runs - 1],
    preset: values.preset,
    realCrypto: values['real-crypto'],
    events,
    perSecond,
    faults,
    happened,
    checks: sumOf(checks),
    violations,
  };
  const written = appendLedger(entry, values.ledger);
  console.error(`${perSecond} events a second, ${entry.checks} checks`);
  console.error(`faults: ${tellCounts(faults)}`);
  console.error(`happened: ${tellCounts(happened)}`);
  if (values.json) console.log(JSON.stringify({ ...written, checks, told }, undefined, 2));
  else console.log(`${events} events, ${sumOf(faults)} faults, ${violations.length} violations`);
  const isLong = events >= MANY_EVENTS && values.preset === 'table';
  const missing = !isLong ? [] : HAPPENED.filter((name) => !happened[name]);
  if (missing.length > 0) console.error(`it never happened: ${missing.join(', ')}`);
  return violations.length === 0 && missing.length === 0 ? 0 : 1;
}

process.exitCode = await main();
