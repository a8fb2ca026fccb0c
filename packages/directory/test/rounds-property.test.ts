/**
 * Random schedules of starts, proposals, votes and locks over four nodes of which one does whatever it likes: it votes
 * and acks for everything, reports anything that it can show, and as an owner proposes everything that any reports
 * allow. Only the pure decisions run; what a verifier would refuse is never made.
 */
import { decideLock, decideRoundVote, decideStart, decideVote, EMPTY_SLOT, type SlotRecord } from '@dsm/directory';
import {
  chooseProposal,
  isAllowed,
  roundOwner,
  toHex,
  type Certificate,
  type ChainId,
  type StateHash,
  type UnsignedReport,
} from '@dsm/core';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { entry, makeNetwork, seed } from '../../../tests/kit/index.ts';

const net = makeNetwork();
const { network } = net;
const chain = seed('slot') as ChainId;
const place = { chain, index: 3 };
const STATES = ['A', 'B', 'void'].map((name) => seed(name) as StateHash);
/** The one that does whatever it likes. */
const LIAR = 3;
const HONEST = [0, 1, 2];
const ROUNDS = 4;
const around = { tipIndex: 2, nextLeaf: 0, nowMs: Number.MAX_SAFE_INTEGER };

interface Proposed {
  readonly round: number;
  readonly state: number;
}

class World {
  readonly slots: SlotRecord[] = HONEST.map(() => ({ ...EMPTY_SLOT, seen: entry(STATES, 0), seenMs: 0 }));
  readonly votes = new Set<string>();
  readonly acks = new Set<string>();
  readonly reports: UnsignedReport[] = [];
  readonly proposals: Proposed[] = [];

  private readonly said = (kind: Set<string>, round: number, state: number): number[] => [
    ...HONEST.filter((node) => kind.has(`${round} ${state} ${node}`)),
    LIAR,
  ];

  hasQuorum = (round: number, state: number): boolean => this.said(this.votes, round, state).length >= network.quorum;

  /** States that are Final by now. */
  finals(): readonly number[] {
    return STATES.map((_, state) => state).filter(
      (state) =>
        this.said(this.votes, 0, state).length === 4 ||
        Array.from({ length: ROUNDS + 1 }, (_, round) => round).some(
          (round) => this.said(this.acks, round, state).length >= network.quorum,
        ),
    );
  }

  quorum = (round: number, state: number): Certificate => ({
    form: 'votes',
    ...place,
    round,
    hash: entry(STATES, state),
    receipts: [],
  });

  vote(node: number, state: number): void {
    const hash = entry(STATES, state);
    // Nobody signs the void, so nobody can submit it.
    if (state === 2) return;
    const { record, append } = decideVote(entry(this.slots, node), { ...place, hash, isOpen: true }, around);
    this.slots[node] = record;
    if (append) this.votes.add(`0 ${state} ${node}`);
  }

  start(node: number, round: number): void {
    const starting = {
      ...place,
      round,
      hash: entry(STATES, 0),
      beginsMs: 0,
      forked: false,
      rivals: false,
      other: null,
    };
    const { record, reply } = decideStart(entry(this.slots, node), starting, around, network);
    this.slots[node] = record;
    if (reply.type === 'reported') {
      this.reports.push({ ...place, round, node, lock: reply.report.lock, vote: reply.vote });
    }
  }

  /** Three reports of the round allow the state: those of honest nodes, and one that the liar makes up. */
  propose(round: number, state: number, nodes: readonly number[], lie: Lie): void {
    const shown = nodes.map((node) =>
      node === LIAR ? this.lie(round, lie) : this.reports.find((one) => one.node === node && one.round === round),
    );
    const reports = shown.filter((one) => one !== undefined);
    if (reports.length < network.quorum) return;
    if (!isAllowed(chooseProposal(network, reports), entry(STATES, state))) return;
    const isMade = this.proposals.some((one) => one.round === round);
    if (roundOwner(net, place, round) !== LIAR && isMade) return;
    this.proposals.push({ round, state });
  }

  private lie(round: number, { vote, lockRound, lockState }: Lie): UnsignedReport {
    // A lock without its quorum is refused by every verifier.
    const isShown = lockRound < round && this.hasQuorum(lockRound, lockState);
    const lock = isShown ? this.quorum(lockRound, lockState) : null;
    return { ...place, round, node: LIAR, lock, vote: STATES[vote] ?? null };
  }

  voteInRound(node: number, { round, state }: Proposed): void {
    const hash = entry(STATES, state);
    const decision = decideRoundVote(entry(this.slots, node), { ...place, round, hash, refusal: null }, around);
    this.slots[node] = decision.record;
    if (decision.append) this.votes.add(`${round} ${state} ${node}`);
  }

  lock(node: number, round: number, state: number): void {
    if (!this.hasQuorum(round, state)) return;
    const { record, append } = decideLock(entry(this.slots, node), this.quorum(round, state), around);
    this.slots[node] = record;
    if (append) this.acks.add(`${round} ${state} ${node}`);
  }
}

interface Lie {
  readonly vote: number;
  readonly lockRound: number;
  readonly lockState: number;
}

type Action = (world: World) => void;

const node = fc.constantFrom(...HONEST);
const state = fc.nat(2);
const round = fc.integer({ min: 1, max: ROUNDS });
const lie: fc.Arbitrary<Lie> = fc.record({ vote: fc.nat(3), lockRound: fc.nat(ROUNDS), lockState: state });
/** Which three of the four report. */
const triple = fc.constantFrom([0, 1, 2], [0, 1, LIAR], [0, 2, LIAR], [1, 2, LIAR]);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.tuple(node, state).map(
    ([at, which]): Action =>
      (world) =>
        world.vote(at, which),
  ),
  fc.tuple(node, round).map(
    ([at, r]): Action =>
      (world) =>
        world.start(at, r),
  ),
  fc.tuple(round, state, triple, lie).map(
    ([r, which, nodes, made]): Action =>
      (world) =>
        world.propose(r, which, nodes, made),
  ),
  fc.tuple(node, fc.nat(7)).map(([at, which]): Action => (world) => {
    const proposal = world.proposals[which % Math.max(1, world.proposals.length)];
    if (proposal) world.voteInRound(at, proposal);
  }),
  fc.tuple(node, fc.nat(ROUNDS), state).map(
    ([at, r, which]): Action =>
      (world) =>
        world.lock(at, r, which),
  ),
);
const some = fc.subarray(HONEST, { minLength: 1 });
/** Clients submit two states to different nodes, and one shows a quorum that came about to some of them. */
const submit: fc.Arbitrary<Action> = fc
  .tuple(fc.tuple(...HONEST.map(() => fc.constantFrom(0, 0, 0, 1, null))), fc.subarray(HONEST))
  .map(([choices, lockers]): Action => (world) => {
    choices.forEach((which, at) => which !== null && world.vote(at, which));
    for (const which of [0, 1]) for (const at of lockers) world.lock(at, 0, which);
  });
/** One client takes a round through, as far as its luck reaches; a dishonest owner may propose twice. */
const push = (least: number): fc.Arbitrary<Action> =>
  fc
    .tuple(
      fc.integer({ min: least, max: least + 1 }),
      fc.array(fc.tuple(state, triple, lie, some, some), { minLength: 1, maxLength: 2 }),
    )
    .map(([r, attempts]): Action => (world) => {
      for (const [which, nodes, made, voters, lockers] of attempts) {
        for (const at of nodes.filter((one) => one !== LIAR)) world.start(at, r);
        const before = world.proposals.length;
        // What the reports force if not what the client wants.
        for (const next of [which, 0, 1]) {
          if (world.proposals.length === before) world.propose(r, next, nodes, made);
        }
        const proposal = world.proposals.findLast((one) => one.round === r);
        if (!proposal) continue;
        for (const at of voters) world.voteInRound(at, proposal);
        for (const at of lockers) world.lock(at, r, proposal.state);
      }
    });
const noise = fc.array(action, { maxLength: 4 });
const schedules: fc.Arbitrary<readonly Action[]> = fc
  .tuple(noise, submit, noise, push(1), noise, push(2), noise, push(3), noise)
  .map((parts) => parts.flat());

describe('NET-8, NET-27: one Final a slot', () => {
  const reached = { finals: 0, later: 0 };

  test.prop([fc.oneof(schedules, fc.array(action, { minLength: 1, maxLength: 60 }))], { numRuns: 5_000 })(
    'whatever the schedule, with one node that equivocates',
    (schedule) => {
      const world = new World();
      for (const act of schedule) act(world);
      // What is Final stays so: votes and acks are never taken back.
      const [final, ...others] = world.finals();
      expect(others).toEqual([]);
      if (final !== undefined) reached.finals++;
      if (final === 2) reached.later++;
    },
  );

  test('the schedules reach Finals, those of voids too', () => {
    expect(reached.finals).toBeGreaterThan(100);
    expect(reached.later).toBeGreaterThan(20);
    expect(new Set(STATES.map((one) => toHex(one))).size).toBe(3);
  });
});
