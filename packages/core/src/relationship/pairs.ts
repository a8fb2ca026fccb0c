/**
 * The seed's `Rel = {(S^A_m1, S^B_p1), (S^A_m2, S^B_p2), …}` (spec REL-20): every state of one half that moved value,
 * paired with the state of the other half that accepted it. Accepts without commits are skipped.
 */
import { equalBytes, toHex, ZERO_HASH } from '../bytes.ts';
import { stateHash, type Body } from '../chain/body.ts';
import { verifyGenesis } from '../chain/final.ts';
import { makeGenesis } from '../chain/genesis.ts';
import type { Operation } from '../chain/operation.ts';
import { draftTransition } from '../chain/transition.ts';
import type { Context } from '../context.ts';
import type { Tree } from '../merkle/sparse.ts';
import { check, done, fail, ok, type Result } from '../result.ts';
import type { Accept, HalfGenesis } from './operations.ts';
import { arePartners } from './rules.ts';

/** One state of a half with its operation, genesis first. */
export interface HalfState {
  readonly body: Body;
  readonly operation: Operation;
}

export interface RelationshipPair {
  /** The payer's state, `S^A_m`. */
  readonly payment: Body;
  /** The payee's accept, `S^B_p`. */
  readonly accept: Body;
  readonly payer: 'first' | 'second';
}

/** Repeats a half from its genesis; answers its terms. */
export function replayHalf(context: Context, half: readonly HalfState[]): Result<HalfGenesis> {
  const first = half[0];
  if (!first) return fail('E_INCOMPLETE', 'REL-20', 'a half without states');
  const evidence = { ...context.evidence, operation: () => first.operation };
  const terms = verifyGenesis({ ...context, evidence }, first.body, 'half');
  if (!terms.ok) return terms;
  let tree: Tree = makeGenesis(context.suite, context.network.id, first.operation).tree;
  let parent = first.body;
  for (const { body, operation } of half.slice(1)) {
    const next = draftTransition(context, parent, operation, tree);
    if (!next.ok) return next;
    if (!equalBytes(next.value.hash, stateHash(context.suite, body))) {
      return fail('E_LINK', 'CHN-11', `state ${body.index} is not the one that follows`);
    }
    parent = body;
    tree = next.value.tree;
  }
  return terms;
}

/** Lists and verifies the pairs of two halves that are given from their geneses on. */
export function relationshipPairs(
  context: Context,
  first: readonly HalfState[],
  second: readonly HalfState[],
): Result<readonly RelationshipPair[]> {
  const firstTerms = replayHalf(context, first);
  if (!firstTerms.ok) return firstTerms;
  const secondTerms = replayHalf(context, second);
  if (!secondTerms.ok) return secondTerms;
  const partners = check(
    arePartners(context.suite, firstTerms.value, secondTerms.value),
    'E_MISMATCH',
    'REL-1',
    'the halves belong to different relationships',
  );
  if (!partners.ok) return partners;
  for (const [one, other] of [
    [first, second],
    [second, first],
  ] as const) {
    const seen = verifySeen(context, one, other);
    if (!seen.ok) return seen;
  }
  const byFirst = pairsOf(context, first, second, 'first');
  if (!byFirst.ok) return byFirst;
  const bySecond = pairsOf(context, second, first, 'second');
  return bySecond.ok ? ok([...byFirst.value, ...bySecond.value]) : bySecond;
}

/** Every state names a state of the other half, or none yet, and never an older one than before. */
function verifySeen(context: Context, half: readonly HalfState[], other: readonly HalfState[]): Result<undefined> {
  let newest = 0;
  for (const { body, operation } of half) {
    if (operation.kind !== 'half' || operation.operation.type === 'genesis') continue;
    const { seen } = operation.operation;
    const named = other[seen.index];
    const isNothing = seen.index === 0 && equalBytes(seen.hash, ZERO_HASH);
    const isThere = named !== undefined && equalBytes(stateHash(context.suite, named.body), seen.hash);
    if (seen.index < newest || !(isThere || isNothing)) {
      return fail('E_LINK', 'REL-20', `state ${body.index} names no state of the other half that it can have seen`);
    }
    newest = seen.index;
  }
  return done;
}

function pairsOf(
  context: Context,
  payer: readonly HalfState[],
  payee: readonly HalfState[],
  who: 'first' | 'second',
): Result<readonly RelationshipPair[]> {
  const accepts = new Map<string, { body: Body; operation: Accept }>();
  for (const { body, operation } of payee) {
    if (operation.kind === 'half' && operation.operation.type === 'accept') {
      accepts.set(toHex(operation.operation.state), { body, operation: operation.operation });
    }
  }
  const pairs: RelationshipPair[] = [];
  for (const { body, operation } of payer) {
    if (operation.kind !== 'half' || operation.operation.type !== 'pay') continue;
    const accept = accepts.get(toHex(stateHash(context.suite, body)));
    if (!accept) return fail('E_INCOMPLETE', 'REL-20', `nobody accepted state ${body.index}`);
    if (!equalBytes(accept.operation.precommit, body.precommit)) {
      return fail('E_MISMATCH', 'REL-16', `state ${body.index} was accepted under another pre-commitment`);
    }
    pairs.push({ payment: body, accept: accept.body, payer: who });
  }
  return ok(pairs);
}
