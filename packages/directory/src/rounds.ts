/**
 * What a node decides about one slot in rounds above 0 (spec NET-25, NET-28, NET-29), as pure functions like those of
 * `slot.ts`. A report is in the record before it is signed, a proposal in the store before it is signed.
 */
import {
  equalBytes,
  roundOpensMs,
  type Failure,
  type Network,
  type Place,
  type StateHash,
  type UnsignedRoundProposal,
} from '@dsm/core';
import {
  below,
  closed,
  keep,
  markOf,
  refuse,
  see,
  statement,
  type Decision,
  type Refused,
  type Reply,
  type ReportMark,
  type SlotRecord,
  type Surroundings,
} from './slot.ts';

/** A verified, signed state that somebody shows to begin a round. */
export interface Starting extends Place {
  readonly round: number;
  readonly hash: StateHash;
  /** After this moment the state alone is reason enough for a round. */
  readonly beginsMs: number;
  /** On an account a fork of the place is proved: reason enough from when the node met the second state. */
  readonly forked: boolean;
  /** On a vault a second signed state is reason enough at any time, since nobody can be blamed for it. */
  readonly rivals: boolean;
  /** The second state, where one is shown too. */
  readonly other: StateHash | null;
}

export type StartReply =
  | { readonly type: 'reported'; readonly report: ReportMark; readonly vote: StateHash | null }
  | { readonly type: 'final'; readonly hash: StateHash }
  | Refused;

const reported = (record: SlotRecord, report: ReportMark): Decision<StartReply> =>
  keep(record, { type: 'reported', report, vote: markOf(record.votes, 0)?.hash ?? null });

/**
 * When there was a reason for rounds at this node (spec NET-24). A fork that is shown late counts from then on: else the
 * round of a dishonest owner could be begun at once that opens after a day, and the next one would open hours later.
 */
function reasonMs({ rival, seenMs }: SlotRecord, { beginsMs, forked, rivals }: Starting): number {
  if (forked) return Math.min(beginsMs, rival?.atMs ?? seenMs);
  return rivals && rival !== null ? Math.min(beginsMs, rival.atMs) : beginsMs;
}

/** Start(r) (spec NET-25): the promise of a round, and the report that goes with it for ever. */
export function decideStart(
  record: SlotRecord,
  start: Starting,
  around: Surroundings,
  network: Network,
): Decision<StartReply> {
  const { round } = start;
  if (record.final !== null) return keep(record, { type: 'final', hash: record.final });
  const over = below(record, start, around.tipIndex);
  if (over) return over;
  if (record.report?.round === round) return reported(record, record.report);
  const first = see(record, start.hash, around.nowMs);
  const seen = start.other === null ? first : see(first, start.other, around.nowMs);
  if (round <= record.promise) {
    return refuse(seen, 'E_CONFLICT', 'NET-25', `round ${record.promise} has begun`);
  }
  const beginsMs = reasonMs(seen, start);
  if (around.nowMs <= beginsMs) {
    return refuse(seen, 'E_TOO_EARLY', 'NET-25', `no round up to ${beginsMs}: the state can still be final`);
  }
  const opensMs = roundOpensMs(network, Math.max(seen.seenMs, beginsMs), round);
  if (around.nowMs < opensMs) {
    return refuse(seen, 'E_TOO_EARLY', 'NET-25', `round ${round} opens at ${opensMs}`);
  }
  const report: ReportMark = { round, lock: record.lock };
  return reported({ ...seen, promise: round, report }, report);
}

/** What a proposal asks a node to vote for; the proposal and its reports are verified. */
export interface RoundCandidate extends Place {
  readonly round: number;
  readonly hash: StateHash;
  /** Why the node must not choose the state by itself; null where the reports force it or it is admissible. */
  readonly refusal: Failure | null;
}

/** Vote(r, h) for r above 0 (spec NET-29): one vote a round, and the same answer for ever. */
export function decideRoundVote(record: SlotRecord, candidate: RoundCandidate, around: Surroundings): Decision {
  const { round, hash, refusal } = candidate;
  const over = closed(record, candidate, hash, around.tipIndex);
  if (over) return over;
  const given = markOf(record.votes, round);
  if (given) {
    const reply: Reply = equalBytes(given.hash, hash)
      ? { type: 'given', leaf: given.leaf }
      : { type: 'conflict', with: given.hash };
    return keep(record, reply);
  }
  if (record.lock?.round === round && !equalBytes(record.lock.hash, hash)) {
    return keep(record, { type: 'conflict', with: record.lock.hash });
  }
  if (round < record.promise) {
    return refuse(record, 'E_CONFLICT', 'NET-29', `round ${record.promise} has begun`);
  }
  if (refusal) return keep(record, { type: 'refused', failure: refusal });
  const mark = { round, hash, leaf: around.nextLeaf };
  return {
    record: { ...record, promise: round, votes: [...record.votes, mark] },
    append: statement('votes', candidate, round, hash),
    reply: { type: 'given', leaf: mark.leaf },
  };
}

export type ProposeReply =
  | { readonly type: 'proposed'; readonly proposal: UnsignedRoundProposal }
  | { readonly type: 'final'; readonly hash: StateHash }
  | Refused;

/**
 * The one proposal of the node for this slot and round (spec NET-28). `kept` is what the store has, and stays; `refusal`
 * says why what is asked for must not be proposed. The record is not changed.
 */
export function decidePropose(
  record: SlotRecord,
  kept: UnsignedRoundProposal | undefined,
  asked: UnsignedRoundProposal,
  refusal: Failure | null,
  around: Surroundings,
): ProposeReply {
  if (record.final !== null) return { type: 'final', hash: record.final };
  const over = below(record, asked, around.tipIndex);
  if (over) return over.reply;
  if (kept) return { type: 'proposed', proposal: kept };
  return refusal ? { type: 'refused', failure: refusal } : { type: 'proposed', proposal: asked };
}
