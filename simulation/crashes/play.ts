/** A workload played once, with deaths at given places: what went wrong, and how it ended. */
import { equalBytes, must, type Result } from '@dsm/core';
import { balances, history, listReservations, showChain, sync, type Device } from '@dsm/wallet';
import type { Disk, DiskPoint } from '../disk/index.ts';
import { copyStage, type Stage } from './stage.ts';
import {
  beginSession,
  beginTrial,
  copyMoment,
  endSession,
  firstMoment,
  restartNodes,
  type Death,
  type Moment,
  type Session,
  type Trial,
} from './trial.ts';

/** What a step answers: bytes for the next one, which a repetition must answer again. */
export interface Answer {
  readonly bytes: Uint8Array | null;
}

/**
 * One thing that a person does. It is repeated after a crash, so it first looks whether it was done: as the command line
 * does it, by the key of the command or by the reference of a payment.
 */
export interface Step {
  readonly name: string;
  run(session: Session, before: Uint8Array | null): Promise<Result<Answer>>;
}

export interface Workload {
  readonly name: string;
  /** One line for a person. */
  readonly what: string;
  /** Whose crashes are enumerated. */
  readonly crashing: readonly string[];
  /** Who has something to show at the end. */
  readonly devices: readonly string[];
  prepare(): Promise<{ readonly stage: Stage; readonly steps: readonly Step[] }>;
}

export interface Played {
  readonly violations: readonly string[];
  /** What everybody has and knows at the end, for a comparison. */
  readonly result: string;
}

/** How things stood before a step, so that a crash in it need not play what came before. */
export interface Start {
  readonly moment: Moment;
  readonly step: number;
  readonly before: Uint8Array | null;
}

export const beginning = (stage: Stage): Start => ({ moment: firstMoment(stage), step: 0, before: null });

/** A step that was interrupted more often than deaths were planned goes in circles. */
const MAX_ATTEMPTS = 4;

export interface PlayOptions {
  readonly from: Start;
  readonly steps: readonly Step[];
  readonly devices: readonly string[];
  readonly plan: readonly Death[];
  /** Called at each point of a step, until it is done. */
  readonly onPoint?: (at: PointOf) => void;
  /** Called before each step. */
  readonly onStep?: (start: Start) => void;
}

export interface PointOf {
  readonly who: string;
  readonly disk: Disk;
  readonly point: DiskPoint;
  readonly step: number;
  /** Deaths so far. */
  readonly deaths: number;
}

class Broken extends Error {}

export async function play(options: PlayOptions): Promise<Played> {
  const { from, steps, devices, plan, onPoint, onStep } = options;
  const violations: string[] = [];
  let moment = copyMoment(from.moment);
  let result = '';
  try {
    let before = from.before;
    for (let number = from.step; number < steps.length; number++) {
      onStep?.({ moment, step: number, before });
      const deaths = plan.filter(({ step }) => step === number);
      const trial = await beginTrial(copyMoment(moment), deaths);
      moment = trial;
      trial.onPoint =
        onPoint && ((who, disk, point) => onPoint({ who, disk, point, step: number, deaths: trial.deaths.length }));
      before = await runStep(trial, deaths, steps[number] as Step, before);
      trial.onPoint = undefined;
      endSession(trial);
    }
    const trial = await beginTrial(copyMoment(moment), []);
    moment = trial;
    result = await conclude(trial, devices);
    endSession(trial);
  } catch (thrown) {
    violations.push(thrown instanceof Broken ? thrown.message : `an exception: ${String(thrown)}`);
  }
  violations.push(...(await moment.watch.violations(moment.stage)));
  return { violations, result };
}

async function runStep(
  trial: Trial,
  plan: readonly Death[],
  step: Step,
  before: Uint8Array | null,
): Promise<Uint8Array | null> {
  const { length: died } = trial.deaths;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const answer = await attemptStep(trial, plan, step, before);
    const nodeDied = await restartNodes(trial, plan);
    if (answer === undefined || (nodeDied && !answer.ok)) continue;
    if (!answer.ok) {
      const { code, rule, message } = answer.error;
      throw new Broken(`${step.name} fails: ${code} (${rule}) ${message}`);
    }
    if (trial.deaths.length > died) await requireSameAgain(trial, plan, step, before, answer.value);
    return answer.value.bytes;
  }
  throw new Broken(`${step.name} never comes to an end`);
}

/** Undefined: a device died in it. */
async function attemptStep(
  trial: Trial,
  plan: readonly Death[],
  step: Step,
  before: Uint8Array | null,
): Promise<Result<Answer> | undefined> {
  const session = beginSession(trial, plan);
  const run = step.run(session, before).then(async (answer) => {
    await session.close();
    return answer;
  });
  const outcome = await Promise.race([run, trial.deviceDied]);
  if (typeof outcome !== 'string') return outcome;
  endSession(trial);
  return undefined;
}

/** What was answered once is answered again. */
async function requireSameAgain(
  trial: Trial,
  plan: readonly Death[],
  step: Step,
  before: Uint8Array | null,
  first: Answer,
): Promise<void> {
  trial.onPoint = undefined;
  const again = await attemptStep(trial, plan, step, before);
  if (!again) return;
  if (!again.ok) throw new Broken(`${step.name} was done, and fails when it is repeated: ${again.error.code}`);
  const { bytes } = again.value;
  const same = bytes === null || first.bytes === null ? bytes === first.bytes : equalBytes(bytes, first.bytes);
  if (!same) throw new Broken(`${step.name} answers something else when it is repeated`);
}

/** Everybody syncs; then what everybody has, without what chance made: ids, salts, times. */
async function conclude(trial: Trial, devices: readonly string[]): Promise<string> {
  const session = beginSession(trial, []);
  const open = new Map<string, Device>();
  for (let round = 0; round < 2; round++) {
    for (const name of devices) {
      const device = open.get(name) ?? (await session.device(name));
      open.set(name, device);
      const synced = await sync(device);
      if (!synced.ok) throw new Broken(`${name} cannot sync: ${synced.error.code} ${synced.error.message}`);
    }
  }
  const lines: string[] = [];
  for (const [name, device] of open) lines.push(...(await describe(name, device)));
  await requireConserved([...open.values()]);
  await session.close();
  return lines.join('\n');
}

/** What all have together is what was minted, as everybody has heard of everything. */
async function requireConserved(devices: readonly Device[]): Promise<void> {
  const sums = new Map<string, bigint>();
  const add = (symbol: string, amount: bigint): void => void sums.set(symbol, (sums.get(symbol) ?? 0n) + amount);
  for (const device of devices) {
    for (const row of must(await balances(device))) {
      const amounts = [row.available, row.setAside, row.reserved, row.provisional];
      for (const amount of amounts) add(row.policy.symbol, amount);
      if (amounts.some((amount) => amount < 0n)) throw new Broken(`${device.name} has less than nothing`);
    }
    for (const { payment, policy, status } of must(await history(device))) {
      if (payment.kind === 'mint' && policy && status === 'final') add(policy.symbol, -payment.amount);
    }
  }
  for (const [symbol, sum] of sums) {
    if (sum !== 0n) throw new Broken(`value is not conserved: ${sum} ${symbol} more than were minted`);
  }
}

async function describe(name: string, device: Device): Promise<string[]> {
  const [rows, entries, chain] = [await balances(device), await history(device), await showChain(device)];
  if (!rows.ok || !entries.ok || !chain.ok) throw new Broken(`${name} cannot be read`);
  const reservations = await listReservations(device);
  return [
    ...rows.value.map(
      (row) =>
        `${name} ${row.policy.symbol} ${row.available} available ${row.setAside} set aside ${row.reserved} reserved ${row.provisional} provisional`,
    ),
    ...entries.value
      .map(
        ({ payment, status }) =>
          `${name} ${payment.kind} ${payment.direction} ${payment.amount} ${payment.order} ${status}`,
      )
      .toSorted(),
    ...reservations
      .map(({ funded, total, claimed, status }) => `${name} reservation ${funded} ${total} ${claimed} ${status}`)
      .toSorted(),
    `${name} chain ${chain.value.map(({ status }) => status).join(' ')}`,
  ];
}

/** Plays steps that prepare a stage, without deaths and in place. */
export async function prepareStage(stage: Stage, steps: readonly Step[]): Promise<Stage> {
  const after = copyStage(stage);
  const trial = await beginTrial(firstMoment(after), [], true);
  let before: Uint8Array | null = null;
  for (const step of steps) before = await runStep(trial, [], step, before);
  endSession(trial);
  return after;
}
