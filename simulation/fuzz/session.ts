/** A fuzzing session: which inputs are known, which ways through the code they take, and what was broken. */
import { decodeItem } from '@dsm/core';
import { attempt, type Attempt } from './attempt.ts';
import { minimise } from './minimise.ts';
import { mutateBytes } from './mutate/bytes.ts';
import { makePool, mutateItem, type Pool } from './mutate/items.ts';
import { mend } from './mutate/mend.ts';
import { mutateText } from './mutate/text.ts';
import { writeTree, type Tree } from './mutate/tree.ts';
import type { Random } from '../world/random.ts';
import type { FuzzSuite } from './suite.ts';
import type { Target } from './targets/target.ts';

export interface Finding {
  readonly target: string;
  readonly what: string;
  readonly input: Uint8Array;
}

/** What one target has been given. */
export interface Course {
  readonly target: Target;
  readonly inputs: Uint8Array[];
  readonly marks: Set<string>;
  tried: number;
  accepted: number;
  /** Of a single input, milliseconds. */
  slowestMs: number;
  spentMs: number;
}

export interface Session {
  readonly courses: readonly Course[];
  readonly findings: Finding[];
  readonly pool: Pool;
  readonly random: Random;
  readonly suite: FuzzSuite;
  /** Called for every input that takes a way that none took before. */
  readonly onNew: (target: string, input: Uint8Array) => void;
  /** `performance.now()` at which the mutations end: what is only to be made smaller is left as it is then. */
  endsMs: number;
}

const MINIMISE_CALLS = 200;
/** Inputs beyond this are for the measurement of growth. */
const MAX_INPUT_BYTES = 262_144;

const treeOf = (input: Uint8Array): Tree | undefined => {
  const item = decodeItem(input);
  return item.ok ? item.value : undefined;
};

export function openSession(targets: readonly Target[], options: Pick<Session, 'random' | 'suite' | 'onNew'>): Session {
  const seeds = targets.filter(({ input }) => input === 'item').flatMap((target) => target.seeds);
  const trees = seeds.map(treeOf).filter((tree) => tree !== undefined);
  const courses = targets.map((target) => ({
    target,
    inputs: [],
    marks: new Set<string>(),
    tried: 0,
    accepted: 0,
    slowestMs: 0,
    spentMs: 0,
  }));
  return { courses, findings: [], pool: makePool(trees), endsMs: Infinity, ...options };
}

const note = (course: Course, result: Attempt, tookMs: number): void => {
  course.tried += 1;
  course.spentMs += tookMs;
  course.slowestMs = Math.max(course.slowestMs, tookMs);
  if (result.outcome?.accepted === true) course.accepted += 1;
};

/** Gives one input to the target; keeps it when it is new, minimises it when it breaks something. */
export async function feed(session: Session, course: Course, input: Uint8Array, isKnown = false): Promise<void> {
  const { target } = course;
  const began = performance.now();
  const trial = attempt(target, input);
  const result = trial instanceof Promise ? await trial : trial;
  note(course, result, performance.now() - began);
  if (result.broken !== undefined) {
    await report(session, course, input, result.broken);
    return;
  }
  const { mark } = result.outcome;
  if (course.marks.has(mark)) return;
  course.marks.add(mark);
  if (isKnown) {
    course.inputs.push(input);
    return;
  }
  const calls = target.isSlow === true ? MINIMISE_CALLS / 10 : MINIMISE_CALLS;
  const small = await minimise(
    input,
    async (bytes) => (await attempt(target, bytes)).outcome?.mark === mark,
    calls,
    () => performance.now() > session.endsMs,
  );
  course.inputs.push(small);
  session.onNew(target.name, small);
}

/** Numbers in a message do not make it another finding. */
const kindOf = (what: string): string => what.replaceAll(/[0-9a-f]{16,}|\d+/g, '#');

async function report(session: Session, { target }: Course, input: Uint8Array, what: string): Promise<void> {
  const kind = kindOf(what);
  if (session.findings.some((one) => one.target === target.name && kindOf(one.what) === kind)) return;
  const still = async (bytes: Uint8Array): Promise<boolean> => {
    const { broken } = await attempt(target, bytes);
    return broken !== undefined && kindOf(broken) === kind;
  };
  session.findings.push({ target: target.name, what, input: await minimise(input, still, 5 * MINIMISE_CALLS) });
}

function mutate({ random, pool, suite, courses }: Session, { target, inputs }: Course): Uint8Array {
  const base = random.pick(inputs);
  const other = random.pick(random.pick(courses).inputs.concat(base));
  if (target.input === 'text') {
    if (random.below(8) === 0) return mutateBytes(random, base, other);
    const read = new TextDecoder();
    return new TextEncoder().encode(mutateText(random, read.decode(base), read.decode(random.pick(inputs))));
  }
  const tree = random.below(6) === 0 ? undefined : treeOf(base);
  if (tree === undefined) return mutateBytes(random, base, other);
  const changed = mutateItem(random, tree, pool);
  return writeTree(random.below(2) === 0 ? mend(suite, tree, changed) : changed);
}

/** All genuine and known inputs of a target. */
export async function begin(
  session: Session,
  course: Course,
  known: readonly Uint8Array[],
  onInput: () => void = () => {},
): Promise<void> {
  const { target } = course;
  for (const seed of target.seeds) {
    await feed(session, course, seed, true);
    // Genuine inputs are mutated whether or not two of them take the same way.
    if (!course.inputs.includes(seed)) course.inputs.push(seed);
  }
  for (const input of known) {
    await feed(session, course, input, true);
    onInput();
  }
}

/** One mutated input. */
export async function step(session: Session, course: Course): Promise<void> {
  const input = mutate(session, course);
  if (input.length <= (course.target.maxBytes ?? MAX_INPUT_BYTES)) await feed(session, course, input);
}
