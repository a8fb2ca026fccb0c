/**
 * All honest nodes together, and what an adversary who holds every message ever signed can do next. Dishonest nodes
 * have no state: whatever they could sign they have signed. Clients have none either: what can be assembled out of the
 * signatures made is there.
 */
import { assemble, bitOf, CHOICES, type Choice } from './choose.ts';
import {
  ACK_AT,
  countShift,
  FORGET_REPORT_AT,
  FORGET_VOTE_AT,
  IMPOSSIBLE,
  LATER_AT,
  openLocals,
  START_AT,
  TICK_AT,
  VOTE_AT,
  type Locals,
} from './locals.ts';
import { admits, FRESH, isOpen, type Lock } from './node.ts';
import { honestOf, type Rules } from './rules.ts';
import { SIGNED, VALUES, type Slot } from './slots.ts';

/** Proposals of an honest owner: these bits of `facts` and after, six a round. */
const PROPOSALS_AT = 3;
/** An honest owner signed a free proposal that no honest clock admitted. */
export const WASTED = 4;
/** An honest node voted for value 1 or 2 by its own clock. */
export const witnessOf = (value: number): number => 1 << (value - 1);

/** A state taken apart: numbers of local states, and facts as bits. */
export interface Parts {
  readonly ids: Int32Array;
  facts: number;
}

export interface World {
  readonly rules: Rules;
  readonly slot: Slot;
  readonly locals: Locals;
  readonly honest: number;
  readonly initial: () => Parts;
  readonly voteCounts: (parts: Parts) => number;
  readonly ackCounts: (parts: Parts) => number;
  /** Bit `round * 3 + value - 1` for each quorum that can be shown. */
  readonly quorums: (votes: number) => number;
  /** Calls back with every state that one step leads to; `node` −1 and `action` of a proposal: round and bit. */
  readonly expand: (parts: Parts, found: (node: number, action: number, next: Parts) => void) => void;
  /** Proposals for a round that lie before the nodes. */
  readonly proposals: (parts: Parts, round: number, quorums: number) => number;
  readonly proposedBy: (facts: number, round: number) => number;
  /** One state for all that differ only by what cannot matter any more, or by the names of interchangeable nodes. */
  readonly normalize: (parts: Parts) => void;
}

export const codeProposal = (round: number, choice: number): number => round * 8 + choice;
export const decodeProposal = (code: number): { round: number; choice: Choice } => ({
  round: code >> 3,
  choice: CHOICES[code & 7] as Choice,
});

/** `plain`: nothing is left out of a state, to check the leaving out. */
export function openWorld(rules: Rules, slot: Slot, plain = false): World {
  const honest = honestOf(rules);
  const bits = honest > 3 ? 14 : 16;
  const locals = openLocals(rules, slot, 1 << bits);
  const owning = slot.owners.filter((owner) => owner !== null).length;
  const cache = [new Map<number, number>(), new Map<number, number>()] as const;
  const dense = [new Uint8Array(honest > 3 ? 0 : 1 << 24), new Uint8Array(honest > 3 ? 0 : 1 << 24)] as const;

  const voteCounts = ({ ids }: Parts): number => {
    let sum = 0;
    for (let i = 0; i < honest; i += 1) sum += locals.votes[ids[i] as number] as number;
    return sum;
  };
  const ackCounts = ({ ids }: Parts): number => {
    let sum = 0;
    for (let i = 0; i < honest; i += 1) sum += locals.acks[ids[i] as number] as number;
    return sum;
  };

  const needed = rules.quorum - rules.dishonest;
  const quorums = (votes: number): number => {
    let mask = 0;
    for (let at = 0; at < 9; at += 1) if (((votes >>> (at * 3)) & 7) >= needed) mask |= 1 << at;
    return mask;
  };

  const locksOf = (mask: number): Lock[] =>
    [0, 1, 2].flatMap((round) =>
      VALUES.filter((value) => mask & (1 << (round * 3 + value - 1))).map((value) => ({ round, value })),
    );

  /** Everything that can be assembled for a round, remembered by reports and quorums. */
  const assembled = ({ ids }: Parts, round: number, mask: number): number => {
    const codes = locals.reports[round - 1] as Uint8Array;
    let key = mask;
    for (let i = 0; i < honest; i += 1) key += (codes[ids[i] as number] as number) * (1 << (9 + 5 * i));
    const known = honest > 3 ? cache[round - 1]?.get(key) : (dense[round - 1]?.[key] as number) - 1;
    if (known !== undefined && known >= 0) return known;
    const reports = Array.from({ length: honest }, (_, i) => codes[ids[i] as number] as number);
    const found = assemble(rules, reports, round, locksOf(mask));
    if (honest > 3) cache[round - 1]?.set(key, found);
    else (dense[round - 1] as Uint8Array)[key] = found + 1;
    return found;
  };

  const ownerOf = (round: number): number | null => slot.owners[round - 1] ?? null;
  const proposalShift = (round: number): number =>
    PROPOSALS_AT + 6 * slot.owners.slice(0, round - 1).filter((owner) => owner !== null).length;
  const shifts = [0, proposalShift(1), proposalShift(2)];
  const proposedBy = (facts: number, round: number): number => (facts >>> (shifts[round] as number)) & 63;

  const proposals = (parts: Parts, round: number, mask: number): number =>
    ownerOf(round) === null ? assembled(parts, round, mask) : proposedBy(parts.facts, round);

  const sort = (ids: Int32Array): void => {
    for (let i = owning + 1; i < honest; i += 1) {
      const id = ids[i] as number;
      let at = i;
      while (at > owning && (ids[at - 1] as number) > id) {
        ids[at] = ids[at - 1] as number;
        at -= 1;
      }
      ids[at] = id;
    }
  };

  const swap = (parts: Parts, action: number): void => {
    for (let i = 0; i < honest; i += 1) parts.ids[i] = locals.next(parts.ids[i] as number, action);
  };
  // Sound only while nobody answers below a promise.
  const forgets = !plain && !rules.votesBelowPromise && !rules.acksBelowPromise && rules.promisesWithReport;

  /**
   * A round that every honest node has left gets no more votes: its reports matter to nobody, nor do its votes unless
   * they made a quorum. A round in which every honest node has voted needs no more proposals, so no more reports.
   * Votes of round 0 and acks stay: reports of later rounds name them.
   */
  const forget = (parts: Parts): void => {
    let least = 2;
    for (let i = 0; i < honest; i += 1) least = Math.min(least, locals.promises[parts.ids[i] as number] as number);
    if (least === 0) return;
    const votes = voteCounts(parts);
    const voters = (round: number): number =>
      ((votes >>> countShift(round, 1)) & 7) +
      ((votes >>> countShift(round, 2)) & 7) +
      ((votes >>> countShift(round, 3)) & 7);
    if (least === 2 || voters(1) === honest) swap(parts, FORGET_REPORT_AT);
    if (voters(2) === honest) swap(parts, FORGET_REPORT_AT + 1);
    if (least === 2 && !(quorums(votes) & 0b111000)) swap(parts, FORGET_VOTE_AT);
  };

  const normalize = (parts: Parts): void => {
    if (forgets) forget(parts);
    sort(parts.ids);
  };

  const countOnes = (mask: number): number => {
    let count = 0;
    for (let rest = mask; rest !== 0; rest &= rest - 1) count += 1;
    return count;
  };

  /** An honest owner signs at most one proposal a round (a mutant: two). */
  const propose = (parts: Parts, mask: number, found: (node: number, action: number, next: Parts) => void): void => {
    for (let round = 1; round <= slot.lastRound; round += 1) {
      const owner = ownerOf(round);
      if (owner === null) continue;
      const made = proposedBy(parts.facts, round);
      if (countOnes(made) >= rules.proposalsPerRound) continue;
      const open = assembled(parts, round, mask) & ~made;
      for (let choice = 0; choice < CHOICES.length; choice += 1) {
        const { value, forced } = CHOICES[choice] as Choice;
        const bit = bitOf({ value, forced });
        if (!(open & bit)) continue;
        const clock = (i: number): number => locals.clocks[parts.ids[i] as number] as number;
        if (!forced && rules.ownerChecksClock && !admits(rules, slot, clock(owner), value)) continue;
        let wasted = !forced;
        for (let i = 0; i < honest && wasted; i += 1) wasted = !admits(rules, slot, clock(i), value);
        const facts = parts.facts | (bit << (shifts[round] as number)) | (wasted ? WASTED : 0);
        found(-1, codeProposal(round, choice), { ids: Int32Array.from(parts.ids), facts });
      }
    }
  };

  const openAt = slot.phases.map((_, clock) => VALUES.map((value) => isOpen(slot, clock, value)));

  const scratch: Parts = { ids: new Int32Array(honest), facts: 0 };

  const expand = (parts: Parts, found: (node: number, action: number, next: Parts) => void): void => {
    const votes = voteCounts(parts);
    const mask = quorums(votes);
    const step = (node: number, action: number, facts: number): void => {
      const next = locals.next(parts.ids[node] as number, action);
      if (next === IMPOSSIBLE) return;
      scratch.ids.set(parts.ids);
      scratch.ids[node] = next;
      scratch.facts = facts;
      found(node, action, scratch);
    };
    const bits1 = slot.lastRound >= 1 ? proposals(parts, 1, mask) : 0;
    const bits2 = slot.lastRound >= 2 ? proposals(parts, 2, mask) : 0;
    for (let node = 0; node < honest; node += 1) {
      const clock = locals.clocks[parts.ids[node] as number] as number;
      for (const value of SIGNED) {
        const others = (votes >>> countShift(0, value)) & 7;
        const waived = others + rules.dishonest >= rules.waiverVotes;
        const own = openAt[clock]?.[value - 1] ?? false;
        const facts = own ? parts.facts | witnessOf(value) : parts.facts;
        step(node, VOTE_AT + (value - 1) * 2 + (waived ? 1 : 0), facts);
      }
      for (let at = 0; at < 9; at += 1) if (mask & (1 << at)) step(node, ACK_AT + at, parts.facts);
      step(node, START_AT, parts.facts);
      step(node, START_AT + 1, parts.facts);
      for (let choice = 0; choice < 6; choice += 1) {
        const value = (choice >> 1) + 1;
        const own = value < 3 && (openAt[clock]?.[value - 1] ?? false);
        const facts = own ? parts.facts | witnessOf(value) : parts.facts;
        if (bits1 & (1 << choice)) step(node, LATER_AT + choice, facts);
        if (bits2 & (1 << choice)) step(node, LATER_AT + 6 + choice, facts);
      }
      step(node, TICK_AT, parts.facts);
    }
    if (owning > 0) propose(parts, mask, found);
  };

  const initial = (): Parts => ({ ids: new Int32Array(honest).fill(locals.idOf(FRESH)), facts: 0 });

  return {
    rules,
    slot,
    locals,
    honest,
    initial,
    voteCounts,
    ackCounts,
    quorums,
    expand,
    proposals,
    proposedBy,
    normalize,
  };
}
