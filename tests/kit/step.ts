/** One step of any chain: drafted, signed, certified; and forged steps that break one rule and are correctly signed. */
import {
  draftTransition,
  editLeaves,
  evidenceFrom,
  hashOperation,
  indexItems,
  makeVoid,
  must,
  nextBody,
  ok,
  pruneTree,
  recordFinder,
  stateHash,
  stateMessage,
  treeRoot,
  verifySubmission,
  type Body,
  type BundleItem,
  type Certificate,
  type Codec,
  type Item,
  type KeyPair,
  type Leaves,
  type Operation,
  type Purpose,
  type SignedMessage,
  type StateHash,
  type Submission,
  type Transition,
  type Tree,
} from '@dsm/core';
import { signItem } from './device.ts';
import { certify, certifyByAcks, contextOf, remember, type TestNetwork } from './network.ts';

/** Anything that has a newest state and its leaves: a device, a half, a vault. */
export interface Writer {
  tip: Body;
  tree: Tree;
}

export interface TestStep {
  readonly body: Body;
  readonly hash: StateHash;
  readonly operation: Operation;
  /** Parent body, body, operation, signature, witness, and what came with the step: what is new about it. */
  readonly items: readonly BundleItem[];
}

export interface CertifiedStep extends TestStep {
  readonly certificate: Certificate;
}

/** Leaves of a step must be found before the world's: the witness and the total are the step's own. */
export const stepContext = (net: TestNetwork, step: TestStep) => contextOf(net, step.items);

/**
 * The writer's next state: drafted by the rules (throws where they refuse), signed by `key`, and the writer moved on.
 * `extra` are items that belong to this step alone, such as the payer's total of a claim.
 */
export function takeStep(
  net: TestNetwork,
  writer: Writer,
  key: KeyPair,
  operation: Operation,
  extra: readonly BundleItem[] = [],
): TestStep {
  const parent = writer.tip;
  const before = writer.tree;
  const transition: Transition = must(draftTransition(contextOf(net, extra), parent, operation, before));
  const { authority, hash, body, touched } = transition;
  if (authority === null) throw new Error('nobody signs a void');
  const items: BundleItem[] = [
    { type: 'body', body: parent },
    { type: 'body', body },
    { type: 'operation', operation },
    signItem(net, key, authority.purpose, hash, authority.message(hash)),
    { type: 'witness', tree: pruneTree(before, touched) },
    ...extra,
  ];
  remember(net, items);
  Object.assign(writer, { tip: body, tree: transition.tree });
  return { body, hash, operation, items };
}

/** Certifies a step with the keys of all nodes and lets `contextOf(net)` know. */
export function certifyStep(net: TestNetwork, step: TestStep): CertifiedStep {
  const certificate = certify(net, { chain: step.body.chain, index: step.body.index, hash: step.hash });
  remember(net, [{ type: 'certificate', certificate }]);
  return { ...step, certificate };
}

/**
 * A self-contained submission: exactly what a node that knows nothing needs. A step that the rules refuse gets
 * everything that was used up to the refusal, and everything of its own.
 */
export function submissionOf(net: TestNetwork, step: TestStep): Submission {
  const own = indexItems(net.suite, step.items);
  const recorder = recordFinder((name) => own.get(name) ?? net.items.get(name));
  const context = { ...net, evidence: evidenceFrom(recorder.find) };
  verifySubmission(context, step.hash);
  return { state: step.hash, items: [...new Set([...recorder.used(), ...step.items])], votes: [] };
}

export interface Forgery {
  readonly operation: Operation;
  /** What a dishonest writer writes into its root, against the rules. Without it: what the rules would, or nothing. */
  readonly edit?: (leaves: Leaves) => void;
  /** Fields of the finished body that are replaced before it is signed. */
  readonly body?: Partial<Body>;
  /** Shown instead of the minimal witness. */
  readonly witness?: (tree: Tree, touched: readonly Uint8Array[]) => Tree;
  readonly k?: number;
  /** Signed instead of the state itself: purpose and message of a claim, say. */
  readonly signAs?: { readonly purpose: Purpose; readonly message: SignedMessage };
  /** Items that belong to this step alone, such as the payer's total of a claim. */
  readonly extra?: readonly BundleItem[];
}

/** Any leaf as it is: to read one that the rules read, so that the witness shows it. */
export const anyItem: Codec<Item> = { toItem: (item) => item, fromItem: (item) => ok(item) };

/**
 * A state that breaks a rule and is signed correctly. The writer is not moved. Leaves that `edit`
 * reads or writes are in the witness, so that the broken rule is the only thing wrong.
 */
export function forgeStep(net: TestNetwork, writer: Writer, key: KeyPair, forgery: Forgery): TestStep {
  const { suite } = net;
  const { operation, edit = () => {}, witness = pruneTree, k = 64 } = forgery;
  const leaves = editLeaves(suite, writer.tree);
  edit(leaves);
  const window = 'window' in operation.operation ? operation.operation.window : writer.tip.window;
  const plain = nextBody(suite, writer.tip, {
    op: hashOperation(suite, operation),
    window,
    root: treeRoot(leaves.tree()),
    k,
  });
  const body = { ...plain, ...forgery.body };
  const hash = stateHash(suite, body);
  const { purpose, message } = forgery.signAs ?? {
    purpose: 'state',
    message: stateMessage(net, body.chain, body.index, hash),
  };
  const items: BundleItem[] = [
    { type: 'body', body: writer.tip },
    { type: 'body', body },
    { type: 'operation', operation },
    signItem(net, key, purpose, hash, message),
    { type: 'witness', tree: witness(writer.tree, leaves.touched()) },
    ...(forgery.extra ?? []),
  ];
  return { body, hash, operation, items };
}

/** The void above the writer's tip, and the writer moved on. Nobody signs it. */
export function takeVoid(net: TestNetwork, writer: Writer): TestStep {
  const { body, hash, operation, items } = must(makeVoid(contextOf(net), writer.tip, writer.tree));
  remember(net, items);
  writer.tip = body;
  return { body, hash, operation, items };
}

/** A void as the network decides about it: by acks of a round above 0. */
export function certifyVoid(net: TestNetwork, step: TestStep, round = 1): CertifiedStep {
  const certificate = certifyByAcks(net, { chain: step.body.chain, index: step.body.index, hash: step.hash }, round);
  remember(net, [{ type: 'certificate', certificate }]);
  return { ...step, certificate };
}
