/** Steps of a workload from any moment on: attempts, deaths in them, repetitions, and how it all ended. */
import { createHash } from 'node:crypto';
import { equalBytes, must, type Result } from '@dsm/core';
import { balances, history, listEvidence, listReservations, showChain, sync, type Device } from '@dsm/wallet';
import { compactDisk } from '../disk/index.ts';
import { copyStage, disksOf, type Stage } from './stage.ts';
import {
  beginSession,
  beginTrial,
  contentOfMoment,
  copyMoment,
  endSession,
  firstMoment,
  settle,
  type Death,
  type Moment,
  type PointHook,
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
  /** Somebody who has money is not among them: a cheat. */
  readonly isPartial?: boolean;
  prepare(): Promise<{ readonly stage: Stage; readonly steps: readonly Step[] }>;
}

/** How things stand before a step: at first, or after deaths in it. Whoever begins now begins from the disks. */
export interface Fork {
  readonly moment: Moment;
  readonly step: number;
  /** What the step before answered. */
  readonly before: Uint8Array | null;
  /** Deaths that led here. */
  readonly deaths: readonly Death[];
  /** What this step answered already, although a node died in it. */
  readonly answer?: Answer | undefined;
}

export const beginning = (stage: Stage): Fork => ({
  moment: firstMoment(stage),
  step: 0,
  before: null,
  deaths: [],
});

const show = (bytes: Uint8Array | null | undefined): string =>
  bytes ? Buffer.from(bytes).toString('base64') : String(bytes);

/** Forks with the same one go on in the same way: disks, what was answered, what was signed and promised. */
export const describeFork = ({ moment, step, before, answer }: Fork, content = contentOfMoment(moment)): string =>
  createHash('sha1')
    .update(`${step} ${show(before)} ${show(answer?.bytes)} ${content} ${moment.watch.describe()}`)
    .digest('base64');

export interface Played {
  readonly violations: readonly string[];
  /** What everybody has and knows at the end, for a comparison. */
  readonly result: string;
}

export class Broken extends Error {}

/** What is wrong, and whatever is thrown is. */
export const complaintOf = (thrown: unknown): string =>
  thrown instanceof Broken
    ? thrown.message
    : `an exception: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;

/** Undefined: a device died in it. */
async function attempt(trial: Trial, step: Step, before: Uint8Array | null): Promise<Result<Answer> | undefined> {
  const session = beginSession(trial);
  const run = step.run(session, before).then(async (answer) => {
    await session.close();
    return answer;
  });
  const outcome = await Promise.race([run, trial.deviceDied]);
  return typeof outcome === 'string' ? undefined : outcome;
}

/** Plays the step up to a death in it, and what of it goes on then. */
export async function die(fork: Fork, steps: readonly Step[], death: Death): Promise<Fork> {
  const trial = await beginTrial(copyMoment(fork.moment), { death });
  const answer = await attempt(trial, steps[fork.step] as Step, fork.before);
  await settle(trial);
  endSession(trial);
  if (!trial.hasHappened) throw new Broken('a step that begins from the same moment takes another way');
  const { stage, watch } = trial;
  const done = fork.answer ?? (answer?.ok === true ? answer.value : undefined);
  return { ...fork, moment: { stage, watch }, deaths: [...fork.deaths, death], answer: done };
}

/** The step from here to its end, twice if somebody died in it: what was answered once is answered again. */
export async function runStep(fork: Fork, steps: readonly Step[], onPoint?: PointHook): Promise<Fork> {
  const step = steps[fork.step] as Step;
  const trial = await beginTrial(copyMoment(fork.moment), { onPoint });
  const answer = await attempt(trial, step, fork.before);
  if (!answer?.ok) throw new Broken(`${step.name} fails: ${complain(answer)}`);
  const first = fork.answer ?? answer.value;
  if (fork.answer) requireSame(step, first, answer.value);
  else if (fork.deaths.some((death) => death.step === fork.step)) {
    trial.onPoint = undefined;
    const again = await attempt(trial, step, fork.before);
    if (!again?.ok) throw new Broken(`${step.name} was done, and fails when it is repeated: ${complain(again)}`);
    requireSame(step, first, again.value);
  }
  await settle(trial);
  endSession(trial);
  const { stage, watch } = trial;
  return { moment: { stage, watch }, step: fork.step + 1, before: first.bytes, deaths: fork.deaths };
}

const complain = (answer: Result<Answer> | undefined): string =>
  !answer || answer.ok ? 'it died' : `${answer.error.code} (${answer.error.rule}) ${answer.error.message}`;

function requireSame(step: Step, { bytes: one }: Answer, { bytes: other }: Answer): void {
  const same = one === null || other === null ? one === other : equalBytes(one, other);
  if (!same) throw new Broken(`${step.name} answers something else when it is repeated`);
}

export interface Rest {
  readonly steps: readonly Step[];
  readonly devices: readonly string[];
  readonly isPartial: boolean;
  /** How moments between steps ended that were played before. */
  readonly known: Map<string, string>;
}

/** From here to the end of the workload; `watchStep` is asked before each step who looks at its points. */
export async function finish(
  fork: Fork,
  rest: Rest,
  watchStep: (at: Fork) => PointHook | undefined = () => undefined,
): Promise<Played> {
  const { steps, known } = rest;
  const violations: string[] = [];
  const passed: string[] = [];
  let { moment } = fork;
  let result: string | undefined;
  try {
    for (let at = fork; result === undefined;) {
      if (at.step === steps.length) {
        const trial = await beginTrial(copyMoment(at.moment));
        moment = { stage: trial.stage, watch: trial.watch };
        result = await conclude(trial, rest);
        endSession(trial);
      } else {
        at = await runStep(at, steps, watchStep(at));
        ({ moment } = at);
        const described = describeFork(at);
        passed.push(described);
        result = known.get(described);
      }
    }
  } catch (thrown) {
    violations.push(complaintOf(thrown));
  }
  violations.push(...(await moment.watch.violations(moment.stage)));
  if (violations.length === 0) for (const described of passed) known.set(described, result as string);
  return { violations, result: result ?? '' };
}

/** Everybody syncs; then what everybody has, without what chance made: ids, salts, times. */
async function conclude(trial: Trial, { devices, isPartial }: Rest): Promise<string> {
  const session = beginSession(trial);
  const open = new Map<string, Device>();
  for (let round = 0; round < 2; round++) {
    for (const name of devices) {
      const device = open.get(name) ?? (await session.device(name));
      open.set(name, device);
      const synced = await sync(device, { wait: session.wait });
      if (!synced.ok) throw new Broken(`${name} cannot sync: ${synced.error.code} ${synced.error.message}`);
    }
  }
  const lines: string[] = [];
  for (const [name, device] of open) lines.push(...(await describe(name, device)));
  await requireConserved([...open.values()], isPartial);
  await session.close();
  return lines.join('\n');
}

/** What all have together is what was minted, as everybody has heard of everything; at most, if not all are asked. */
async function requireConserved(devices: readonly Device[], isPartial: boolean): Promise<void> {
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
    if (isPartial ? sum > 0n : sum !== 0n)
      throw new Broken(`value is not conserved: ${sum} ${symbol} more than were minted`);
  }
}

async function describe(name: string, device: Device): Promise<string[]> {
  const [rows, entries, chain] = [await balances(device), await history(device), await showChain(device)];
  if (!rows.ok || !entries.ok || !chain.ok) throw new Broken(`${name} cannot be read`);
  const reservations = await listReservations(device);
  const evidence = must(await listEvidence(device));
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
    `${name} holds ${evidence.length} pieces of evidence`,
    `${name} chain ${chain.value.map(({ status }) => status).join(' ')}`,
  ];
}

/** Plays steps that prepare a stage, without deaths. */
export async function prepareStage(stage: Stage, steps: readonly Step[]): Promise<Stage> {
  const after = copyStage(stage);
  const trial = await beginTrial(firstMoment(after), { isFirst: true });
  let before: Uint8Array | null = null;
  for (const step of steps) {
    const answer = await attempt(trial, step, before);
    if (!answer?.ok) throw new Broken(`${step.name} fails: ${complain(answer)}`);
    before = answer.value.bytes;
  }
  await settle(trial);
  endSession(trial);
  for (const disk of disksOf(after)) await compactDisk(disk);
  return after;
}
