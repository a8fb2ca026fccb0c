/**
 * What a node decides about one slot (DESIGN section 5; spec NET-15 to NET-17), as pure functions: a record and a
 * request go in, the next record and the reply come out. The caller persists the record and the log leaf in one
 * commit before anybody sees the reply. Rounds above 0 are begun and voted on in `rounds.ts`.
 */
import {
  certificateCodec,
  equalBytes,
  fail,
  flag,
  hash,
  LIMITS,
  list,
  optional,
  record,
  uint,
  type Certificate,
  type Codec,
  type Failure,
  type Form,
  type Place,
  type StateHash,
  type Statement,
} from '@dsm/core';

/** A vote or an ack that was given, and where it stands in the node's log. */
export interface Mark {
  readonly round: number;
  readonly hash: StateHash;
  readonly leaf: number;
}

/** The report of the newest round that the node has begun; what it voted for in round 0 does not change any more. */
export interface ReportMark {
  readonly round: number;
  readonly lock: Certificate | null;
}

/** A second signed state that the node met at the place. */
export interface Rival {
  readonly hash: StateHash;
  readonly atMs: number;
}

export interface SlotRecord {
  /** Never votes or acks below this round. */
  readonly promise: number;
  /** At most one a round. */
  readonly votes: readonly Mark[];
  readonly acks: readonly Mark[];
  /** The quorum of the highest round that the node has locked. */
  readonly lock: Certificate | null;
  /** A quorum that was shown after the node had promised a higher round: kept and served, never acked. */
  readonly late: Certificate | null;
  readonly final: StateHash | null;
  /** The payments out of the final state are listed under their payees. */
  readonly listed: boolean;
  /** The first signed body that the node saw for this slot, and when: rounds open a time after it. */
  readonly seen: StateHash | null;
  readonly seenMs: number;
  readonly rival: Rival | null;
  readonly report: ReportMark | null;
}

export const EMPTY_SLOT: SlotRecord = {
  promise: 0,
  votes: [],
  acks: [],
  lock: null,
  late: null,
  final: null,
  listed: false,
  seen: null,
  seenMs: 0,
  rival: null,
  report: null,
};

const marksCodec: Codec<readonly Mark[]> = list(
  record<Mark>({ round: uint(LIMITS.rounds), hash: hash<StateHash>(), leaf: uint() }),
  LIMITS.rounds + 1,
);

export const slotCodec: Codec<SlotRecord> = record<SlotRecord>({
  promise: uint(LIMITS.rounds),
  votes: marksCodec,
  acks: marksCodec,
  lock: optional(certificateCodec),
  late: optional(certificateCodec),
  final: optional(hash<StateHash>()),
  listed: flag,
  seen: optional(hash<StateHash>()),
  seenMs: uint(),
  rival: optional(record<Rival>({ hash: hash<StateHash>(), atMs: uint() })),
  report: optional(record<ReportMark>({ round: uint(LIMITS.rounds), lock: optional(certificateCodec) })),
});

/** Around the slot at the moment of the decision. */
export interface Surroundings {
  /** Index of the newest final state of the chain that the node knows; 0: the genesis. */
  readonly tipIndex: number;
  /** Position that the next leaf of the node's log will have. */
  readonly nextLeaf: number;
  readonly nowMs: number;
}

/** A state that was verified: valid under the rules, signed, its parent final. */
export interface Candidate extends Place {
  readonly hash: StateHash;
  /** The node's clock is within the window and Δ, or f+1 votes of round 0 waive it. */
  readonly isOpen: boolean;
}

export type Reply =
  /** A leaf of the log says so: `leaf` is its position. */
  | { readonly type: 'given'; readonly leaf: number }
  | { readonly type: 'final'; readonly hash: StateHash }
  /** Another state stands here; both may be proof of a fork. */
  | { readonly type: 'conflict'; readonly with: StateHash }
  | { readonly type: 'refused'; readonly failure: Failure };

export interface Decision<R = Reply> {
  readonly record: SlotRecord;
  /** The leaf to append to the log, in the same commit as the record. */
  readonly append: Statement | null;
  readonly reply: R;
}

export const keep = <R>(record: SlotRecord, reply: R): Decision<R> => ({ record, append: null, reply });

export type Refused = Extract<Reply, { readonly type: 'refused' }>;

export const refuse = (record: SlotRecord, ...failure: Parameters<typeof fail>): Decision<Refused> =>
  keep(record, { type: 'refused', failure: fail(...failure).error });

/** Below a Final of the chain: closed for ever, although the node does not know how (spec NET-17). */
export const below = (record: SlotRecord, { index }: Place, tipIndex: number): Decision<Refused> | undefined =>
  index > tipIndex
    ? undefined
    : refuse(record, 'E_CONFLICT', 'NET-17', `the chain is final up to ${tipIndex}: this place is closed`);

/** Final here, or below a Final of the chain. */
export function closed(record: SlotRecord, place: Place, hash: StateHash, tipIndex: number): Decision | undefined {
  if (record.final !== null) {
    return keep(
      record,
      equalBytes(record.final, hash) ? { type: 'final', hash } : { type: 'conflict', with: record.final },
    );
  }
  return below(record, place, tipIndex);
}

export const markOf = (marks: readonly Mark[], round: number): Mark | undefined =>
  marks.find((mark) => mark.round === round);

export const statement = (form: Form, { chain, index }: Place, round: number, hash: StateHash): Statement => ({
  form,
  chain,
  index,
  round,
  hash,
});

/** The first signed body stays the first, and the first other one its rival. */
export function see(record: SlotRecord, hash: StateHash, nowMs: number): SlotRecord {
  if (record.seen === null) return { ...record, seen: hash, seenMs: nowMs };
  if (record.rival !== null || equalBytes(record.seen, hash)) return record;
  return { ...record, rival: { hash, atMs: nowMs } };
}

/** Vote(0, h) (spec NET-15): one vote a slot, and the same answer for ever. */
export function decideVote(record: SlotRecord, candidate: Candidate, around: Surroundings): Decision {
  const { hash } = candidate;
  const over = closed(record, candidate, hash, around.tipIndex);
  if (over) return over;
  const seen = see(record, hash, around.nowMs);
  const given = markOf(record.votes, 0);
  if (given) {
    return keep(
      seen,
      equalBytes(given.hash, hash) ? { type: 'given', leaf: given.leaf } : { type: 'conflict', with: given.hash },
    );
  }
  if (record.lock && !equalBytes(record.lock.hash, hash)) {
    return keep(seen, { type: 'conflict', with: record.lock.hash });
  }
  if (record.promise > 0) {
    return refuse(seen, 'E_CONFLICT', 'NET-15', `round ${record.promise} has begun: no votes of round 0 any more`);
  }
  if (!candidate.isOpen) {
    return refuse(seen, 'E_WINDOW', 'NET-11', "the node's clock is outside of the window");
  }
  const mark = { round: 0, hash, leaf: around.nextLeaf };
  return {
    record: { ...seen, votes: [...record.votes, mark] },
    append: statement('votes', candidate, 0, hash),
    reply: { type: 'given', leaf: mark.leaf },
  };
}

/** A verified QC(r, h): locked and acked if r ≥ p, kept and served below (spec NET-16). */
export function decideLock(record: SlotRecord, quorum: Certificate, around: Surroundings): Decision {
  const { round, hash } = quorum;
  const over = closed(record, quorum, hash, around.tipIndex);
  if (over) return over;
  if (round < record.promise) {
    const late = record.late === null || record.late.round < round ? quorum : record.late;
    return refuse(
      late === record.late ? record : { ...record, late },
      'E_CONFLICT',
      'NET-16',
      `round ${record.promise} has begun`,
    );
  }
  if (record.lock?.round === round && !equalBytes(record.lock.hash, hash)) {
    // Impossible while at most f nodes are dishonest.
    return refuse(record, 'E_CONFLICT', 'NET-16', 'another quorum of the same round is locked');
  }
  const given = markOf(record.acks, round);
  if (given) return keep(record, { type: 'given', leaf: given.leaf });
  const mark = { round, hash, leaf: around.nextLeaf };
  return {
    record: { ...record, promise: round, lock: quorum, acks: [...record.acks, mark] },
    append: statement('acks', quorum, round, hash),
    reply: { type: 'given', leaf: mark.leaf },
  };
}

/** A verified Final overrides whatever the node itself voted for (spec NET-17). */
export function decideFinal(record: SlotRecord, hash: StateHash): Decision {
  if (record.final !== null && !equalBytes(record.final, hash)) {
    // Impossible while at most f nodes are dishonest.
    return keep(record, { type: 'conflict', with: record.final });
  }
  return keep({ ...record, final: hash }, { type: 'final', hash });
}
