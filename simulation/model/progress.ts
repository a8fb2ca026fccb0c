/**
 * What honest nodes and a cooperative client can still bring about from a state, whatever the dishonest nodes keep to
 * themselves: by round 0, or by one fresh round with an honest owner. A longer exploration is not needed: rounds
 * open one by one for ever, so an honest owner's comes.
 */
import { bitOf, choose, CHOICES } from './choose.ts';
import { ack, admits, decodeReport, start, voteFirst, voteLater, type Lock, type NodeState } from './node.ts';
import type { Rules } from './rules.ts';
import { VOID, type Slot, type Value } from './slots.ts';

const FRESH_ROUND = 3;

/** Everybody is shown the quorum of these votes, if there is one; true if the acks make it Final. */
function settle(rules: Rules, nodes: readonly NodeState[], lock: Lock): boolean {
  const votes = nodes.filter((node) => node.votes[lock.round] === lock.value).length;
  if (votes < rules.quorum) return false;
  const acks = nodes.filter((node) => (ack(rules, node, lock) ?? node).acks[lock.round] === lock.value).length;
  return acks >= rules.quorum;
}

function byFirstRound(rules: Rules, slot: Slot, nodes: readonly NodeState[], value: Value): boolean {
  const inTime = nodes.map((node) => voteFirst(rules, slot, node, value, false) ?? node);
  const waived = inTime.filter((node) => node.votes[0] === value).length >= rules.waiverVotes;
  const voted = inTime.map((node) => voteFirst(rules, slot, node, value, waived) ?? node);
  return settle(rules, voted, { round: 0, value });
}

function byFreshRound(rules: Rules, slot: Slot, nodes: readonly NodeState[], wanted: readonly Value[]): boolean {
  const started = nodes.map((node) => start(rules, slot, node, FRESH_ROUND) ?? node);
  const codes = started.map(({ reports }) => reports[FRESH_ROUND] ?? 0).filter((code) => code !== 0);
  if (codes.length < rules.quorum) return false;
  const choices = choose(rules, codes.slice(0, rules.quorum).map(decodeReport));
  return CHOICES.some(({ value, forced }) => {
    if (!(choices & bitOf({ value, forced })) || !wanted.includes(value)) return false;
    const owner = started[0];
    if (!forced && owner && !admits(rules, slot, owner.clock, value)) return false;
    const lock = { round: FRESH_ROUND, value };
    const voted = started.map((node) => voteLater(rules, slot, node, lock, forced) ?? node);
    return settle(rules, voted, lock);
  });
}

/** One of the wanted values can be made Final with the clocks as they stand. */
export const canFinish = (rules: Rules, slot: Slot, nodes: readonly NodeState[], wanted: readonly Value[]): boolean =>
  wanted.some((value) => value !== VOID && byFirstRound(rules, slot, nodes, value)) ||
  byFreshRound(rules, slot, nodes, wanted);

export const withClock = (nodes: readonly NodeState[], clock: number): readonly NodeState[] =>
  nodes.map((node) => ({ ...node, clock }));
