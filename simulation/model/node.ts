/**
 * One honest node of the model: what it has signed, and how it answers. The same steps as the shipped decision
 * functions (packages/directory/src/slot.ts); test/differential.test.ts drives both with the same events.
 */
import type { Rules } from './rules.ts';
import { VOID, type Slot, type Value } from './slots.ts';

/** Rounds 0 to 2 are explored; round 3 is the fresh round with which the progress of a state is tried. */
export const ROUNDS = 4;

export interface NodeState {
  readonly promise: number;
  /** By round. */
  readonly votes: readonly Value[];
  readonly acks: readonly Value[];
  /** Code of the report given for a round, 0: none. Kept: the same answer for ever. */
  readonly reports: readonly number[];
  /** Phase of the clock. */
  readonly clock: number;
}

const nothing: readonly Value[] = [0, 0, 0, 0];

export const FRESH: NodeState = { promise: 0, votes: nothing, acks: nothing, reports: [0, 0, 0, 0], clock: 0 };

export interface Lock {
  readonly round: number;
  readonly value: Value;
}

export interface Report {
  readonly lock: Lock | null;
  /** Vote of round 0. */
  readonly vote: Value;
}

/** The quorum of the highest round that the node has acked. */
export function lockOf({ acks }: NodeState): Lock | null {
  for (let round = ROUNDS - 1; round >= 0; round -= 1) {
    const value = acks[round] ?? 0;
    if (value !== 0) return { round, value };
  }
  return null;
}

export const codeLock = (lock: Lock | null): number => (lock ? 1 + lock.round * 3 + (lock.value - 1) : 0);

/** 0 is kept for no report; at most 30 for reports of rounds up to 3. */
export const codeReport = ({ lock, vote }: Report): number => 1 + codeLock(lock) * 3 + vote;

export function decodeReport(code: number): Report {
  const vote = ((code - 1) % 3) as Value;
  const lock = Math.floor((code - 1) / 3);
  if (lock === 0) return { lock: null, vote };
  return { lock: { round: Math.floor((lock - 1) / 3), value: (((lock - 1) % 3) + 1) as Value }, vote };
}

export const isOpen = (slot: Slot, clock: number, value: Value): boolean =>
  slot.phases[clock]?.open.includes(value) ?? false;

/** What a free value needs at a node's clock. */
export const admits = (rules: Rules, slot: Slot, clock: number, value: Value): boolean =>
  value === VOID ? !rules.voidWaits || (slot.phases[clock]?.void ?? false) : isOpen(slot, clock, value);

/** Every step answers the next state, or null where the node refuses or has nothing to change. */
type Step = NodeState | null;

/** Vote(0, h); `waived`: f+1 votes of round 0 came along. */
export function voteFirst(rules: Rules, slot: Slot, node: NodeState, value: Value, waived: boolean): Step {
  if (node.votes[0] !== 0) return null;
  const lock = lockOf(node);
  if (lock && lock.value !== value) return null;
  if (node.promise > 0 && !rules.votesBelowPromise) return null;
  if (!waived && !isOpen(slot, node.clock, value)) return null;
  return { ...node, votes: node.votes.with(0, value) };
}

/** Shown QC(r, h). */
export function ack(rules: Rules, node: NodeState, { round, value }: Lock): Step {
  if (round < node.promise && !rules.acksBelowPromise) return null;
  if (node.acks[round] !== 0) return null;
  return { ...node, promise: Math.max(node.promise, round), acks: node.acks.with(round, value) };
}

export function start(rules: Rules, slot: Slot, node: NodeState, round: number): Step {
  if (rules.startsForReason && !slot.phases[node.clock]?.start) return null;
  if (round <= node.promise || node.reports[round] !== 0) return null;
  const lock = rules.showsLockInReport ? lockOf(node) : null;
  const reports = node.reports.with(round, codeReport({ lock, vote: node.votes[0] ?? 0 }));
  return { ...node, reports, promise: rules.promisesWithReport ? round : node.promise };
}

/** Vote(r, h) on a proposal of the round's owner whose reports force h or leave it free. */
export function voteLater(rules: Rules, slot: Slot, node: NodeState, { round, value }: Lock, forced: boolean): Step {
  if (round < node.promise && !rules.votesBelowPromise) return null;
  if (node.votes[round] !== 0) return null;
  if (node.acks[round] !== 0 && node.acks[round] !== value) return null;
  const waived = forced && rules.forcedWaivesClock;
  if (!waived && !(forced && value === VOID) && !admits(rules, slot, node.clock, value)) return null;
  return { ...node, promise: Math.max(node.promise, round), votes: node.votes.with(round, value) };
}

export function tick(slot: Slot, node: NodeState): Step {
  return node.clock + 1 < slot.phases.length ? { ...node, clock: node.clock + 1 } : null;
}
