/** Rules changed one at a time: each must break a property, or the model could not tell the protocol from nonsense. */
import type { Property } from './properties.ts';
import { PROTOCOL, type Rules } from './rules.ts';
import { slotNamed, type Slot } from './slots.ts';

export interface Mutant {
  readonly name: string;
  readonly what: string;
  readonly slot: Slot;
  readonly rules: Rules;
  /** The property that is told, where something nearer breaks as well. */
  readonly only?: Property | undefined;
  /** Breaks in round 2 at the earliest, after millions of states: left out of `--quick`. */
  readonly far?: boolean;
}

const mutant = (name: string, what: string, slot: string, change: Partial<Rules>, only?: Property): Mutant => ({
  name,
  what,
  slot: slotNamed(slot),
  rules: { ...PROTOCOL, ...slotNamed(slot).rules, ...change },
  only,
});

export const MUTANTS: readonly Mutant[] = [
  mutant('ack-below-promise', 'a node acks a quorum of a round below its promise', 'account-forked', {
    acksBelowPromise: true,
  }),
  mutant('vote-below-promise', 'a node votes in round 0 after it has promised a later round', 'account-forked', {
    votesBelowPromise: true,
  }),
  mutant('report-without-promise', 'a node reports and promises nothing', 'account-forked', {
    promisesWithReport: false,
  }),
  mutant('report-without-lock', 'a report leaves out what the node has locked', 'account-forked', {
    showsLockInReport: false,
  }),
  mutant('lock-without-quorum', 'a report may name a lock and show no quorum for it', 'account-forked', {
    provesLocks: false,
  }),
  {
    ...mutant('lowest-lock', 'the lock of the lowest round counts, not that of the highest', 'account-forked', {
      highestLock: false,
    }),
    far: true,
  },
  mutant('no-f+1-clause', 'f+1 equal votes of round 0 in the reports force nothing', 'account-forked', {
    forcingVotes: 0,
  }),
  mutant('reports-unchecked', 'voters do not check a proposal against its reports', 'account-forked', {
    checksReports: false,
  }),
  mutant('one-trip-with-quorum', 'a quorum of votes of round 0 is Final, not only all n', 'account-forked', {
    fastVotes: PROTOCOL.quorum,
  }),
  mutant('quorum-2f+1', 'a quorum of 2f+1 where n is 5 and f is 1', 'account-five-nodes', { quorum: 3 }),
  mutant('quorum-f+1', 'a quorum of f+1', 'account-forked', { quorum: 2 }),
  mutant('waiver-by-f', 'f votes of round 0 waive the clock', 'vault', { waiverVotes: 1 }, 'outside-window'),
  mutant('no-forced-waiver', 'a forced value must be in its window at the voter', 'account-forked', {
    forcedWaivesClock: false,
  }),
  mutant('void-at-any-time', 'a free void in a vault does not wait for the last branch', 'vault-split', {
    voidWaits: false,
  }),
  mutant('account-start-at-any-time', 'a lone account body in its window begins rounds', 'account-lapsed', {
    startsForReason: false,
  }),
  mutant('vault-start-at-any-time', 'any body begins rounds in a vault, an early refund too', 'vault', {
    startsForReason: false,
  }),
  mutant('two-proposals', 'an honest owner signs two proposals in its round', 'account-owned-first', {
    proposalsPerRound: 2,
  }),
  mutant('owner-without-clock', 'an honest owner proposes what its clock does not admit', 'account-owned-first', {
    ownerChecksClock: false,
  }),
];

/** One dishonest node more than f: two Finals must be found, so the bound is tight. */
export const BEYOND: Mutant = mutant(
  'f+1-dishonest',
  'two of four nodes equivocate',
  'account-forked',
  { dishonest: 2 },
  'two-finals',
);

export function mutantNamed(name: string): Mutant {
  const found = [...MUTANTS, BEYOND].find((one) => one.name === name);
  if (!found) throw new Error(`no such mutant: ${name} (there are ${MUTANTS.map((one) => one.name).join(', ')})`);
  return found;
}
