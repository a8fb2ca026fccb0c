/** The state behind a certificate or a quorum: what the node must have to serve it, and what it can verify itself. */
import {
  equalBytes,
  fail,
  itemNames,
  missing,
  ok,
  verifyCandidate,
  type BundleItem,
  type Finder,
  type Operation,
  type Place,
  type Result,
  type StateHash,
} from '@dsm/core';
import { loadItem, overlayOf } from '../store/items.ts';
import { broughtOf, type Node } from './settle.ts';
import { verifyWithStore } from '../store/verify.ts';

export interface CollectedState {
  readonly operation: Operation;
  /** Items of the request that are verified: at least body and operation, unless the node had them. */
  readonly brought: readonly BundleItem[];
}

/** `E_INCOMPLETE` while body or operation are neither in the request nor in the store. */
export async function collectState(
  node: Node,
  { chain, index, hash }: Place & { readonly hash: StateHash },
  items: readonly BundleItem[],
): Promise<Result<CollectedState>> {
  const overlay = overlayOf(node.suite, items);
  if (!overlay.ok) return overlay;
  const bodyItem = await findItem(node, overlay.value, itemNames.body(hash));
  if (bodyItem?.type !== 'body') return missing('body', hash);
  const { body } = bodyItem;
  if (!equalBytes(body.chain, chain) || body.index !== index) {
    return fail('E_CERTIFICATE', 'NET-8', 'the certificate names a state of another place');
  }
  const operationItem = await findItem(node, overlay.value, itemNames.operation(body.op));
  if (operationItem?.type !== 'operation') return missing('operation', body.op);
  const { operation } = operationItem;
  if (operation.kind !== body.kind) return fail('E_OPERATION', 'CHN-2', 'an operation of another kind of chain');
  // Whatever else came along is kept if the whole step verifies with it, so that others can be given it.
  const { result, used } = await verifyWithStore(node, overlay.value, (context) => verifyCandidate(context, hash));
  return ok({ operation, brought: broughtOf(items, result.ok ? used : [bodyItem, operationItem]) });
}

const findItem = async ({ suite, store }: Node, overlay: Finder, name: string): Promise<BundleItem | undefined> =>
  overlay(name) ?? (await loadItem(suite, store, name));
