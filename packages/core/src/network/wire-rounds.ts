/** What clients and nodes say to each other in rounds above 0 (spec NET-13, NET-25 to NET-29). */
import { bundleCodec, type BundleItem } from '../bundle/items.ts';
import type { ChainId, StateHash } from '../bytes.ts';
import type { Place } from '../chain/body.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { hash, list, optional, record, uint, variant, type Codec } from '../encoding/schema.ts';
import { forkCodec, type Fork } from '../evidence/fork.ts';
import { LIMITS } from '../limits.ts';
import { certificateCodec, type Certificate } from './certificate.ts';
import {
  reportCodec,
  roundProposalCodec,
  type Report,
  type RoundProposal,
  type UnsignedRoundProposal,
} from './rounds.ts';

/**
 * Begins a round above 0. The state is one that somebody signed for the slot; for an account it has lapsed, or `fork`
 * proves that its owner signed two.
 */
export interface StartRequest extends Place {
  readonly round: number;
  readonly state: StateHash;
  readonly fork: Fork | null;
  /** What the verification of state and fork needs, unless the node has it. */
  readonly items: readonly BundleItem[];
}

export const startRequestCodec = (suite: CryptoSuite): Codec<StartRequest> =>
  record<StartRequest>({
    chain: hash<ChainId>(),
    index: uint(),
    round: uint(LIMITS.rounds),
    state: hash<StateHash>(),
    fork: optional(forkCodec),
    items: bundleCodec(suite),
  });

export type StartAnswer =
  | { readonly type: 'report'; readonly report: Report }
  | { readonly type: 'final'; readonly certificate: Certificate };

export const startAnswerCodec: Codec<StartAnswer> = variant<StartAnswer>({
  report: [1, { report: reportCodec }],
  final: [2, { certificate: certificateCodec }],
});

/** Asks the owner of a round to propose a state that the reports allow. */
export interface ProposeRequest extends UnsignedRoundProposal {
  /** What the verification of the state needs where the choice is free. */
  readonly items: readonly BundleItem[];
}

export const proposeRequestCodec = (suite: CryptoSuite): Codec<ProposeRequest> =>
  record<ProposeRequest>({
    chain: hash<ChainId>(),
    index: uint(),
    round: uint(LIMITS.rounds),
    hash: hash<StateHash>(),
    reports: list(reportCodec, LIMITS.networkNodes, 1),
    items: bundleCodec(suite),
  });

export type ProposeAnswer =
  /** The one proposal of this slot and round, whatever was asked for. */
  | { readonly type: 'proposal'; readonly proposal: RoundProposal }
  | { readonly type: 'final'; readonly certificate: Certificate };

export const proposeAnswerCodec: Codec<ProposeAnswer> = variant<ProposeAnswer>({
  proposal: [1, { proposal: roundProposalCodec }],
  final: [2, { certificate: certificateCodec }],
});

/** Asks for the vote of a round above 0; the answer is a `SubmitAnswer`. */
export interface VoteRequest {
  readonly proposal: RoundProposal;
  /** What the verification of the state needs where the choice is free; else what lets the node serve it. */
  readonly items: readonly BundleItem[];
}

export const voteRequestCodec = (suite: CryptoSuite): Codec<VoteRequest> =>
  record<VoteRequest>({ proposal: roundProposalCodec, items: bundleCodec(suite) });
