/** Rules of a strand (spec MCH-3): one writer, and every state names a later place than the one before. */
import { requireTerms, TERMS_LEAF } from '../chain/genesis.ts';
import { ownerSigns, readRequired, type Applied, type Step } from '../chain/rules.ts';
import type { Item } from '../encoding/cbor.ts';
import type { Codec } from '../encoding/schema.ts';
import { check, checkAll, done, fail, ok, type Result } from '../result.ts';
import {
  comparePlaces,
  signedStepCodec,
  stepPlaceCodec,
  strandOperationCodec,
  type StrandGenesis,
  type StrandOperation,
} from './operations.ts';

/** Leaf with the place that the writer signed or declined last. */
export const PLACE_LEAF: Item = ['step'];

/** Leaf with the step that the writer signed last: what its newest state agrees with, a decline too. */
export const SIGNED_LEAF: Item = ['signed'];

export const strandTermsCodec: Codec<StrandGenesis> = {
  toItem: (terms) => strandOperationCodec.toItem(terms),
  fromItem: (item, at) => {
    const operation = strandOperationCodec.fromItem(item, at);
    if (!operation.ok) return operation;
    return operation.value.type === 'genesis'
      ? ok(operation.value)
      : fail('E_FORMAT', 'MCH-2', `${at}: the genesis of a strand expected`);
  },
};

export function applyStrand(step: Step<StrandOperation>): Result<Applied> {
  const { operation, leaves, context, parent } = step;
  if (operation.type === 'genesis') return fail('E_OPERATION', 'CHN-4', 'a genesis has no predecessor');
  const terms = readRequired(leaves, [...TERMS_LEAF.strand], strandTermsCodec);
  if (!terms.ok) return terms;
  const last = leaves.read(PLACE_LEAF, stepPlaceCodec);
  if (!last.ok) return last;
  const { window, number, attempt } = operation;
  const applied = checkAll(
    () => requireTerms(context.suite, parent, { kind: 'strand', operation: terms.value }),
    () => check(window.from <= window.until, 'E_WINDOW', 'CHN-7', 'the window ends before it begins'),
    () => check(number >= 1, 'E_STEP', 'MCH-3', 'steps count from 1'),
    () =>
      check(
        last.value === undefined || comparePlaces(last.value, operation) < 0,
        'E_STEP',
        'MCH-3',
        'not a later place than the one before',
      ),
    () => leaves.write(PLACE_LEAF, stepPlaceCodec, { number, attempt }),
    () =>
      operation.type === 'sign'
        ? leaves.write(SIGNED_LEAF, signedStepCodec, { number, attempt, step: operation.step })
        : done,
  );
  return applied.ok ? ok({ k: terms.value.k, authority: ownerSigns(step, terms.value.key) }) : applied;
}
