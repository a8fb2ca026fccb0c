/**
 * The rules of the slot protocol (DESIGN section 5; spec NET-15 and after) as switches, so that a mutant is one switch
 * thrown. `PROTOCOL` is what ships.
 */

export interface Rules {
  /** Nodes, the faults the rules are made for, and how many of the nodes are really dishonest. */
  readonly nodes: number;
  readonly faults: number;
  readonly dishonest: number;
  readonly quorum: number;
  /** Votes of round 0 that are Final in one trip: all n. */
  readonly fastVotes: number;
  /** Votes of round 0 that waive a node's clock: f+1. */
  readonly waiverVotes: number;
  /** Reports naming one vote of round 0 that force it: f+1; 0: no such clause. */
  readonly forcingVotes: number;
  readonly acksBelowPromise: boolean;
  readonly votesBelowPromise: boolean;
  readonly promisesWithReport: boolean;
  readonly showsLockInReport: boolean;
  readonly checksReports: boolean;
  /** A lock in a report comes with its quorum. */
  readonly provesLocks: boolean;
  readonly highestLock: boolean;
  /** A forced value needs no clock. */
  readonly forcedWaivesClock: boolean;
  /** A free void in a vault waits for the last branch. */
  readonly voidWaits: boolean;
  /** A round opens only for a reason: evidence, lapse, two bodies, or a last branch that has begun. */
  readonly startsForReason: boolean;
  readonly proposalsPerRound: number;
  /** The owner of a round looks at its own clock before it signs a free proposal. */
  readonly ownerChecksClock: boolean;
}

export const PROTOCOL: Rules = {
  nodes: 4,
  faults: 1,
  dishonest: 1,
  quorum: 3,
  fastVotes: 4,
  waiverVotes: 2,
  forcingVotes: 2,
  acksBelowPromise: false,
  votesBelowPromise: false,
  promisesWithReport: true,
  showsLockInReport: true,
  checksReports: true,
  provesLocks: true,
  highestLock: true,
  forcedWaivesClock: true,
  voidWaits: true,
  startsForReason: true,
  proposalsPerRound: 1,
  ownerChecksClock: true,
};

export const honestOf = (rules: Rules): number => rules.nodes - rules.dishonest;
