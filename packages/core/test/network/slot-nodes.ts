/** Nodes that know one slot and decide about it by NET-25 to NET-29, and clients that drive it over them. */
import {
  advanceUnlocking,
  chooseProposal,
  equalBytes,
  fail,
  isAllowed,
  ok,
  proposalMessage,
  reportMessage,
  roundOpensMs,
  roundOwner,
  signMessage,
  startUnlocking,
  toHex,
  verifyCertificate,
  type Certificate,
  type Place,
  type Report,
  type Result,
  type RoundProposal,
  type StateHash,
  type UnlockAnswers,
  type UnlockAsk,
  type UnlockProgress,
  type UnlockWait,
  type UnsignedRoundProposal,
} from '@dsm/core';
import { expect } from 'vitest';
import { makeNetwork, makeReceipt, seed } from '../../../../tests/kit/index.ts';

export const net = makeNetwork();
export const slot: Place = { chain: seed('chain') as Place['chain'], index: 7 };
export const A = seed('state', 'a') as StateHash;
export const B = seed('state', 'b') as StateHash;
export const VOID = seed('state', 'void') as StateHash;
export const SILENCE = fail('E_UNREACHABLE', 'NET-13', 'no answer');

export type Answer = Result<UnlockAnswers[UnlockAsk['type']]>;

/** An honest node as far as one slot goes: the rules of NET-25 to NET-29 in the fewest words. */
export class HonestNode {
  promise = 0;
  reported: Report | null = null;
  lock: Certificate | null = null;
  readonly votes = new Map<number, StateHash>();
  readonly proposals = new Map<number, RoundProposal>();
  seenMs = 0;
  readonly node: number;
  readonly world: World;

  constructor(world: World, node: number, vote: StateHash | null) {
    this.node = node;
    this.world = world;
    if (vote) {
      this.votes.set(0, vote);
      this.seenMs = world.nowMs;
    }
  }

  answer(ask: UnlockAsk): Answer {
    switch (ask.type) {
      case 'status':
        return ok({
          state: 'open',
          promise: this.promise,
          vote: this.votes.get(0) ?? null,
          quorum: this.lock,
          final: null,
          seen: null,
          seenMs: this.seenMs,
          items: [],
        });
      case 'start':
        return this.start(ask.round);
      case 'propose':
        return this.propose(ask.proposal);
      case 'vote':
        return this.vote(ask.proposal);
      case 'ack':
        return this.ack(ask.quorum);
    }
  }

  private start(round: number): Answer {
    if (this.seenMs === 0) this.seenMs = this.world.nowMs;
    if (this.world.nowMs < roundOpensMs(net.network, this.seenMs, round)) {
      return fail('E_TOO_EARLY', 'NET-25', 'the round is not open');
    }
    if (this.reported?.round === round && this.promise === round) {
      return ok({ type: 'report', report: this.reported });
    }
    if (round <= this.promise) return fail('E_CONFLICT', 'NET-25', `round ${this.promise} has begun`);
    this.promise = round;
    this.reported = signReport(this.node, { round, lock: this.lock, vote: this.votes.get(0) ?? null });
    return ok({ type: 'report', report: this.reported });
  }

  private propose(proposal: UnsignedRoundProposal): Answer {
    const choice = chooseProposal(net.network, proposal.reports);
    if (!isAllowed(choice, proposal.hash)) return fail('E_CERTIFICATE', 'NET-27', 'another state');
    if (choice.type === 'free' && this.world.refused.some((state) => equalBytes(state, proposal.hash))) {
      return fail('E_WINDOW', 'NET-11', 'the window is not open');
    }
    const made = this.proposals.get(proposal.round) ?? signProposal(proposal);
    this.proposals.set(proposal.round, made);
    return ok({ type: 'proposal', proposal: made });
  }

  private vote({ round, hash }: RoundProposal): Answer {
    const given = this.votes.get(round);
    if (given && !equalBytes(given, hash)) return fail('E_CONFLICT', 'NET-29', 'voted for another');
    if (round < this.promise) return fail('E_CONFLICT', 'NET-29', `round ${this.promise} has begun`);
    this.promise = round;
    this.votes.set(round, hash);
    return ok({ type: 'vote', receipt: receipt(this.node, 'votes', round, hash) });
  }

  private ack(quorum: Certificate): Answer {
    if (quorum.round < this.promise) return fail('E_CONFLICT', 'NET-16', `round ${this.promise} has begun`);
    this.promise = quorum.round;
    this.lock = quorum;
    return ok({ type: 'ack', receipt: receipt(this.node, 'acks', quorum.round, quorum.hash) });
  }
}

export const keyOf = (node: number) => {
  const key = net.nodeKeys[node];
  if (!key) throw new Error('no such node');
  return key.secretKey;
};

export function signReport(node: number, { round, lock, vote }: Pick<Report, 'round' | 'lock' | 'vote'>): Report {
  const report = { ...slot, round, node, lock, vote };
  return { ...report, signature: signMessage(net.suite, keyOf(node), 'report', reportMessage(net, report)) };
}

export function signProposal(proposal: UnsignedRoundProposal): RoundProposal {
  const { chain, index, round, hash, reports } = proposal;
  const unsigned = { chain, index, round, hash, reports };
  const owner = keyOf(roundOwner(net, slot, round));
  return { ...unsigned, signature: signMessage(net.suite, owner, 'proposal', proposalMessage(net, unsigned)) };
}

export const receipt = (node: number, form: 'votes' | 'acks', round: number, hash: StateHash) =>
  makeReceipt(net, node, { form, ...slot, round, hash });

export type Behaviour = (ask: UnlockAsk, honest: HonestNode) => Answer;
export const honest: Behaviour = (ask, node) => node.answer(ask);
export const silent: Behaviour = () => SILENCE;

export interface World {
  nowMs: number;
  /** States that no honest node admits where the choice is free. */
  refused: readonly StateHash[];
}

export interface Scene {
  readonly votes: readonly (StateHash | null)[];
  /** By node; honest where it is left out. */
  readonly nodes?: Readonly<Record<number, Behaviour>>;
  readonly candidates?: readonly StateHash[];
  readonly refused?: readonly StateHash[];
  readonly notBeforeMs?: number;
  /** How often it may wait. */
  readonly waits?: number;
}

export interface Driven {
  readonly last: UnlockProgress;
  readonly asked: readonly UnlockAsk[];
  readonly waited: readonly UnlockWait[];
  readonly nodes: readonly HonestNode[];
}

export const MAX_EVENTS = 2_000;

/** Runs to the outcome; every answer is given twice, which must change nothing. */
export function drive({
  votes,
  nodes = {},
  candidates = [A, VOID],
  refused = [],
  notBeforeMs = 0,
  waits = 20,
}: Scene): Driven {
  const world: World = { nowMs: 1_000_000, refused };
  const all = votes.map((vote, node) => new HonestNode(world, node, vote));
  return driveOn(world, all, nodes, candidates, notBeforeMs, waits);
}

export function driveOn(
  world: World,
  all: readonly HonestNode[],
  behaviours: Readonly<Record<number, Behaviour>>,
  candidates: readonly StateHash[],
  notBeforeMs: number,
  waits: number,
): Driven {
  let progress = startUnlocking(net, { ...slot, candidates, notBeforeMs });
  const asked: UnlockAsk[] = [];
  const waited: UnlockWait[] = [];
  const repeated: [got: UnlockProgress, expected: UnlockProgress][] = [];
  const queue = [...progress.asks];
  for (let events = 0; !progress.outcome; events++) {
    if (events > MAX_EVENTS) throw new Error('it does not end');
    if (progress.wait) {
      waited.push(progress.wait);
      if (waited.length > waits) break;
      world.nowMs = Math.max(world.nowMs + 1_000, progress.wait.untilMs ?? 0);
      progress = advanceUnlocking(net, progress.unlocking, { type: 'continue' });
    } else {
      const ask = queue.shift();
      if (!ask) throw new Error('no outcome though everybody has answered');
      asked.push(ask);
      const node = all[ask.node];
      if (!node) throw new Error('more nodes than votes');
      const answer = (behaviours[ask.node] ?? honest)(ask, node);
      progress = advanceUnlocking(net, progress.unlocking, { type: 'answer', ask, answer });
      if (!progress.outcome && !progress.wait && progress.asks.length === 0) {
        const again = advanceUnlocking(net, progress.unlocking, { type: 'answer', ask, answer });
        repeated.push([again, { unlocking: progress.unlocking, asks: [] }]);
      }
    }
    queue.push(...progress.asks);
  }
  expect(repeated.map(([got]) => got)).toEqual(repeated.map(([, expected]) => expected));
  return { last: progress, asked, waited, nodes: all };
}

export const finalOf = ({ last }: Driven): string => {
  const { outcome } = last;
  if (!outcome) return 'none';
  if (!outcome.ok) return outcome.error.code;
  expect(verifyCertificate(net, outcome.value)).toEqual(ok(undefined));
  expect([toHex(outcome.value.chain), outcome.value.index]).toEqual([toHex(slot.chain), slot.index]);
  return [...NAMES].find(([, state]) => equalBytes(state, outcome.value.hash))?.[0] ?? 'unknown';
};
export const NAMES = new Map([
  ['a', A],
  ['b', B],
  ['void', VOID],
]);
export const roundsOf = ({ asked }: Driven): number[] => [
  ...new Set(asked.flatMap((ask) => (ask.type === 'start' ? [ask.round] : []))),
];
export const owner = (round: number): number => roundOwner(net, slot, round);
export const others = (...taken: number[]): number[] => [0, 1, 2, 3].filter((node) => !taken.includes(node));
