/** The slots that are explored: which values may stand there, and what each phase of a node's clock admits. */
import type { Rules } from './rules.ts';

/** 0: nothing; 1 and 2: the two signed values; 3: the void. */
export type Value = 0 | 1 | 2 | 3;
export const VOID = 3;
export const VALUES: readonly Value[] = [1, 2, 3];
export const SIGNED: readonly Value[] = [1, 2];

/** A stretch of a node's clock in which it answers alike. */
export interface Phase {
  readonly name: string;
  /** Signed values whose window, Δ included, is open. */
  readonly open: readonly Value[];
  /** A free void may be voted for. */
  readonly void: boolean;
  /** Start is answered (evidence, lapse, conflict or last branch). */
  readonly start: boolean;
}

export interface Slot {
  readonly name: string;
  readonly what: string;
  /** Names of the values, by number. */
  readonly values: readonly [string, string, string, string];
  /** In the order in which every honest clock runs through them; how far clocks may be apart is left open. */
  readonly phases: readonly Phase[];
  /** While every honest clock stands in phase 0, one of these can still be made Final. Empty: nothing is owed. */
  readonly owed: readonly Value[];
  /** Who owns rounds 1 and 2: a number of an honest node, or null for a dishonest one. */
  readonly owners: readonly [number | null, number | null];
  readonly lastRound: 0 | 1 | 2;
  /** Another network than four nodes with one fault. */
  readonly rules?: Partial<Rules>;
}

const phase = (name: string, open: readonly Value[], rest: { void: boolean; start: boolean }): Phase => ({
  name,
  open,
  ...rest,
});

const always = { void: true, start: true };
const account = ['nothing', 'A', 'B', 'void'] as const;
const anybody = { owners: [null, null], lastRound: 2 } as const;

/** Both signed, windows overlap: fork evidence, so rounds may begin at any time. */
const FORKED: Slot = {
  name: 'account-forked',
  what: 'an account whose device signed A and B with overlapping windows',
  values: account,
  phases: [phase('A and B open', [1, 2], always), phase('B open', [2], always), phase('both over', [], always)],
  owed: [],
  ...anybody,
};

/** B is that of a restored device, its window begins after A's and the gap: no evidence, rounds begin with A's lapse. */
const LAPSED: Slot = {
  name: 'account-lapsed',
  what: 'an account with one body A in its window; after its lapse the restored device signs B as well',
  values: account,
  phases: [
    phase('A open', [1], { void: true, start: false }),
    phase('A over', [], { void: true, start: false }),
    phase('A lapsed, B open', [2], always),
    phase('both over', [], always),
  ],
  owed: [1],
  ...anybody,
};

const vault = ['nothing', 'claim', 'refund', 'void'] as const;

const VAULT: Slot = {
  name: 'vault',
  what: 'a reservation: one claim until E, the release from E + gap',
  values: vault,
  phases: [
    phase('claim open', [1], { void: false, start: false }),
    phase('between', [], { void: false, start: false }),
    phase('refund open', [2], always),
    phase('all over', [], always),
  ],
  owed: [1],
  ...anybody,
};

const VAULT_ANY: Slot = {
  ...VAULT,
  name: 'vault-any-start',
  what: 'the same, but any body opens rounds at any time: more than nodes allow',
  phases: VAULT.phases.slice(0, 3).map(({ name, open, void: ends }) => phase(name, open, { void: ends, start: true })),
};

const VAULT_SPLIT: Slot = {
  name: 'vault-split',
  what: 'a reservation with two claims in one slot (a payee who signed twice)',
  values: ['nothing', 'claim of t', "claim of t'", 'void'],
  phases: [
    phase('claims open', [1, 2], { void: false, start: true }),
    phase('between', [], { void: false, start: true }),
    phase('refund open', [], always),
  ],
  owed: [1, 2],
  ...anybody,
};

/** With an honest owner: one proposal a round, by the rules. What nodes sign here they sign with a dishonest owner too. */
const OWNED: Slot = {
  ...FORKED,
  name: 'account-owned',
  what: 'the double-signed account; round 1 of the dishonest node, round 2 of an honest one',
  phases: [phase('A and B open', [1, 2], always), phase('both over', [], always)],
  owners: [null, 0],
};

const OWNED_FIRST: Slot = {
  ...OWNED,
  name: 'account-owned-first',
  what: 'the double-signed account; round 1 of an honest node',
  owners: [0, null],
  lastRound: 1,
};

/** More than 3f+1 nodes: reports may hold f+1 votes for each of two values, and 2f+1 is no quorum. */
const FIVE: Slot = {
  ...FORKED,
  name: 'account-five-nodes',
  what: 'the double-signed account in a network of five nodes, rounds 0 and 1',
  lastRound: 1,
  rules: { nodes: 5, quorum: 4, fastVotes: 5 },
};

export const SLOTS: readonly Slot[] = [FORKED, LAPSED, VAULT, VAULT_ANY, VAULT_SPLIT, OWNED, OWNED_FIRST, FIVE];

export function slotNamed(name: string): Slot {
  const slot = SLOTS.find((one) => one.name === name);
  if (!slot) throw new Error(`no such configuration: ${name} (there are ${SLOTS.map((one) => one.name).join(', ')})`);
  return slot;
}
