/**
 * Operations of a relationship's half-chain (spec REL-1 to REL-7). Each carries a salt, so that its hash in a shown
 * body tells nothing, and the newest state seen of the other half.
 */
import type { ChainId, StateHash } from '../bytes.ts';
import { tipCodec, windowCodec, type Tip, type Window } from '../chain/body.ts';
import type { PublicKey } from '../crypto/keys.ts';
import { publicKeyCodec } from '../crypto/signature.ts';
import { amount, bytes, hash, label, list, optional, record, uint, variant, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { fail, ok } from '../result.ts';

/** What a relationship agrees for itself: its consistency domain. */
export interface RelationshipRules {
  /** Grades accepted: 1 certified, 2 reserved, 4 provisional, added up. */
  readonly grades: number;
  /** Most base units of one payment; null: no limit. */
  readonly maxAmount: bigint | null;
  /** Longest time from offer to expiry. */
  readonly expiryMs: number;
}

/** What both geneses agree on; with the two accounts it is the relationship's identity. */
export interface RelationshipTerms {
  /** `payments`, or the id of a machine. */
  readonly purpose: string;
  readonly rules: RelationshipRules;
  readonly nonce: Uint8Array;
}

export interface HalfGenesis extends RelationshipTerms {
  readonly type: 'genesis';
  readonly k: number;
  readonly owner: ChainId;
  readonly key: PublicKey;
  readonly peer: ChainId;
  /** The writer's certified account state on which this half stands. */
  readonly base: Tip;
}

interface Step {
  /** From the offer to its expiry. */
  readonly window: Window;
  readonly salt: Uint8Array;
  /** Newest state seen of the other half. */
  readonly seen: Tip;
}

/** A payment out of a reservation of the writer's. */
export interface Pay extends Step {
  readonly type: 'pay';
  readonly vault: ChainId;
  readonly amount: bigint;
  /** Cumulative total under this reservation, this payment included. */
  readonly total: bigint;
  readonly order: string;
  /** The payment that this one pays back. */
  readonly refundOf: Uint8Array | null;
}

/** What became of a payment that the writer was to receive. */
export type Outcome = 'delivered' | 'refundDue' | 'void';

const OUTCOMES: readonly Outcome[] = ['delivered', 'refundDue', 'void'];

export interface OutcomeRecord {
  readonly precommit: Uint8Array;
  readonly outcome: Outcome;
}

/** Co-signature of the payee: permission to sign that state until the window closes, never evidence. */
export interface Accept extends Step {
  readonly type: 'accept';
  readonly precommit: Uint8Array;
  readonly state: StateHash;
  readonly outcomes: readonly OutcomeRecord[];
}

export type HalfOperation = HalfGenesis | Pay | Accept;

export const outcomeCodec: Codec<Outcome> = {
  toItem: (outcome) => OUTCOMES.indexOf(outcome) + 1,
  fromItem: (item, at) => {
    const outcome = typeof item === 'number' ? OUTCOMES[item - 1] : undefined;
    return outcome ? ok(outcome) : fail('E_FORMAT', 'REL-7', `${at}: unknown outcome`);
  },
};

const rulesCodec: Codec<RelationshipRules> = record<RelationshipRules>({
  grades: uint(7),
  maxAmount: optional(amount),
  expiryMs: uint(),
});

const termsFields = {
  purpose: label(LIMITS.nameBytes, 1),
  rules: rulesCodec,
  nonce: bytes(16),
};

const step = { window: windowCodec, salt: bytes(16), seen: tipCodec };

export const halfOperationCodec: Codec<HalfOperation> = variant<HalfOperation>({
  genesis: [
    0,
    {
      ...termsFields,
      k: uint(LIMITS.maxSkip),
      owner: hash<ChainId>(),
      key: publicKeyCodec,
      peer: hash<ChainId>(),
      base: tipCodec,
    },
  ],
  pay: [
    1,
    {
      ...step,
      vault: hash<ChainId>(),
      amount,
      total: amount,
      order: label(LIMITS.orderBytes),
      refundOf: optional(hash()),
    },
  ],
  accept: [
    2,
    {
      ...step,
      precommit: hash(),
      state: hash<StateHash>(),
      outcomes: list(record<OutcomeRecord>({ precommit: hash(), outcome: outcomeCodec }), LIMITS.outcomes),
    },
  ],
});
