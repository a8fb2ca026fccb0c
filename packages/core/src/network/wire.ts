/**
 * What clients and directory nodes say to each other over HTTP (spec NET-13): paths, requests, answers, failures.
 * Bodies are one deterministic CBOR item; a node that refuses answers a failure with a stable code and the rule.
 */
import { bundleCodec, type BundleItem } from '../bundle/items.ts';
import { toHex, type ChainId, type StateHash, type TokenId } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { encodeItem } from '../encoding/cbor.ts';
import {
  amount,
  bytes,
  decodeWith,
  flag,
  hash,
  label,
  list,
  optional,
  record,
  uint,
  variant,
  type Codec,
} from '../encoding/schema.ts';
import { isErrorCode, type ErrorCode } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { fail, ok, type Failure, type Result } from '../result.ts';
import {
  certificateCodec,
  receiptCodec,
  treeHeadCodec,
  type Certificate,
  type Receipt,
  type TreeHead,
} from './certificate.ts';

export const CBOR_TYPE = 'application/cbor';

/** Paths below a node's base address; `:name` stands for a value. */
export const ROUTES = {
  /** POST `Submission` → `SubmitAnswer`. */
  submit: '/v1/submit',
  /** POST `LockRequest` → `LockAnswer`. */
  lock: '/v1/lock',
  /** POST `StartRequest` → `StartAnswer`. */
  start: '/v1/start',
  /** POST `ProposeRequest` → `ProposeAnswer`, of the owner of the round. */
  propose: '/v1/propose',
  /** POST `VoteRequest` → `SubmitAnswer`. */
  vote: '/v1/vote',
  /** POST `FinalRequest` → `ChainTip`. */
  final: '/v1/final',
  /** POST `PublishRequest` → `ChainTip` of the account's genesis. */
  publish: '/v1/genesis',
  /** GET → `Card`; the id of an account or of an identity. */
  card: '/v1/genesis/:id',
  /** GET → `ChainTip`: the newest final state that the node knows. */
  tip: '/v1/tip/:chain',
  /** GET → `ChainTip`: the newest final state by which this account was restored. */
  restored: '/v1/restored/:chain',
  /** GET → `StateAnswer`. */
  state: '/v1/state/:chain/:index',
  /** GET → `CreditPage`; query `after` (a cursor, default 0: from the beginning). */
  credits: '/v1/credits/:chain',
  /** GET → `SlotStatus` of the slot that decides this place. */
  slot: '/v1/slot/:chain/:index',
  /** GET → `EvidenceList` of forks of this account. */
  evidence: '/v1/evidence/:chain',
  /** GET → `NodeHead`. */
  head: '/v1/head',
  /** GET → `Consistency`; query `first`, `second`: sizes of the log. */
  consistency: '/v1/consistency',
  /** GET → JSON for people and supervisors. */
  health: '/v1/health',
  version: '/v1/version',
} as const;

/** Paths with their values filled in. */
export const pathTo = {
  card: (id: ChainId): string => `/v1/genesis/${toHex(id)}`,
  tip: (chain: ChainId): string => `/v1/tip/${toHex(chain)}`,
  restored: (chain: ChainId): string => `/v1/restored/${toHex(chain)}`,
  state: (chain: ChainId, index: number): string => `/v1/state/${toHex(chain)}/${index}`,
  credits: (chain: ChainId, after = 0): string => `/v1/credits/${toHex(chain)}?after=${after}`,
  slot: (chain: ChainId, index: number): string => `/v1/slot/${toHex(chain)}/${index}`,
  evidence: (chain: ChainId): string => `/v1/evidence/${toHex(chain)}`,
  consistency: (first: number, second: number): string => `/v1/consistency?first=${first}&second=${second}`,
} as const;

/** A vote, or the certificate if the state is final already. */
export type SubmitAnswer =
  | { readonly type: 'vote'; readonly receipt: Receipt }
  | { readonly type: 'final'; readonly certificate: Certificate };

export const submitAnswerCodec: Codec<SubmitAnswer> = variant<SubmitAnswer>({
  vote: [1, { receipt: receiptCodec }],
  final: [2, { certificate: certificateCodec }],
});

/** A quorum of votes. Body and operation let the node serve the state later; the quorum speaks for itself. */
export interface LockRequest {
  readonly quorum: Certificate;
  readonly items: readonly BundleItem[];
}

export const lockRequestCodec = (suite: CryptoSuite): Codec<LockRequest> =>
  record<LockRequest>({ quorum: certificateCodec, items: bundleCodec(suite) });

export type LockAnswer =
  | { readonly type: 'ack'; readonly receipt: Receipt }
  | { readonly type: 'final'; readonly certificate: Certificate };

export const lockAnswerCodec: Codec<LockAnswer> = variant<LockAnswer>({
  ack: [1, { receipt: receiptCodec }],
  final: [2, { certificate: certificateCodec }],
});

/** A Final with at least the body and the operation, unless the node has them. */
export interface FinalRequest {
  readonly certificate: Certificate;
  readonly items: readonly BundleItem[];
}

export const finalRequestCodec = (suite: CryptoSuite): Codec<FinalRequest> =>
  record<FinalRequest>({ certificate: certificateCodec, items: bundleCodec(suite) });

/** An account with its identity, to be found by id from now on. */
export interface PublishRequest {
  readonly account: ChainId;
  readonly items: readonly BundleItem[];
}

export const publishRequestCodec = (suite: CryptoSuite): Codec<PublishRequest> =>
  record<PublishRequest>({ account: hash<ChainId>(), items: bundleCodec(suite) });

/** Items that prove each of the accounts with `verifyAccountGenesis`. */
export interface Card {
  readonly accounts: readonly ChainId[];
  readonly items: readonly BundleItem[];
}

export const cardCodec = (suite: CryptoSuite): Codec<Card> =>
  record<Card>({
    accounts: list(hash<ChainId>(), 1 << LIMITS.deviceProof, 1),
    items: bundleCodec(suite),
  });

/** A final state; a genesis is final by its id and has no certificate. */
export interface ChainTip {
  readonly index: number;
  readonly hash: StateHash;
  readonly certificate: Certificate | null;
}

export const chainTipCodec: Codec<ChainTip> = record<ChainTip>({
  index: uint(),
  hash: hash<StateHash>(),
  certificate: optional(certificateCodec),
});

/**
 * A final state and all that the node has for it: body, operation, certificate, and where it verified the step
 * itself also signature, parent, witness and whatever the operation rests on.
 */
export interface StateAnswer {
  readonly state: StateHash;
  readonly items: readonly BundleItem[];
}

export const stateAnswerCodec = (suite: CryptoSuite): Codec<StateAnswer> =>
  record<StateAnswer>({ state: hash<StateHash>(), items: bundleCodec(suite) });

/** A certified debit that names the chain asked for. */
export interface Credit {
  /** Position in the order of arrival at this node, from 1. */
  readonly cursor: number;
  readonly source: ChainId;
  readonly index: number;
  readonly output: number;
  readonly token: TokenId;
  readonly amount: bigint;
}

export interface CreditPage {
  readonly credits: readonly Credit[];
  /** There are more after the last cursor. */
  readonly more: boolean;
}

export const creditPageCodec: Codec<CreditPage> = record<CreditPage>({
  credits: list(
    record<Credit>({
      cursor: uint(),
      source: hash<ChainId>(),
      index: uint(),
      output: uint(),
      token: hash<TokenId>(),
      amount,
    }),
    LIMITS.pageEntries,
  ),
  more: flag,
});

/** `lapsed`: signed, not final, and its time to become final by votes is over (spec NET-23). */
export type SlotState = 'empty' | 'open' | 'lapsed' | 'final';

const SLOT_STATES: readonly SlotState[] = ['empty', 'open', 'lapsed', 'final'];

const slotStateCodec: Codec<SlotState> = {
  toItem: (state) => SLOT_STATES.indexOf(state) + 1,
  fromItem: (item, at) => {
    const state = typeof item === 'number' ? SLOT_STATES[item - 1] : undefined;
    return state ? ok(state) : fail('E_FORMAT', 'NET-13', `${at}: unknown state of a slot`);
  },
};

export interface SlotStatus {
  readonly state: SlotState;
  /** The lowest round in which the node still votes. */
  readonly promise: number;
  /** What the node voted for in round 0. */
  readonly vote: StateHash | null;
  /** The quorum that the node has locked, or one that came too late to be locked. */
  readonly quorum: Certificate | null;
  readonly final: Certificate | null;
  /** The first signed state that the node saw for this slot, and when. */
  readonly seen: StateHash | null;
  readonly seenMs: number;
  /** Body, operation and signature of the state seen, and of the first other one. */
  readonly items: readonly BundleItem[];
}

export const slotStatusCodec = (suite: CryptoSuite): Codec<SlotStatus> =>
  record<SlotStatus>({
    state: slotStateCodec,
    promise: uint(LIMITS.rounds),
    vote: optional(hash<StateHash>()),
    quorum: optional(certificateCodec),
    final: optional(certificateCodec),
    seen: optional(hash<StateHash>()),
    seenMs: uint(),
    items: bundleCodec(suite),
  });

/** Encoded files of kind `evidence`. */
export interface EvidenceList {
  readonly files: readonly Uint8Array[];
}

export const evidenceListCodec: Codec<EvidenceList> = record<EvidenceList>({
  files: list(bytes(1, LIMITS.fileBytes), LIMITS.pageEntries),
});

export interface NodeHead {
  /** Position of the node in the description. */
  readonly node: number;
  readonly head: TreeHead;
}

export const nodeHeadCodec: Codec<NodeHead> = record<NodeHead>({
  node: uint(LIMITS.networkNodes - 1),
  head: treeHeadCodec,
});

/** Proof that the log of `first` leaves is a prefix of that of `second`. */
export interface Consistency {
  readonly first: number;
  readonly second: number;
  readonly proof: readonly Uint8Array[];
}

export const consistencyCodec: Codec<Consistency> = record<Consistency>({
  first: uint(),
  second: uint(),
  proof: list(hash(), 2 * LIMITS.logProof),
});

const errorCodeCodec: Codec<ErrorCode> = {
  toItem: (code) => code,
  fromItem: (item, at) =>
    typeof item === 'string' && isErrorCode(item) ? ok(item) : fail('E_FORMAT', 'NET-13', `${at}: unknown error code`),
};

interface FailureRecord {
  readonly code: ErrorCode;
  readonly rule: string;
  readonly message: string;
  readonly missing: readonly string[];
  readonly evidence: Uint8Array | null;
}

/** `[code, rule, message, missing, evidence | null]`. */
const failureRecord: Codec<FailureRecord> = record<FailureRecord>({
  code: errorCodeCodec,
  rule: label(LIMITS.ruleBytes),
  message: label(LIMITS.messageBytes),
  missing: list(label(LIMITS.messageBytes), LIMITS.pageEntries),
  evidence: optional(bytes(1, LIMITS.fileBytes)),
});

/** Text that may have come from outside, so that the other side accepts it as a label. */
const asLabel = (text: string): string =>
  text
    .toWellFormed()
    .normalize('NFC')
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, LIMITS.messageBytes / 4)
    .toWellFormed()
    .trim();

export const encodeFailure = (failure: Failure): Uint8Array =>
  encodeItem(
    failureRecord.toItem({
      code: failure.code,
      rule: failure.rule,
      message: asLabel(failure.message),
      missing: (failure.missing ?? []).slice(0, LIMITS.pageEntries).map(asLabel),
      evidence: failure.evidence ?? null,
    }),
  );

/** What a node refused with; a failure of its own when the bytes are not one. */
export function decodeFailure(encoded: Uint8Array): Result<Failure> {
  const decoded = decodeWith(failureRecord, encoded, 'failure');
  if (!decoded.ok) return decoded;
  const { missing, evidence, ...failure } = decoded.value;
  return ok({
    ...failure,
    ...(missing.length > 0 && { missing }),
    ...(evidence !== null && { evidence }),
  });
}
