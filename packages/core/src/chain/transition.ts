/**
 * The seed's `V(H, S_n, S_{n+1}, σ_C)` (spec CHN-11): repeats the operation on what the parent's root commits to,
 * recomputes the whole successor and checks who signed it. The owner's software drafts states with the same function.
 */
import { applyAccount } from '../account/rules.ts';
import { missing } from '../bundle/evidence.ts';
import { equalBytes, type StateHash } from '../bytes.ts';
import type { Context } from '../context.ts';
import { verifyMessage } from '../crypto/signature.ts';
import { applyStrand } from '../machine/rules.ts';
import { treeRoot, type Tree } from '../merkle/sparse.ts';
import { isMinimalWitness } from '../merkle/witness.ts';
import { applyHalf } from '../relationship/rules.ts';
import { check, checkAll, done, fail, ok, type Result } from '../result.ts';
import { applyVault } from '../vault/rules.ts';
import { stateHash, type Body } from './body.ts';
import { operationOf, requireFinal } from './final.ts';
import { editLeaves, type Leaves } from './leaves.ts';
import { verifyGenesisBody, verifyLink } from './links.ts';
import { hashOperation, type Operation } from './operation.ts';
import { outputsOf, type Output } from './outputs.ts';
import type { Applied, Authority } from './rules.ts';
import { nextBody } from './step.ts';

export interface Transition {
  readonly parent: Body;
  readonly body: Body;
  readonly hash: StateHash;
  readonly operation: Operation;
  readonly outputs: readonly Output[];
  /** Null for a void, which nobody signs. */
  readonly authority: Authority | null;
  /** The chain's leaves after the operation; whole if the given tree was. */
  readonly tree: Tree;
  /** Paths that the operation read or wrote: what a witness must cover. */
  readonly touched: readonly Uint8Array[];
}

function apply(context: Context, parent: Body, { kind, operation }: Operation, leaves: Leaves): Result<Applied> {
  switch (kind) {
    case 'account':
      return applyAccount({ context, parent, leaves, operation });
    case 'half':
      return applyHalf({ context, parent, leaves, operation });
    case 'vault':
      return applyVault({ context, parent, leaves, operation });
    case 'strand':
      return applyStrand({ context, parent, leaves, operation });
    case 'identity':
      return fail('E_OPERATION', 'IDN-4', 'an identity has no further operations in this version');
  }
}

/** The one successor of `parent` under this operation. `tree` is the whole tree of the parent, or a witness of it. */
export function draftTransition(context: Context, parent: Body, operation: Operation, tree: Tree): Result<Transition> {
  if (operation.kind !== parent.kind) return fail('E_OPERATION', 'CHN-2', 'an operation of another kind of chain');
  if (operation.operation.type === 'genesis') return fail('E_OPERATION', 'CHN-4', 'a genesis has no predecessor');
  const leaves = editLeaves(context.suite, tree);
  const applied = apply(context, parent, operation, leaves);
  if (!applied.ok) return applied;
  const body = nextBody(context.suite, parent, {
    op: hashOperation(context.suite, operation),
    window: operation.operation.window,
    root: treeRoot(leaves.tree()),
    k: applied.value.k,
  });
  return ok({
    parent,
    body,
    hash: stateHash(context.suite, body),
    operation,
    outputs: outputsOf(operation),
    authority: applied.value.authority,
    tree: leaves.tree(),
    touched: leaves.touched(),
  });
}

/** Everything about this step but its signature: for states that are proposed and not signed yet. */
export function verifyDraft(context: Context, body: Body): Result<Transition> {
  const { evidence, suite, network } = context;
  if (!equalBytes(body.network, network.id)) return fail('E_NETWORK', 'NET-1', 'a state of another network');
  const parent = evidence.body(body.prev);
  if (!parent) return missing('body', body.prev);
  const genesis = parent.index === 0 ? verifyGenesisBody(suite, parent) : done;
  if (!genesis.ok) return genesis;
  const link = verifyLink(suite, parent, body, undefined, body.prev);
  if (!link.ok) return link;
  const operation = operationOf(context, body);
  if (!operation.ok) return operation;
  const tree = evidence.witness(parent.root);
  if (tree === undefined) return missing('witness', parent.root);
  const transition = draftTransition(context, parent, operation.value, tree);
  if (!transition.ok) return transition;
  const valid = checkAll(
    () =>
      check(
        equalBytes(transition.value.hash, stateHash(suite, body)),
        'E_LINK',
        'CHN-11',
        'not the state that follows',
      ),
    () =>
      check(
        isMinimalWitness(tree, transition.value.touched),
        'E_SURPLUS',
        'CHN-10',
        'the proof shows more than is needed',
      ),
  );
  return valid.ok ? transition : valid;
}

/** The signature of the one who may append (spec CHN-12); the Final of a void, which has none (spec CHN-14). */
export function verifyAuthority(context: Context, { authority, body, hash }: Transition): Result<undefined> {
  if (authority === null) return requireFinal(context, body);
  const signature = context.evidence.signature(authority.purpose, hash);
  if (!signature) return missing(`signature ${authority.purpose}`, hash, 0);
  const valid = verifyMessage(context.suite, authority.key, authority.purpose, authority.message(hash), signature);
  return check(valid, 'E_SIGNATURE', 'CHN-12', 'the signature does not verify under the key in force');
}

/**
 * A complete step: parent, operation, root, link, signature, or Final of a void. That the parent is final is another
 * question.
 */
export function verifyTransition(context: Context, body: Body): Result<Transition> {
  const transition = verifyDraft(context, body);
  if (!transition.ok) return transition;
  const signed = verifyAuthority(context, transition.value);
  return signed.ok ? transition : signed;
}
