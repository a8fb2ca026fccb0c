/**
 * What a client sends to a directory node for one slot (spec NET-10): the state by hash, and a bundle with its body,
 * operation, signature, parent, witness and whatever the operation rests on. Verification is stateless; what the node
 * knows already may be left out.
 */
import { missing } from '../bundle/evidence.ts';
import { bundleCodec, type BundleItem } from '../bundle/items.ts';
import type { StateHash } from '../bytes.ts';
import type { Body } from '../chain/body.ts';
import { requireFinal } from '../chain/final.ts';
import { TERMS_LEAF } from '../chain/genesis.ts';
import { editLeaves } from '../chain/leaves.ts';
import { readRequired } from '../chain/rules.ts';
import { verifyDraft, verifyTransition, type Transition } from '../chain/transition.ts';
import { isVoid } from '../chain/void.ts';
import type { Context } from '../context.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { hash, list, record, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import type { Tree } from '../merkle/sparse.ts';
import { check, done, fail, ok, type Result } from '../result.ts';
import { releaseWindow, reservationTermsCodec } from '../vault/rules.ts';
import { receiptCodec, verifyReceipts, type Receipt, type Statement } from './certificate.ts';
import type { Network, NetworkContext } from './description.ts';

export interface Submission {
  readonly state: StateHash;
  readonly items: readonly BundleItem[];
  /** f+1 votes of round 0 for this state, where the window is no longer open at the node; else empty. */
  readonly votes: readonly Receipt[];
}

export const submissionCodec = (suite: CryptoSuite): Codec<Submission> =>
  record<Submission>({
    state: hash<StateHash>(),
    items: bundleCodec(suite),
    votes: list(receiptCodec, LIMITS.networkNodes),
  });

/** The body of a state that nodes decide about. */
function slotBody(context: Context, state: StateHash): Result<Body> {
  const body = context.evidence.body(state);
  if (!body) return missing('body', state);
  if (body.index === 0)
    return fail('E_OPERATION', 'NET-3', 'a genesis is final by its id and is published, not submitted');
  return body.kind === 'account' || body.kind === 'vault'
    ? ok(body)
    : fail('E_CHAIN', 'NET-3', 'only accounts and vaults are certified');
}

function withFinalParent(context: Context, transition: Result<Transition>): Result<Transition> {
  if (!transition.ok) return transition;
  const parent = requireFinal(context, transition.value.parent);
  return parent.ok ? transition : parent;
}

/** Everything that a vote needs and that does not depend on the node: transition, signature, final parent. */
export function verifySubmission(context: Context, state: StateHash): Result<Transition> {
  const body = slotBody(context, state);
  if (!body.ok) return body;
  if (isVoid(context.suite, body.value)) {
    return fail('E_OPERATION', 'CHN-14', 'a void is proposed in a round above 0, never submitted');
  }
  return withFinalParent(context, verifyTransition(context, body.value));
}

/** A state that a round may choose freely (spec NET-27): one that could be submitted, or the void of the place. */
export function verifyCandidate(context: Context, state: StateHash): Result<Transition> {
  const body = slotBody(context, state);
  if (!body.ok) return body;
  return isVoid(context.suite, body.value)
    ? withFinalParent(context, verifyDraft(context, body.value))
    : verifySubmission(context, state);
}

/** The node's clock lies within [from − Δ, until + Δ] (spec NET-11). */
export const isWindowOpen = (network: Network, window: { from: number; until: number }, nowMs: number): boolean =>
  nowMs >= window.from - network.deltaMs && nowMs <= window.until + network.deltaMs;

/**
 * Whether a clock admits a state that a round may choose freely (spec NET-27): a signed one in its window, the void of
 * an account always, that of a vault once the last branch is open and no claim can come any more.
 */
export function checkAdmissible(
  { suite, network }: NetworkContext,
  next: Transition,
  nowMs: number,
): Result<undefined> {
  const { body, authority, tree } = next;
  if (authority !== null) {
    return check(isWindowOpen(network, body.window, nowMs), 'E_WINDOW', 'NET-11', 'the clock is outside of the window');
  }
  if (body.kind === 'account') return done;
  const fromMs = lastBranchMs({ suite, network }, tree);
  if (!fromMs.ok) return fromMs;
  return check(nowMs >= fromMs.value, 'E_TOO_EARLY', 'NET-27', `no void of this reservation before ${fromMs.value}`);
}

/** When a node admits the last branch of a vault: E + gap − Δ of a reservation. */
function lastBranchMs({ suite, network }: NetworkContext, tree: Tree): Result<number> {
  const terms = readRequired(editLeaves(suite, tree), [...TERMS_LEAF.vault], reservationTermsCodec);
  return terms.ok ? ok(releaseWindow(network, terms.value).from - network.deltaMs) : terms;
}

/**
 * After when rounds may begin for a slot with this signed state alone (spec NET-25): once the state of an account has
 * lapsed, once the last branch of a vault has begun.
 */
export const roundsBeginMs = (context: NetworkContext, { body, tree }: Transition): Result<number> =>
  body.kind === 'account' ? ok(body.window.until + context.network.gapMs) : lastBranchMs(context, tree);

/** The node's clock is not before the window by more than Δ. */
export const hasBegun = (network: Network, window: { from: number }, nowMs: number): boolean =>
  nowMs >= window.from - network.deltaMs;

/** f+1 votes of round 0 waive the clock: at least one honest node found the window open (spec NET-11). */
export function verifyWaiver(context: Context, statement: Statement, votes: readonly Receipt[]): Result<undefined> {
  const zero = check(
    statement.round === 0 && statement.form === 'votes',
    'E_CERTIFICATE',
    'NET-11',
    'votes of round 0 only',
  );
  if (!zero.ok) return zero;
  const valid = verifyReceipts(context, statement, votes, context.network.faults + 1);
  return valid.ok ? ok(undefined) : valid;
}
