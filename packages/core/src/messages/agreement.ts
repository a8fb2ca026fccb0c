/**
 * Accept, commit, request and ack (spec REL-15 to REL-19). The payee's accept is a state of its own half that names
 * `C_pre` and `H(S_{n+1})`; the payer's commit is its signature on that `S_{n+1}`. The seed's pair is (commit, accept).
 */
import { missing } from '../bundle/evidence.ts';
import { equalBytes, type ChainId, type StateHash } from '../bytes.ts';
import { stateMessage } from '../chain/rules.ts';
import { verifyAuthority, verifyTransition, type Transition } from '../chain/transition.ts';
import type { Context } from '../context.ts';
import { equalKeys, verifyMessage } from '../crypto/signature.ts';
import { hash, record, type Codec } from '../encoding/schema.ts';
import type { Accept, HalfGenesis } from '../relationship/operations.ts';
import { arePartners } from '../relationship/rules.ts';
import { check, checkAll, fail, ok, type Result } from '../result.ts';
import { proposalCodec, verifyHalf, verifyOffer, verifyShownLinks, type OfferFacts, type Proposal } from './offer.ts';

/** An accept by its state. */
export interface Acceptance {
  readonly accept: StateHash;
}

/** A proposal together with the payee's accept: a commit, or a request that waits for the payer's signature. */
export interface Agreement {
  readonly proposal: Proposal;
  readonly accept: StateHash;
}

/** The payee has the commit. `half`: the payee's half of the relationship. */
export interface Acknowledgement {
  readonly state: StateHash;
  readonly half: ChainId;
}

export const acceptanceCodec: Codec<Acceptance> = record<Acceptance>({ accept: hash<StateHash>() });

export const agreementCodec: Codec<Agreement> = record<Agreement>({
  proposal: proposalCodec,
  accept: hash<StateHash>(),
});

export const acknowledgementCodec: Codec<Acknowledgement> = record<Acknowledgement>({
  state: hash<StateHash>(),
  half: hash<ChainId>(),
});

export interface AcceptFacts {
  readonly transition: Transition;
  readonly operation: Accept;
  readonly half: HalfGenesis;
}

/** A signed accept state of a verified half (spec REL-15). */
export function verifyAccept(context: Context, accept: StateHash): Result<AcceptFacts> {
  const body = context.evidence.body(accept);
  if (!body) return missing('body', accept);
  if (body.kind !== 'half') return fail('E_CHAIN', 'REL-15', 'an accept is a state of a half');
  const half = verifyHalf(context, body.chain);
  if (!half.ok) return half;
  const transition = verifyTransition(context, body);
  if (!transition.ok) return transition;
  const { operation } = transition.value.operation;
  if (operation.type !== 'accept') return fail('E_OPERATION', 'REL-15', 'not an accept');
  const links = verifyShownLinks(context, transition.value.parent);
  if (!links.ok) return links;
  return ok({ transition: transition.value, operation, half: half.value });
}

/** That this accept is the payee's permission for this very proposal (spec REL-16). */
export function matchAccept(context: Context, offer: OfferFacts, accept: AcceptFacts): Result<undefined> {
  const { body, hash: state } = offer.transition;
  const { operation } = accept;
  const payeeKey = offer.reservation?.payeeKey ?? accept.half.key;
  return checkAll(
    () =>
      check(
        arePartners(context.suite, offer.half, accept.half),
        'E_MISMATCH',
        'REL-16',
        'an accept of another relationship',
      ),
    () =>
      check(
        equalKeys(payeeKey, accept.half.key),
        'E_RESERVATION',
        'REL-11',
        'a reservation whose claims the payee cannot sign',
      ),
    () => check(equalBytes(operation.precommit, body.precommit), 'E_MISMATCH', 'REL-16', 'another pre-commitment'),
    () => check(equalBytes(operation.state, state), 'E_MISMATCH', 'REL-16', 'another successor'),
    () =>
      check(
        operation.window.until <= offer.transition.body.window.until,
        'E_WINDOW',
        'REL-16',
        'the accept outlives its offer',
      ),
    () =>
      check(operation.window.until <= offer.goodUntil, 'E_WINDOW', 'REL-12', 'the accept outlives what it rests on'),
  );
}

export interface AgreementFacts {
  readonly offer: OfferFacts;
  readonly accept: AcceptFacts;
}

/** A request: the payee computed the proposal itself and accepts it in advance (spec REL-17). */
export function verifyRequest(context: Context, agreement: Agreement): Result<AgreementFacts> {
  const offer = verifyOffer(context, agreement.proposal);
  if (!offer.ok) return offer;
  const accept = verifyAccept(context, agreement.accept);
  if (!accept.ok) return accept;
  const matched = matchAccept(context, offer.value, accept.value);
  return matched.ok ? ok({ offer: offer.value, accept: accept.value }) : matched;
}

/** A commit: the payer's signature on what both agreed (spec REL-18). */
export function verifyCommit(context: Context, agreement: Agreement): Result<AgreementFacts> {
  const agreed = verifyRequest(context, agreement);
  if (!agreed.ok) return agreed;
  const signed = verifyAuthority(context, agreed.value.offer.transition);
  return signed.ok ? agreed : signed;
}

/** Courtesy of the payee: its signature that the commit arrived (spec REL-19). */
export function verifyAck(context: Context, ack: Acknowledgement): Result<{ readonly payee: ChainId }> {
  const half = verifyHalf(context, ack.half);
  if (!half.ok) return half;
  const body = context.evidence.body(ack.state);
  if (!body) return missing('body', ack.state);
  const signature = context.evidence.signature('ack', ack.state);
  if (!signature) return missing('signature ack', ack.state, 0);
  const message = stateMessage(context, body.chain, body.index, ack.state);
  const valid = checkAll(
    () => check(equalBytes(body.network, context.network.id), 'E_NETWORK', 'REL-19', 'a state of another network'),
    () =>
      check(
        verifyMessage(context.suite, half.value.key, 'ack', message, signature),
        'E_SIGNATURE',
        'REL-19',
        'the acknowledgement is not signed by the payee',
      ),
  );
  return valid.ok ? ok({ payee: half.value.owner }) : valid;
}
