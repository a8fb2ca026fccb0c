/**
 * Offers (spec REL-10 to REL-14): the successor that the payer proposes, with everything that the payee needs to
 * judge it. Two forms: a payment out of a reservation, on the payer's half of the relationship, and a provisional one,
 * straight from the payer's account.
 */
import type { Pay } from '../relationship/operations.ts';
import type { Transfer } from '../account/operations.ts';
import type { TokenPolicy } from '../account/policy.ts';
import { missing } from '../bundle/evidence.ts';
import { equalBytes, type ChainId, type StateHash } from '../bytes.ts';
import type { Body } from '../chain/body.ts';
import { requireFinal, verifyGenesis } from '../chain/final.ts';
import { verifyDraft, verifyTransition, type Transition } from '../chain/transition.ts';
import type { Context } from '../context.ts';
import { equalKeys } from '../crypto/signature.ts';
import { hashItem } from '../crypto/hash.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { bytes, hash, label, optional, record, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { verifyStanding } from '../relationship/base.ts';
import type { HalfGenesis } from '../relationship/operations.ts';
import { check, checkAll, done, fail, ok, type Result } from '../result.ts';
import type { VaultGenesis } from '../vault/operations.ts';

/** Opens the `reference` of a transfer to the payee. */
export interface Reference {
  readonly salt: Uint8Array;
  readonly order: string;
  readonly refundOf: Uint8Array | null;
}

export const referenceCodec: Codec<Reference> = record<Reference>({
  salt: bytes(16),
  order: label(LIMITS.orderBytes),
  refundOf: optional(hash()),
});

/** `H("reference", [salt, order, refundOf])`. */
export const hashReference = (suite: CryptoSuite, reference: Reference): Uint8Array =>
  hashItem(suite, 'reference', referenceCodec.toItem(reference));

export interface Proposal {
  /** `H(S_{n+1})`. */
  readonly state: StateHash;
  /** The payer's half of the relationship. */
  readonly half: ChainId;
  readonly reference: Reference | null;
}

export const proposalCodec: Codec<Proposal> = record<Proposal>({
  state: hash<StateHash>(),
  half: hash<ChainId>(),
  reference: optional(referenceCodec),
});

/** What an offer says, all of it checked but for clocks and for what only the payee knows. */
export interface OfferFacts {
  readonly grade: 'reserved' | 'provisional';
  readonly transition: Transition;
  readonly half: HalfGenesis;
  readonly halfChain: ChainId;
  readonly policy: TokenPolicy;
  readonly amount: bigint;
  readonly order: string;
  readonly refundOf: Uint8Array | null;
  /** The reservation; undefined for a provisional payment. */
  readonly reservation?: VaultGenesis;
  readonly pay?: Pay;
  /** The payer's uncertified states, the proposed one last; empty for a reserved payment. */
  readonly run: readonly Transition[];
  /** Last moment at which this grade holds: E − margin, or the smallest window of the run. */
  readonly goodUntil: number;
}

/** Grades as bits of a relationship's rules. */
export const GRADE_BITS = { certified: 1, reserved: 2, provisional: 4 } as const;

/** A half whose writer is a verified account and whose base is final (spec REL-1). */
export function verifyHalf(context: Context, chain: ChainId): Result<HalfGenesis> {
  const body = context.evidence.genesis(chain);
  if (!body) return missing('genesis', chain);
  const terms = verifyGenesis(context, body, 'half');
  if (!terms.ok) return terms;
  const { rules } = terms.value;
  const valid = checkAll(
    () => verifyStanding(context, terms.value),
    () => check(!equalBytes(terms.value.owner, terms.value.peer), 'E_SELF', 'REL-1', 'a relationship with oneself'),
    () => check(terms.value.k >= 1 && rules.expiryMs > 0, 'E_FORMAT', 'REL-1', 'empty terms'),
  );
  return valid.ok ? terms : valid;
}

export function verifyOffer(context: Context, proposal: Proposal): Result<OfferFacts> {
  const body = context.evidence.body(proposal.state);
  if (!body) return missing('body', proposal.state);
  const half = verifyHalf(context, proposal.half);
  if (!half.ok) return half;
  return body.kind === 'half'
    ? verifyReservedOffer(context, proposal, body, half.value)
    : verifyProvisionalOffer(context, proposal, body, half.value);
}

function verifyReservedOffer(context: Context, proposal: Proposal, body: Body, half: HalfGenesis): Result<OfferFacts> {
  const transition = verifyDraft(context, body);
  if (!transition.ok) return transition;
  const { kind, operation } = transition.value.operation;
  if (kind !== 'half' || operation.type !== 'pay') return fail('E_OPERATION', 'REL-10', 'not a payment');
  const links = verifyShownLinks(context, transition.value.parent);
  if (!links.ok) return links;
  const terms = verifyReservation(context, operation.vault);
  if (!terms.ok) return terms;
  const policy = policyOf(context, terms.value.token);
  if (!policy.ok) return policy;
  const goodUntil = terms.value.until - context.network.marginMs;
  const valid = checkAll(
    () => check(equalBytes(body.chain, proposal.half), 'E_CHAIN', 'REL-10', 'a state of another half'),
    () => check(proposal.reference === null, 'E_SURPLUS', 'REL-10', 'a payment on a half needs no reference'),
    () => check(equalBytes(terms.value.payer, half.owner), 'E_RESERVATION', 'REL-11', 'a reservation of another payer'),
    () =>
      check(equalKeys(terms.value.payerKey, half.key), 'E_RESERVATION', 'REL-11', 'a reservation under another key'),
    () => check(equalBytes(terms.value.payee, half.peer), 'E_RESERVATION', 'REL-11', 'a reservation for another payee'),
    () => check(operation.total <= terms.value.funded, 'E_TOTAL', 'REL-11', 'more than was set aside'),
    () => check(body.window.until <= goodUntil, 'E_WINDOW', 'REL-12', 'the expiry is later than E − margin'),
    () =>
      check(
        (half.rules.grades & GRADE_BITS.reserved) !== 0,
        'E_POLICY',
        'REL-4',
        'the relationship does not take reserved payments',
      ),
  );
  if (!valid.ok) return valid;
  return ok({
    grade: 'reserved',
    transition: transition.value,
    half,
    halfChain: proposal.half,
    policy: policy.value,
    amount: operation.amount,
    order: operation.order,
    refundOf: operation.refundOf,
    reservation: terms.value,
    pay: operation,
    run: [],
    goodUntil,
  });
}

/** The terms of a reservation whose funding is final. */
export function verifyReservation(context: Context, vault: ChainId): Result<VaultGenesis> {
  const body = context.evidence.genesis(vault);
  if (!body) return missing('genesis', vault);
  const final = requireFinal(context, body);
  if (!final.ok) return final;
  return verifyGenesis(context, body, 'vault');
}

/**
 * Older states of the half that came along: each linked to the next, each with its operation (spec REL-13). They bring
 * the peer up to date; how far back they reach is the sender's choice.
 */
export function verifyShownLinks(context: Context, from: Body): Result<undefined> {
  let body = from;
  while (body.index > 0) {
    const operation = context.evidence.operation(body.op);
    if (!operation) break;
    const parent = context.evidence.body(body.prev);
    if (!parent) break;
    if (parent.index !== body.index - 1 || !equalBytes(parent.chain, body.chain) || operation.kind !== body.kind) {
      return fail('E_LINK', 'REL-13', 'the states shown are not one chain');
    }
    body = parent;
  }
  return done;
}

function policyOf(context: Context, token: Parameters<Context['evidence']['policy']>[0]): Result<TokenPolicy> {
  const policy = context.evidence.policy(token);
  if (!policy) return missing('policy', token);
  return equalBytes(policy.network, context.network.id)
    ? ok(policy)
    : fail('E_NETWORK', 'VAL-1', 'a token of another network');
}

/** The whole uncertified run is shown, each state but the proposed one signed, plain payments only (spec REL-14). */
export function verifyRun(context: Context, body: Body, tipIsSigned: boolean): Result<readonly Transition[]> {
  const run: Transition[] = [];
  let current = body;
  for (;;) {
    const transition =
      run.length === 0 && !tipIsSigned ? verifyDraft(context, current) : verifyTransition(context, current);
    if (!transition.ok) return transition;
    if (transition.value.operation.operation.type !== 'transfer') {
      return fail('E_OPERATION', 'REL-14', 'an uncertified run holds only plain payments');
    }
    run.unshift(transition.value);
    if (run.length > LIMITS.uncertifiedRun) return fail('E_LIMIT', 'REL-14', 'the uncertified run is too long');
    const parent = transition.value.parent;
    if (isCertified(context, parent)) {
      const final = requireFinal(context, parent);
      if (!final.ok) return final;
      return haveCommonMoment(run)
        ? ok(run)
        : fail('E_WINDOW', 'REL-14', 'the windows of the run are never open together');
    }
    current = parent;
  }
}

/** There is a time at which every state of the run may be voted for. */
const haveCommonMoment = (run: readonly Transition[]): boolean =>
  Math.max(...run.map(({ body }) => body.window.from)) <= Math.min(...run.map(({ body }) => body.window.until));

/** Whether a state is claimed to be final: the claim is verified by `requireFinal`. */
const isCertified = ({ evidence }: Context, body: Body): boolean =>
  body.index === 0 ||
  evidence.knownFinal(body.chain, body.index) !== undefined ||
  evidence.certificate(body.chain, body.index) !== undefined;

function verifyProvisionalOffer(
  context: Context,
  proposal: Proposal,
  body: Body,
  half: HalfGenesis,
): Result<OfferFacts> {
  const run = verifyRun(context, body, false);
  if (!run.ok) return run;
  const transition = run.value.at(-1) as Transition;
  const transfer = transition.operation.operation as Transfer;
  const policy = policyOf(context, transfer.token);
  if (!policy.ok) return policy;
  const { reference } = proposal;
  const opens =
    reference === null
      ? transfer.reference === null
      : transfer.reference !== null && equalBytes(transfer.reference, hashReference(context.suite, reference));
  const limit = half.rules.maxAmount;
  const valid = checkAll(
    () => check(equalBytes(body.chain, half.owner), 'E_CHAIN', 'REL-10', 'an account of somebody else'),
    () => check(equalBytes(transfer.to, half.peer), 'E_CHAIN', 'REL-10', 'a payment to somebody else'),
    () => check(opens, 'E_MISMATCH', 'REL-10', 'the reference does not open'),
    () => check(limit === null || transfer.amount <= limit, 'E_AMOUNT', 'REL-4', 'more than the relationship allows'),
    () =>
      check(
        (half.rules.grades & GRADE_BITS.provisional) !== 0,
        'E_POLICY',
        'REL-4',
        'the relationship does not take provisional payments',
      ),
  );
  if (!valid.ok) return valid;
  return ok({
    grade: 'provisional',
    transition,
    half,
    halfChain: proposal.half,
    policy: policy.value,
    amount: transfer.amount,
    order: reference?.order ?? '',
    refundOf: reference?.refundOf ?? null,
    run: run.value,
    goodUntil: Math.min(...run.value.map(({ body: { window } }) => window.until)),
  });
}
