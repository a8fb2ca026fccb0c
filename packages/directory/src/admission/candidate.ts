/** A state that a round may choose: verified as far as what came along and what the store holds allow (spec NET-27). */
import {
  checkAdmissible,
  equalBytes,
  fail,
  ok,
  verifyCandidate,
  type BundleItem,
  type Failure,
  type Place,
  type Result,
  type StateHash,
} from '@dsm/core';
import { overlayOf } from '../store/items.ts';
import { verifyWithStore } from '../store/verify.ts';
import { broughtOf, type Node } from './settle.ts';

export interface JudgedCandidate {
  /** Why the node must not choose the state by itself at this time; null where it may. */
  readonly refusal: (nowMs: number) => Failure | null;
  /** Items of the request that the verification used; none where it failed. */
  readonly brought: readonly BundleItem[];
}

/** `E_SURPLUS` when an item comes twice; whatever else is wrong with the state stands in the answer. */
export async function judgeCandidate(
  node: Node,
  { chain, index, hash }: Place & { readonly hash: StateHash },
  items: readonly BundleItem[],
): Promise<Result<JudgedCandidate>> {
  const overlay = overlayOf(node.suite, items);
  if (!overlay.ok) return overlay;
  const { result, used } = await verifyWithStore(node, overlay.value, (context) => verifyCandidate(context, hash));
  if (!result.ok) return ok({ refusal: () => result.error, brought: [] });
  const { body } = result.value;
  if (!equalBytes(body.chain, chain) || body.index !== index) {
    const { error } = fail('E_CERTIFICATE', 'NET-8', 'a state of another place');
    return ok({ refusal: () => error, brought: [] });
  }
  return ok({
    refusal: (nowMs) => {
      const admissible = checkAdmissible(node, result.value, nowMs);
      return admissible.ok ? null : admissible.error;
    },
    brought: broughtOf(items, used),
  });
}
