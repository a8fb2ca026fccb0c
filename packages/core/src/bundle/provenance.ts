/**
 * Provenance (spec CHN-13): from the pinned network and the genesis to this state. Accept ⇔ complete: whatever is
 * missing on the way is listed, all of it.
 * The leaves are repeated from the genesis on, so no witness of a parent is needed.
 */
import { equalBytes, type StateHash } from '../bytes.ts';
import { stateHash, type Body, type ChainKind } from '../chain/body.ts';
import { operationOf, requireFinal } from '../chain/final.ts';
import { makeGenesis } from '../chain/genesis.ts';
import { verifyGenesisBody, verifyLink } from '../chain/links.ts';
import { draftTransition, verifyAuthority } from '../chain/transition.ts';
import { isVoid } from '../chain/void.ts';
import type { Context } from '../context.ts';
import { verifyStrand } from '../machine/strand.ts';
import { verifyHalf } from '../messages/offer.ts';
import { fail, ok, type Failure, type Result } from '../result.ts';
import { watchMissing } from './evidence.ts';

export interface Provenance {
  readonly kind: ChainKind;
  readonly tip: Body;
  /** States from the genesis to the tip. */
  readonly states: number;
  /** `provisional` while the tip of an account has no certificate; halves and strands are agreed, not graded. */
  readonly grade: 'certified' | 'provisional' | undefined;
}

export function verifyProvenance(context: Context, tip: StateHash): Result<Provenance> {
  const watch = watchMissing(context.evidence);
  const watched = { ...context, evidence: watch.evidence };
  const walked = walkBack(watched, tip);
  if (!walked.ok) return walked;
  const states = walked.value;
  const isWhole = states[0]?.body.index === 0;
  const failures: Failure[] = [];
  const absent: string[] = [];
  const note = (result: Result<unknown>): void => {
    if (result.ok) return;
    const { code, message } = result.error;
    if (code === 'E_INCOMPLETE') absent.push(...(result.error.missing ?? [message]));
    else failures.push(result.error);
  };
  for (const state of states) askFor(watched, state);
  const bodies = states.map(({ body }) => body);
  // Whoever collects what is missing comes again for every state, so nothing else is done before all are there.
  if (isWhole) verifyWhole(watched, bodies, note);
  const certified = isWhole ? verifyCertificates(context, bodies) : ok(false);
  note(certified);
  const [failure] = failures;
  if (failure) return { ok: false, error: failure };
  const last = bodies.at(-1);
  const wanted = [...new Set([...watch.missing(), ...absent])];
  if (wanted.length > 0 || !isWhole || !last) return incomplete(wanted);
  const isFinal = certified.ok && certified.value;
  const grade = isNeverCertified(last) ? undefined : isFinal ? 'certified' : 'provisional';
  return ok({ kind: last.kind, tip: last, states: bodies.length, grade });
}

const incomplete = (missing: readonly string[]) =>
  fail('E_INCOMPLETE', 'CHN-13', `missing: ${missing.length} items, first ${missing[0]}`, { missing });

interface Found {
  readonly body: Body;
  readonly hash: StateHash;
}

/** States up to the tip, by the hashes that link them: from the genesis on, or as far back as they are shown. */
function walkBack({ evidence }: Context, tip: StateHash): Result<readonly Found[]> {
  const states: Found[] = [];
  let hash = tip;
  for (;;) {
    const body = evidence.body(hash);
    if (!body) break;
    const above = states.at(-1)?.body;
    // An index that does not fall would lead round in circles.
    if (above && (body.index !== above.index - 1 || !equalBytes(body.chain, above.chain))) {
      return fail('E_LINK', 'CHN-3', `state ${above.index} does not follow from what it names`);
    }
    states.push({ body, hash });
    if (body.index === 0) break;
    hash = body.prev;
  }
  return ok(states.toReversed());
}

/** Asks for everything that a state names by itself, so that what is missing is listed at once, not one by one. */
function askFor({ evidence, suite }: Context, { body, hash }: Found): void {
  const found = evidence.operation(body.op);
  if (body.index === 0) return;
  if (isVoid(suite, body)) {
    if (!evidence.knownFinal(body.chain, body.index)) evidence.certificate(body.chain, body.index);
    return;
  }
  // Who signs a state of a vault depends on the operation.
  if (body.kind !== 'vault') evidence.signature('state', hash);
  if (!found) return;
  const { kind, operation } = found;
  if (kind === 'vault') {
    const isClaim = operation.type === 'claim';
    evidence.signature(isClaim ? 'claim' : 'state', hash);
    if (isClaim) evidence.total(body.chain, operation.total);
  }
  if (kind !== 'account' || !('token' in operation)) return;
  if (operation.type !== 'receive') {
    evidence.policy(operation.token);
    return;
  }
  if (evidence.knownFinal(operation.source, operation.index)) return;
  const certificate = evidence.certificate(operation.source, operation.index);
  const source = certificate && evidence.body(certificate.hash);
  if (source) evidence.operation(source.op);
}

function verifyWhole(context: Context, states: readonly Body[], note: (result: Result<unknown>) => void): void {
  for (const [at, body] of states.entries()) {
    const parent = states[at - 1];
    if (parent) note(verifyLink(context.suite, parent, body));
  }
  note(verifyBeginning(context, states[0] as Body));
  replay(context, states, note);
}

/** Repeats every operation on the leaves that the ones before it left. Ends where an operation cannot be repeated. */
function replay(context: Context, states: readonly Body[], note: (result: Result<unknown>) => void): void {
  const [genesis, ...rest] = states as [Body, ...Body[]];
  const first = operationOf(context, genesis);
  // A genesis that is none was refused where it was verified.
  if (!first.ok || first.value.operation.type !== 'genesis') return;
  let { tree } = makeGenesis(context.suite, context.network.id, first.value);
  let parent = genesis;
  for (const body of rest) {
    const operation = operationOf(context, body);
    const next = operation.ok ? draftTransition(context, parent, operation.value, tree) : operation;
    note(next);
    if (!next.ok) return;
    if (!equalBytes(next.value.hash, stateHash(context.suite, body))) {
      note(fail('E_LINK', 'CHN-11', `state ${body.index} is not the state that follows`));
      return;
    }
    note(verifyAuthority(context, next.value));
    ({ tree } = next.value);
    parent = body;
  }
}

function verifyBeginning(context: Context, genesis: Body): Result<unknown> {
  const own = verifyGenesisBody(context.suite, genesis);
  if (!own.ok) return own;
  if (genesis.kind === 'half') return verifyHalf(context, genesis.chain);
  return genesis.kind === 'strand' ? verifyStrand(context, genesis.chain) : requireFinal(context, genesis);
}

/** Chains of relationships are agreed, not certified. */
const isNeverCertified = ({ kind }: Body): boolean => kind === 'half' || kind === 'strand';

/** Every certificate that came along is checked; answers whether the tip is final. */
function verifyCertificates(context: Context, states: readonly Body[]): Result<boolean> {
  const last = states.at(-1);
  if (!last || isNeverCertified(last)) return ok(false);
  let tipIsFinal = last.index === 0;
  for (const body of states) {
    if (body.index === 0 || !context.evidence.certificate(body.chain, body.index)) continue;
    const final = requireFinal(context, body);
    if (!final.ok) return final;
    tipIsFinal = body === last;
  }
  return ok(tipIsFinal);
}
