/**
 * Provenance (spec CHN-13): from the pinned network and the genesis to this state. Accept ⇔ complete: whatever is
 * missing on the way is listed, all of it.
 */
import { equalBytes, toHex, type StateHash } from '../bytes.ts';
import type { Body, ChainKind } from '../chain/body.ts';
import { requireFinal } from '../chain/final.ts';
import { verifyGenesisBody } from '../chain/links.ts';
import { verifyTransition } from '../chain/transition.ts';
import type { Context } from '../context.ts';
import { verifyHalf } from '../messages/offer.ts';
import { fail, ok, type Failure, type Result } from '../result.ts';

export interface Provenance {
  readonly kind: ChainKind;
  readonly tip: Body;
  /** States from the genesis to the tip. */
  readonly states: number;
  /** `provisional` while the tip of an account has no certificate; halves are agreed, not graded. */
  readonly grade: 'certified' | 'provisional' | undefined;
}

export function verifyProvenance(context: Context, tip: StateHash): Result<Provenance> {
  const walked = walkBack(context, tip);
  if (!walked.ok) return walked;
  const states = walked.value;
  const missing: string[] = [];
  const failures: Failure[] = [];
  const note = (result: Result<unknown>): void => {
    if (result.ok) return;
    if (result.error.missing) missing.push(...result.error.missing);
    else failures.push(result.error);
  };
  note(verifyBeginning(context, states[0] as Body));
  for (const body of states.slice(1)) note(verifyTransition(context, body));
  const certified = verifyCertificates(context, states);
  note(certified);
  const [failure] = failures;
  if (failure) return { ok: false, error: failure };
  if (missing.length > 0) return incomplete(missing);
  const last = states.at(-1) as Body;
  const isFinal = certified.ok && certified.value;
  const grade = last.kind === 'half' ? undefined : isFinal ? 'certified' : 'provisional';
  return ok({ kind: last.kind, tip: last, states: states.length, grade });
}

const incomplete = (missing: readonly string[]) =>
  fail('E_INCOMPLETE', 'CHN-13', `missing: ${missing.length} items, first ${missing[0]}`, {
    missing: [...new Set(missing)],
  });

/** States from the genesis to the tip, by the hashes that link them. */
function walkBack({ evidence }: Context, tip: StateHash): Result<readonly Body[]> {
  const states: Body[] = [];
  let hash = tip;
  for (;;) {
    const body = evidence.body(hash);
    if (!body) return incomplete([`body ${toHex(hash)}`]);
    const above = states.at(-1);
    if (above && (body.index !== above.index - 1 || !equalBytes(body.chain, above.chain))) {
      return fail('E_LINK', 'CHN-3', `state ${above.index} does not follow from what it names`);
    }
    states.push(body);
    if (body.index === 0) return ok(states.toReversed());
    hash = body.prev;
  }
}

function verifyBeginning(context: Context, genesis: Body): Result<unknown> {
  const own = verifyGenesisBody(context.suite, genesis);
  if (!own.ok) return own;
  return genesis.kind === 'half' ? verifyHalf(context, genesis.chain) : requireFinal(context, genesis);
}

/** Every certificate that came along is checked; answers whether the tip is final. */
function verifyCertificates(context: Context, states: readonly Body[]): Result<boolean> {
  const last = states.at(-1) as Body;
  if (last.kind === 'half') return ok(false);
  let tipIsFinal = last.index === 0;
  for (const body of states.slice(1)) {
    if (!context.evidence.certificate(body.chain, body.index)) continue;
    const final = requireFinal(context, body);
    if (!final.ok) return final;
    tipIsFinal = body === last;
  }
  return ok(tipIsFinal);
}
