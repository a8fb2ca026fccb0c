/**
 * Strands as they are shown (spec MCH-2, MCH-3): from the genesis or from the newest state held up to a signed tip.
 * What a signature does not cover is not read.
 */
import { missing } from '../bundle/evidence.ts';
import { equalBytes, type ChainId, type StateHash } from '../bytes.ts';
import { stateHash, type Body, type Window } from '../chain/body.ts';
import { operationOf, verifyGenesis } from '../chain/final.ts';
import { makeGenesis } from '../chain/genesis.ts';
import { draftTransition, verifyAuthority, type Transition } from '../chain/transition.ts';
import type { Context } from '../context.ts';
import type { Tree } from '../merkle/sparse.ts';
import { verifyStanding } from '../relationship/base.ts';
import { check, checkAll, fail, ok, type Result } from '../result.ts';
import type { StepHash, StepPlace, StrandGenesis } from './operations.ts';

/** The writer is a verified account, under its key and on a final base. */
export const verifyStrandTerms = (context: Context, terms: StrandGenesis): Result<undefined> =>
  checkAll(
    () => check(terms.k >= 1, 'E_FORMAT', 'MCH-2', 'no checkpoint interval'),
    () => verifyStanding(context, terms),
  );

/** The genesis of a strand (spec MCH-2). */
export function verifyStrand(context: Context, chain: ChainId): Result<StrandGenesis> {
  const body = context.evidence.genesis(chain);
  if (!body) return missing('genesis', chain);
  const terms = verifyGenesis(context, body, 'strand');
  if (!terms.ok) return terms;
  const valid = verifyStrandTerms(context, terms.value);
  return valid.ok ? terms : valid;
}

/** What a party did at a place: signed a step there, or declined (null). */
export interface StrandEntry {
  readonly place: StepPlace;
  readonly step: StepHash | null;
  readonly window: Window;
  /** Where it stands. */
  readonly chain: ChainId;
  readonly index: number;
}

/** A state of a strand that the reader has verified before, with its leaves. */
export interface HeldStrand {
  readonly body: Body;
  readonly tree: Tree;
}

export interface ReadStrand {
  readonly chain: ChainId;
  readonly terms: StrandGenesis;
  /** The states above what was held, the tip last. */
  readonly steps: readonly Transition[];
  readonly tip: Body;
  /** All leaves at the tip. */
  readonly tree: Tree;
}

/** Repeats a strand up to a signed tip. `E_FORK`: what was held does not lie below it. `E_STALE`: it lies above. */
export function readStrand(context: Context, tip: StateHash, held?: HeldStrand): Result<ReadStrand> {
  const top = context.evidence.body(tip);
  if (!top) return missing('body', tip);
  if (top.kind !== 'strand') return fail('E_CHAIN', 'MCH-2', 'not a strand');
  if (top.index === 0) return fail('E_SIGNATURE', 'MCH-12', 'nothing of the strand is signed');
  const path = pathTo(context, top, held?.body);
  if (!path.ok) return path;
  const start = held ? ok(held) : beginning(context, path.value.genesis as Body);
  if (!start.ok) return start;
  const terms = held ? termsOf(context, top.chain) : verifyStrand(context, top.chain);
  if (!terms.ok) return terms;
  const steps: Transition[] = [];
  let { body: parent, tree } = start.value;
  for (const body of path.value.states) {
    const operation = operationOf(context, body);
    if (!operation.ok) return operation;
    const next = draftTransition(context, parent, operation.value, tree);
    if (!next.ok) return next;
    if (!equalBytes(next.value.hash, stateHash(context.suite, body))) {
      return fail('E_LINK', 'CHN-11', `state ${body.index} is not the one that follows`);
    }
    steps.push(next.value);
    parent = body;
    tree = next.value.tree;
  }
  const last = steps.at(-1);
  const signed = last ? verifyAuthority(context, last) : ok(undefined);
  if (!signed.ok) return signed;
  return ok({ chain: top.chain, terms: terms.value, steps, tip: parent, tree });
}

/** The bodies above what is held, or above the genesis, oldest first. */
function pathTo(
  { evidence, suite }: Context,
  top: Body,
  held: Body | undefined,
): Result<{ readonly states: readonly Body[]; readonly genesis?: Body }> {
  const states: Body[] = [];
  const heldHash = held && stateHash(suite, held);
  let body = top;
  let hash = stateHash(suite, top);
  for (;;) {
    if (heldHash && equalBytes(hash, heldHash)) return ok({ states });
    if (held && body.index <= held.index) {
      return body.index === held.index
        ? fail('E_FORK', 'MCH-13', `the strand shown has another state ${body.index} than the one known`)
        : fail('E_STALE', 'MCH-13', `newer states of this strand are known, up to ${held.index}`);
    }
    if (body.index === 0) return ok({ states, genesis: body });
    states.unshift(body);
    const parent = evidence.body(body.prev);
    if (!parent) return missing('body', body.prev);
    if (parent.index !== body.index - 1 || !equalBytes(parent.chain, body.chain)) {
      return fail('E_LINK', 'CHN-3', 'the states shown are not one chain');
    }
    hash = body.prev;
    body = parent;
  }
}

const termsOf = (context: Context, chain: ChainId): Result<StrandGenesis> => {
  const body = context.evidence.genesis(chain);
  return body ? verifyGenesis(context, body, 'strand') : missing('genesis', chain);
};

function beginning(context: Context, genesis: Body): Result<HeldStrand> {
  const operation = operationOf(context, genesis);
  if (!operation.ok) return operation;
  const made = makeGenesis(context.suite, context.network.id, operation.value);
  return ok({ body: genesis, tree: made.tree });
}

/** What the states of a strand say, oldest first. */
export const entriesOf = (steps: readonly Transition[]): readonly StrandEntry[] =>
  steps.flatMap(({ body, operation: { kind, operation } }) => {
    if (kind !== 'strand' || operation.type === 'genesis') return [];
    const { number, attempt, window } = operation;
    const step = operation.type === 'sign' ? operation.step : null;
    return [{ place: { number, attempt }, step, window, chain: body.chain, index: body.index }];
  });
