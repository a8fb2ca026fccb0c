/**
 * Voids (spec CHN-14): the state of a place that came to nothing. It changes nothing, nobody signs it, and it follows
 * from its parent alone, so a place has exactly one; it stands by its Final. Accounts and vaults have them.
 */
import type { BundleItem } from '../bundle/items.ts';
import { equalBytes, type StateHash } from '../bytes.ts';
import type { Context } from '../context.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Tree } from '../merkle/sparse.ts';
import { pruneTree } from '../merkle/witness.ts';
import { fail, ok, type Result } from '../result.ts';
import type { Body } from './body.ts';
import { hashOperation, type Operation } from './operation.ts';
import { nextBody } from './step.ts';
import { draftTransition } from './transition.ts';

/** The one void operation above this parent. `E_CHAIN` for a kind of chain that is never certified. */
export function voidOperation({ kind, window }: Pick<Body, 'kind' | 'window'>): Result<Operation> {
  return kind === 'account' || kind === 'vault'
    ? ok({ kind, operation: { type: 'void', window } })
    : fail('E_CHAIN', 'CHN-14', 'only accounts and vaults have voids');
}

/** The one void above this parent; k is the checkpoint interval of the chain. */
export function voidBody(suite: CryptoSuite, parent: Body, k: number): Result<Body> {
  const operation = voidOperation(parent);
  if (!operation.ok) return operation;
  const { window, root } = parent;
  return ok(nextBody(suite, parent, { op: hashOperation(suite, operation.value), window, root, k }));
}

/** Whether a body is a void, which its window alone tells. */
export function isVoid(suite: CryptoSuite, body: Body): boolean {
  const operation = body.index > 0 ? voidOperation(body) : undefined;
  return operation?.ok === true && equalBytes(body.op, hashOperation(suite, operation.value));
}

export interface Void {
  readonly body: Body;
  readonly hash: StateHash;
  readonly operation: Operation;
  /** What a node needs to verify it: parent, body, operation, witness. Whether the parent is final is not shown. */
  readonly items: readonly BundleItem[];
}

/**
 * The void above this parent with what shows that it is one. `tree`: the parent's, or a witness of its root for any
 * state at the place, which shows at least what the void's does.
 */
export function makeVoid(context: Context, parent: Body, tree: Tree): Result<Void> {
  const operation = voidOperation(parent);
  if (!operation.ok) return operation;
  const drafted = draftTransition(context, parent, operation.value, tree);
  if (!drafted.ok) return drafted;
  const { body, hash, touched } = drafted.value;
  return ok({
    body,
    hash,
    operation: operation.value,
    items: [
      { type: 'body', body: parent },
      { type: 'body', body },
      { type: 'operation', operation: operation.value },
      { type: 'witness', tree: pruneTree(tree, touched) },
    ],
  });
}
