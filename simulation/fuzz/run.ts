/** The command: short inputs, corpus, mutation, growth, and what came of them. */
import { join } from 'node:path';
import { toHex } from '@dsm/core';
import { FOUND, entryName, readCommitted, readEntries, writeEntry, type Entry } from './corpus.ts';
import { measureGrowth, type Growth } from './growth.ts';
import { tryDeclaredLengths } from './declared.ts';
import { keepEntries } from './keep.ts';
import { begin, feed, openSession, step, type Finding, type Session } from './session.ts';
import { makeWorld } from './seeds/world.ts';
import { openProgress, type Progress } from './progress.ts';
import { tryShortInputs, type ShortInputs } from './short.ts';
import { refuseOptions } from '../options.ts';
import { seededRandom } from '../world/random.ts';
import { allTargets } from './targets/table.ts';
import type { Target } from './targets/target.ts';

export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Names; empty: all. */
  readonly targets: readonly string[];
  readonly input: Uint8Array | undefined;
  readonly skip: ReadonlySet<string>;
  readonly keep: boolean;
  readonly json: boolean;
}

/** Longer inputs are printed by the name of their file. */
const HEX_BYTES = 2_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Slow targets get one input for every so many of the others. */
const SLOW_SHARE = 40;

async function mutateFor(session: Session, seconds: number, progress: Progress): Promise<void> {
  const fast = session.courses.filter(({ target }) => target.isSlow !== true);
  const slow = session.courses.filter(({ target }) => target.isSlow === true);
  const { random } = session;
  session.endsMs = performance.now() + seconds * 1_000;
  for (let round = 0; performance.now() < session.endsMs; round++) {
    const useSlow = slow.length > 0 && (fast.length === 0 || round % SLOW_SHARE === 0);
    const course = random.pick(useSlow ? slow : fast);
    progress.at(() => `${describeCount(session)}, now ${course.target.name}`);
    await step(session, course);
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const inputsOf = ({ courses }: Session): number => sum(courses.map(({ tried }) => tried));
const waysOf = ({ courses }: Session): number => sum(courses.map(({ marks }) => marks.size));

const describeCount = (session: Session): string =>
  `${inputsOf(session)} inputs, ${waysOf(session)} ways, ${session.findings.length} failures`;

/** How to see it again. */
function describeFinding({ target, what, input }: Finding): void {
  writeEntry(join(FOUND, 'failures'), { target, input });
  const file = join(FOUND, 'failures', target, entryName(input));
  const given = input.length <= HEX_BYTES ? `--input ${toHex(input)}` : `--file ${file}`;
  say(`FAILED ${target}: ${what}`);
  if (input.length > HEX_BYTES) say(`  ${input.length} bytes, begins with ${toHex(input.subarray(0, 64))}`);
  say(`  npm run fuzz -- --target ${target} ${given}`);
}

function chooseTargets(all: readonly Target[], names: readonly string[]): readonly Target[] {
  const unknown = names.find((name) => !all.some((target) => target.name === name));
  if (unknown !== undefined) refuseOptions(`there is no target ${unknown}: ${all.map(({ name }) => name).join(', ')}`);
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

const knownFor = (entries: readonly Entry[], { name }: Target): readonly Uint8Array[] =>
  entries.filter(({ target }) => target === name).map(({ input }) => input);

async function beginAll(session: Session, progress: Progress): Promise<void> {
  const entries = [...readCommitted(), ...readEntries(FOUND)];
  for (const course of session.courses) {
    await begin(session, course, knownFor(entries, course.target), () =>
      progress.at(() => `${course.target.name}, ${describeCount(session)}`),
    );
  }
  progress.tell(`corpus: ${entries.length} entries; ${describeCount(session)}`);
}

function describeShort({ inputs, accepted, calls, findings }: ShortInputs): void {
  say(`all inputs of up to 3 bytes: ${inputs} inputs, ${accepted} items, ${calls} calls, ${findings.length} failures`);
}

function describeGrowth(rows: readonly Growth[]): void {
  say('time by size, t ~ size^e: the costliest shape of each target');
  for (const { target, shape, exponent, largestBytes, largestMs } of rows) {
    say(
      `  ${target.padEnd(26)} e = ${exponent.toFixed(2).padStart(5)}  ${String(largestBytes).padStart(8)} bytes in ${largestMs.toFixed(2).padStart(8)} ms  (${shape})`,
    );
  }
}

/** Answers the number of failures. */
export async function fuzz(options: FuzzOptions): Promise<number> {
  // An exception is an answer here, and nobody reads where it came from.
  Error.stackTraceLimit = 0;
  const progress = openProgress((line) => void process.stderr.write(`${line}\n`));
  progress.tell(`seed ${options.seed}`);
  const world = makeWorld();
  const targets = await progress.phase('genuine inputs', async () =>
    chooseTargets(await allTargets(world), options.targets),
  );
  const found: Entry[] = [];
  const session = openSession(targets, {
    random: seededRandom(options.seed),
    suite: world.suite,
    onNew: (target, input) => {
      found.push({ target, input });
      writeEntry(FOUND, { target, input });
    },
  });
  if (options.input) {
    for (const course of session.courses) await feed(session, course, options.input, true);
    session.courses.forEach(({ target, marks }) => say(`${target.name}: ${[...marks].join()}`));
  } else {
    progress.tell(`${targets.length} targets; ${options.seconds} s of mutations, and minutes for the rest (--skip)`);
    await progress.phase('corpus', () => beginAll(session, progress));
    if (options.seconds > 0) await progress.phase('mutations', () => mutateFor(session, options.seconds, progress));
  }
  progress.tell(describeCount(session));
  const runsAll = !options.input && options.targets.length === 0;
  const { phase } = progress;
  const runsShort = runsAll && !options.skip.has('short');
  const short = runsShort ? await phase('short inputs', () => tryShortInputs(targets, 3, progress)) : undefined;
  const declared = runsAll ? await phase('declared lengths', () => tryDeclaredLengths(targets, progress)) : undefined;
  const runsGrowth = !options.input && !options.skip.has('growth');
  const growth = runsGrowth ? await phase('growth', () => measureGrowth(targets, progress)) : [];
  if (options.keep) say(keepEntries(session));
  if (short) describeShort(short);
  if (declared)
    say(`declared lengths that are not there: ${declared.inputs} inputs, ${declared.findings.length} failures`);
  if (growth.length > 0) describeGrowth(growth);
  const findings = [...session.findings, ...(short?.findings ?? []), ...(declared?.findings ?? [])];
  findings.forEach(describeFinding);
  say(
    `seconds: ${progress
      .spent()
      .map(([name, seconds]) => `${name} ${seconds.toFixed(1)}`)
      .join(', ')}`,
  );
  const inputs = inputsOf(session) + (short?.inputs ?? 0) + (declared?.inputs ?? 0);
  const summary = {
    seed: options.seed,
    inputs,
    targets: targets.length,
    ways: waysOf(session),
    failures: findings.length,
  };
  say(
    options.json
      ? JSON.stringify({ ...summary, short: short && { ...short, findings: short.findings.length }, growth })
      : `${inputs} inputs, ${targets.length} targets, ${findings.length} failures (seed ${options.seed}, ${summary.ways} ways through the code)`,
  );
  return findings.length;
}
