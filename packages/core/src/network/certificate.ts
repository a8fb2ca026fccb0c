/**
 * Receipts, quorums and Final certificates (spec NET-3 to NET-8).
 *
 * A vote or ack is a leaf of the node's append-only log; the node signs one tree head per batch, and a receipt is the
 * inclusion of the leaf under such a head. Certificates carry exactly as many receipts as the rule asks for: a
 * surplus one would let two certificates of one decision differ, and would be bytes that nobody needs.
 */
import { equalBytes, type ChainId, type StateHash } from '../bytes.ts';
import { hashItem } from '../crypto/hash.ts';
import { keyId, signatureCodec, verifyMessage, type SignedMessage } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Item } from '../encoding/cbor.ts';
import { hash, list, record, uint, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { rootFromInclusion, type LogHasher } from '../merkle/log.ts';
import { check, checkAll, done, fail, ok, type Result } from '../result.ts';
import type { Network, NetworkContext } from './description.ts';

/** `votes` of one round, or `acks` of a node that locked a quorum of votes. */
export type Form = 'votes' | 'acks';

const FORMS: readonly Form[] = ['votes', 'acks'];

const formCodec: Codec<Form> = {
  toItem: (form) => FORMS.indexOf(form) + 1,
  fromItem: (item, at) => {
    const form = typeof item === 'number' ? FORMS[item - 1] : undefined;
    return form ? ok(form) : fail('E_FORMAT', 'NET-4', `${at}: neither votes nor acks`);
  },
};

/** What a vote or an ack says. The slot is named by the place that it decides. */
export interface Statement {
  readonly form: Form;
  readonly chain: ChainId;
  readonly index: number;
  readonly round: number;
  readonly hash: StateHash;
}

export interface TreeHead {
  /** Leaves in the log. */
  readonly size: number;
  readonly root: Uint8Array;
  /** The node's clock when it signed. */
  readonly timeMs: number;
  readonly signature: Uint8Array;
}

export interface Receipt {
  /** Position of the node in the description. */
  readonly node: number;
  /** Position of the leaf in the node's log. */
  readonly leaf: number;
  readonly head: TreeHead;
  readonly proof: readonly Uint8Array[];
}

export interface Certificate extends Statement {
  readonly receipts: readonly Receipt[];
}

export const treeHeadCodec: Codec<TreeHead> = record<TreeHead>({
  size: uint(),
  root: hash(),
  timeMs: uint(),
  signature: signatureCodec,
});

export const receiptCodec: Codec<Receipt> = record<Receipt>({
  node: uint(LIMITS.networkNodes - 1),
  leaf: uint(),
  head: treeHeadCodec,
  proof: list(hash(), LIMITS.logProof),
});

export const certificateCodec: Codec<Certificate> = record<Certificate>({
  form: formCodec,
  chain: hash<ChainId>(),
  index: uint(),
  round: uint(LIMITS.rounds),
  hash: hash<StateHash>(),
  receipts: list(receiptCodec, LIMITS.networkNodes, 1),
});

/** The leaf of a vote or an ack in the log of any node. */
export const statementToItem = (network: Network, statement: Statement): Item => [
  network.id,
  FORMS.indexOf(statement.form) + 1,
  statement.chain,
  statement.index,
  statement.round,
  statement.hash,
];

export const logHasher = (suite: CryptoSuite): LogHasher => ({
  node: (left, right) => hashItem(suite, 'log-node', [left, right]),
  empty: () => hashItem(suite, 'log-empty', []),
});

export const logLeafHash = (suite: CryptoSuite, leaf: Item): Uint8Array => hashItem(suite, 'log-leaf', leaf);

/** Message under a tree head's signature: the log is named by its node's key, the range is its leaves. */
export function treeHeadMessage(
  suite: CryptoSuite,
  network: Network,
  node: number,
  head: Omit<TreeHead, 'signature'>,
): SignedMessage {
  const log = keyId(suite, network.nodes[node] as (typeof network.nodes)[number]) as Uint8Array as ChainId;
  const digest = hashItem(suite, 'tree-head', [network.id, log, head.size, head.root, head.timeMs]);
  return { network: network.id, chain: log, from: 0, to: head.size, hash: digest };
}

/** One receipt: the statement is in the node's log under a head that the node signed (spec NET-5). */
export function verifyReceipt(
  { suite, network }: NetworkContext,
  statement: Statement,
  receipt: Receipt,
): Result<undefined> {
  const key = network.nodes[receipt.node];
  if (!key) return fail('E_CERTIFICATE', 'NET-5', `there is no node ${receipt.node}`);
  const leaf = logLeafHash(suite, statementToItem(network, statement));
  const root = rootFromInclusion(logHasher(suite), leaf, receipt.leaf, receipt.head.size, receipt.proof);
  if (!root || !equalBytes(root, receipt.head.root)) {
    return fail('E_CERTIFICATE', 'NET-5', `node ${receipt.node}: the statement is not under the tree head`);
  }
  const message = treeHeadMessage(suite, network, receipt.node, receipt.head);
  return verifyMessage(suite, key, 'head', message, receipt.head.signature)
    ? done
    : fail('E_SIGNATURE', 'NET-5', `node ${receipt.node}: wrong signature of the tree head`);
}

/** Receipts of `count` different nodes in ascending order, each valid. */
export function verifyReceipts(
  context: NetworkContext,
  statement: Statement,
  receipts: readonly Receipt[],
  count: number,
): Result<undefined> {
  const ascending = receipts.every((receipt, i) => i === 0 || (receipts[i - 1] as Receipt).node < receipt.node);
  const shape = checkAll(
    () => check(receipts.length >= count, 'E_CERTIFICATE', 'NET-6', `${receipts.length} receipts of ${count}`),
    () =>
      check(receipts.length === count, 'E_SURPLUS', 'NET-6', `${receipts.length} receipts, exactly ${count} allowed`),
    () => check(ascending, 'E_CERTIFICATE', 'NET-6', 'receipts not in ascending order of different nodes'),
  );
  if (!shape.ok) return shape;
  return checkAll(...receipts.map((receipt) => () => verifyReceipt(context, statement, receipt)));
}

/** QC(r, h): q votes (spec NET-7). A node that is shown one locks it and acks. */
export function verifyQuorum(context: NetworkContext, quorum: Certificate): Result<undefined> {
  if (quorum.form !== 'votes') return fail('E_CERTIFICATE', 'NET-7', 'a quorum consists of votes');
  return verifyReceipts(context, quorum, quorum.receipts, context.network.quorum);
}

/** Final(h): n equal votes of round 0, or q acks of one round (spec NET-8). Only Final is `certified`. */
export function verifyCertificate(context: NetworkContext, certificate: Certificate): Result<undefined> {
  const { network } = context;
  if (certificate.index === 0) return fail('E_CERTIFICATE', 'NET-8', 'a genesis is final by its id');
  if (certificate.form === 'acks') return verifyReceipts(context, certificate, certificate.receipts, network.quorum);
  if (certificate.round !== 0) return fail('E_CERTIFICATE', 'NET-8', 'votes of a later round are not final');
  return verifyReceipts(context, certificate, certificate.receipts, network.nodes.length);
}
