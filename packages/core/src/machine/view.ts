/**
 * What is known of a machine relationship, and what follows from it (spec MCH-6, MCH-7): which steps exist, which never
 * can, and what a party may sign. Everything here is a function of a set of strands and steps, and only ever grows: a
 * step that exists or cannot exist stays so, in whatever order it was learned.
 */
import { equalBytes, toHex } from '../bytes.ts';
import { check, checkAll, done, fail, type Result } from '../result.ts';
import { comparePlaces, type StepHash, type StepPlace } from './operations.ts';
import type { RequiredSigners } from './port.ts';
import { areEnough } from './signers.ts';
import type { StepRecord } from './step.ts';
import type { StrandEntry } from './strand.ts';
import type { MachineId, MachineTerms } from './terms.ts';

export interface KnownStep {
  readonly hash: StepHash;
  readonly record: StepRecord;
  /** Null: it was learned after another step of its number existed, and was not repeated, since it cannot exist. */
  readonly required: RequiredSigners | null;
  /** The version in force after it. */
  readonly version: number;
  readonly code: Uint8Array;
}

/** A step that exists, or number 0 and the relationship's id: nothing yet. */
export interface Head {
  readonly number: number;
  readonly hash: StepHash;
}

export interface MachineView {
  readonly id: MachineId;
  readonly terms: MachineTerms;
  /** A step that exists, below which nothing new is looked at. */
  readonly floor: Head;
  /** The newest step that exists. */
  readonly head: Head;
  /** Every known step above the floor, by hash in hexadecimal. */
  readonly steps: ReadonlyMap<string, KnownStep>;
  /** What each party did above the floor, in order: older strands first, then by index. */
  readonly logs: readonly (readonly StrandEntry[])[];
}

/** Nothing has happened yet. */
export const beginView = (id: MachineId, terms: MachineTerms): MachineView => {
  const begin: Head = { number: 0, hash: id as Uint8Array as StepHash };
  return { id, terms, floor: begin, head: begin, steps: new Map(), logs: terms.parties.map(() => []) };
};

export const findStep = (view: MachineView, hash: StepHash): KnownStep | undefined => view.steps.get(toHex(hash));

/** A step with the ways down from it: to the one below, and by a longer jump, so that thousands are few to walk. */
interface Node {
  readonly number: number;
  readonly hash: StepHash;
  readonly below: Node | undefined;
  readonly jump: Node | undefined;
}

const NODES = new WeakMap<MachineView['steps'], Map<string, Node>>();

/** The node of a step. Steps never change once they are in a view. */
function nodeOf({ steps }: MachineView, key: string): Node | undefined {
  const nodes = NODES.get(steps) ?? new Map<string, Node>();
  NODES.set(steps, nodes);
  // From the first below that has a node, or has nothing below, upwards.
  const path: string[] = [];
  let at = key;
  while (!nodes.has(at) && steps.has(at)) {
    path.push(at);
    at = toHex((steps.get(at) as KnownStep).record.prev);
  }
  let below = nodes.get(at);
  for (const one of path.toReversed()) {
    const { hash, record } = steps.get(one) as KnownStep;
    const far = below?.jump;
    const isTwice = below && far?.jump && below.number - far.number === far.number - far.jump.number;
    const node: Node = { number: record.number, hash, below, jump: isTwice ? far.jump : below };
    nodes.set(one, node);
    below = node;
  }
  return nodes.get(key);
}

/** Whether `hash` is this step or builds on it. */
export function buildsOn(view: MachineView, hash: StepHash, below: KnownStep): boolean {
  const { number } = below.record;
  let node = nodeOf(view, toHex(hash));
  while (node && node.number > number) node = node.jump && node.jump.number >= number ? node.jump : node.below;
  return node !== undefined && equalBytes(node.hash, below.hash);
}

/** `signed`: counts for the step, for ever. `passed`: never will. `open`: has not come to its place. */
export type Stand = 'signed' | 'passed' | 'open';

/**
 * The first thing that a party did at the step's place or after it decides: a signature on it or on what builds on it
 * counts, anything else passes it.
 */
export function standOf(view: MachineView, party: number, step: KnownStep): Stand {
  const first = firstFrom(view.logs[party] ?? [], step.record);
  if (!first) return 'open';
  return first.step !== null && buildsOn(view, first.step, step) ? 'signed' : 'passed';
}

/** The first entry at a place or after it: logs go upwards. */
function firstFrom(log: readonly StrandEntry[], place: StepPlace): StrandEntry | undefined {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePlaces((log[middle] as StrandEntry).place, place) < 0) low = middle + 1;
    else high = middle;
  }
  return log[low];
}

/** Positions of the parties that stand so to a step. */
export const partiesThat = (view: MachineView, stand: Stand, step: KnownStep): ReadonlySet<number> =>
  new Set([...view.logs.keys()].filter((party) => standOf(view, party, step) === stand));

/** Everybody who must sign has. */
export const doesExist = (view: MachineView, step: KnownStep): boolean =>
  step.required !== null && areEnough(step.required, partiesThat(view, 'signed', step));

/** Somebody who must sign has passed it, or too many have. */
export function cannotExist(view: MachineView, step: KnownStep): boolean {
  if (step.required === null) return true;
  const passed = partiesThat(view, 'passed', step);
  const { parties, count } = step.required;
  return parties.some((party) => passed.has(party)) || view.logs.length - passed.size < count;
}

const isAt = (step: KnownStep, place: StepPlace): boolean => comparePlaces(step.record, place) === 0;

/** Whether the party may have signed or declined this (spec MCH-7 to MCH-9), in the light of everything known. */
export function checkEntry(view: MachineView, party: number, entry: StrandEntry): Result<undefined> {
  if (entry.step === null) {
    const isKnown = [...view.steps.values()].some((step) => isAt(step, entry.place));
    return check(isKnown, 'E_INCOMPLETE', 'MCH-8', 'a step that was declined is not shown');
  }
  const step = findStep(view, entry.step);
  if (!step) return fail('E_INCOMPLETE', 'MCH-12', 'a step that was signed is not shown', missingStep(entry.step));
  return checkAll(
    () => check(isAt(step, entry.place), 'E_STEP', 'MCH-3', 'a step was signed at another place than its own'),
    () =>
      check(
        entry.window.until <= step.record.expiresAt &&
          entry.window.until - entry.window.from <= view.terms.rules.expiryMs,
        'E_WINDOW',
        'MCH-9',
        'the window of a signature ends after its step expires, or is longer than agreed',
      ),
    () =>
      check(
        party !== step.record.proposer || entry.window.until === step.record.expiresAt,
        'E_WINDOW',
        'MCH-9',
        'a step does not expire with the signature of its proposer',
      ),
    () => check(isBase(view, step.record), 'E_STEP', 'MCH-7', 'a step was signed before the one below it existed'),
    () => checkEarlier(view, party, entry, step),
  );
}

const missingStep = (hash: StepHash) => ({ missing: [`step ${toHex(hash)}`] });

/** The step below exists. */
function isBase(view: MachineView, { prev, number }: StepRecord): boolean {
  if (number === view.floor.number + 1) return equalBytes(prev, view.floor.hash);
  const below = findStep(view, prev);
  return below !== undefined && below.record.number === number - 1 && doesExist(view, below);
}

/**
 * What the party signed before and this step does not build on can never exist, or has been overtaken by another step of
 * its number that exists without the party.
 */
function checkEarlier(view: MachineView, party: number, entry: StrandEntry, step: KnownStep): Result<undefined> {
  const log = view.logs[party] ?? [];
  let at = log.indexOf(entry) - 1;
  while (at >= 0 && log[at]?.step === null) at -= 1;
  const earlier = log[at]?.step;
  let below = earlier ? findStep(view, earlier) : undefined;
  // Where the two ways part: what builds on a step that cannot exist cannot exist either.
  let parting: KnownStep | undefined;
  while (below && !buildsOn(view, step.hash, below)) {
    parting = below;
    below = findStep(view, below.record.prev);
  }
  return check(
    parting === undefined || cannotExist(view, parting) || isOvertaken(view, party, parting),
    'E_CONFLICT',
    'MCH-7',
    `party ${party} signed two steps ${parting?.record.number ?? 0} that may both exist`,
  );
}

const isOvertaken = (view: MachineView, party: number, { hash, record }: KnownStep): boolean =>
  [...view.steps.values()].some(
    (other) =>
      other.record.number === record.number &&
      !equalBytes(other.hash, hash) &&
      standOf(view, party, other) !== 'signed' &&
      doesExist(view, other),
  );

/** Each party's log goes upwards, across its strands too (spec MCH-16). */
export function checkOrder(view: MachineView): Result<undefined> {
  for (const [party, log] of view.logs.entries()) {
    for (const [i, { place }] of log.entries()) {
      const before = log[i - 1];
      if (before && comparePlaces(before.place, place) >= 0) {
        return fail('E_CONFLICT', 'MCH-16', `party ${party} contradicts what it signed before it was restored`);
      }
    }
  }
  return done;
}

/** The view with the newest step that exists as its head. `E_CONFLICT` when there are two (spec MCH-14). */
export function findHead(view: MachineView): Result<MachineView> {
  const existing = Map.groupBy(
    [...view.steps.values()].filter((step) => doesExist(view, step)),
    ({ record }) => record.number,
  );
  let head: Head = view.floor;
  for (;;) {
    const next = existing.get(head.number + 1) ?? [];
    const [first, second] = next;
    if (second) return conflict(view, next);
    if (!first) return { ok: true, value: { ...view, head } };
    head = { number: first.record.number, hash: first.hash };
  }
}

function conflict(view: MachineView, steps: readonly KnownStep[]) {
  const [first, ...others] = steps as [KnownStep, ...KnownStep[]];
  const both = [...partiesThat(view, 'signed', first)].filter((party) =>
    others.some((other) => standOf(view, party, other) === 'signed'),
  );
  return fail(
    'E_CONFLICT',
    'MCH-14',
    `two steps ${first.record.number} exist; both were signed by party ${both.join(', ')}`,
  );
}
