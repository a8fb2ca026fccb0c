/**
 * The node's append-only log in the store (spec NET-9, NET-18): leaves at dense positions, the hashes of all perfect
 * subtrees, one root a size, and signed tree heads.
 */
import {
  decodeWith,
  encodeItem,
  encodeWith,
  fail,
  inclusionProof,
  logHasher,
  logLeafHash,
  ok,
  signMessage,
  statementToItem,
  StoreError,
  subtreeHash,
  treeHeadCodec,
  treeHeadMessage,
  ZERO_HASH,
  type LogHasher,
  type Receipt,
  type Result,
  type Statement,
  type Store,
  type SubtreeReader,
  type TreeHead,
} from '@dsm/core';
import type { NodeContext } from '../context.ts';
import { COLLECTIONS, nodeKey, numberKey, readNumber, textKey } from './keys.ts';
import type { Transaction } from './transaction.ts';

const SIZE = textKey('size');

const damaged = (what: string): StoreError =>
  new StoreError({ code: 'E_DAMAGED', rule: 'STO-5', message: `the log is damaged: ${what}` });

export async function readLogSize(from: Pick<Transaction, 'read'>): Promise<number> {
  const size = await from.read(COLLECTIONS.log, SIZE);
  return size === undefined ? 0 : readNumber(size);
}

/** Subtrees are read synchronously from what was loaded; runs again until nothing is lacking. */
export async function withSubtrees<T>(
  load: (level: number, index: number) => Promise<Uint8Array | undefined>,
  run: (read: SubtreeReader) => T,
): Promise<T> {
  const known = new Map<string, Uint8Array>();
  for (;;) {
    const wanted: [number, number][] = [];
    const result = run((level, index) => {
      const hash = known.get(`${level} ${index}`);
      if (hash === undefined) wanted.push([level, index]);
      return hash ?? ZERO_HASH;
    });
    if (wanted.length === 0) return result;
    for (const [level, index] of wanted) {
      const hash = await load(level, index);
      if (hash === undefined) throw damaged(`subtree ${index} of level ${level} is missing`);
      known.set(`${level} ${index}`, hash);
    }
  }
}

interface Grown {
  readonly nodes: readonly { readonly level: number; readonly index: number; readonly hash: Uint8Array }[];
  readonly root: Uint8Array;
}

/** The perfect subtrees that these leaves complete, and the new root. */
export function growLog(hasher: LogHasher, size: number, leaves: readonly Uint8Array[], read: SubtreeReader): Grown {
  const nodes: { level: number; index: number; hash: Uint8Array }[] = [];
  const added = new Map<string, Uint8Array>();
  const readAll: SubtreeReader = (level, index) => added.get(`${level} ${index}`) ?? read(level, index);
  const add = (level: number, index: number, hash: Uint8Array): void => {
    nodes.push({ level, index, hash });
    added.set(`${level} ${index}`, hash);
    if (index % 2 === 1) add(level + 1, (index - 1) / 2, hasher.node(readAll(level, index - 1), hash));
  };
  leaves.forEach((leaf, i) => add(0, size + i, leaf));
  return { nodes, root: subtreeHash(hasher, readAll, 0, size + leaves.length) };
}

/** Appends in the transaction: leaves, subtrees, size, and the one root of the new size. */
export async function appendToLog(
  { suite, network }: NodeContext,
  transaction: Transaction,
  statements: readonly Statement[],
): Promise<void> {
  const size = await readLogSize(transaction);
  const items = statements.map((statement) => statementToItem(network, statement));
  const leaves = items.map((item) => logLeafHash(suite, item));
  const load = (level: number, index: number) => transaction.peek(COLLECTIONS.logNode, nodeKey(level, index));
  const grown = await withSubtrees(load, (read) => growLog(logHasher(suite), size, leaves, read));
  const newSize = size + leaves.length;
  items.forEach((item, i) => transaction.write(COLLECTIONS.logLeaf, numberKey(size + i), encodeItem(item)));
  for (const { level, index, hash } of grown.nodes) {
    transaction.write(COLLECTIONS.logNode, nodeKey(level, index), hash);
  }
  transaction.write(COLLECTIONS.log, SIZE, numberKey(newSize));
  // Inserted only where there is none: a size never has two roots, whoever else writes to this store.
  const root = await transaction.read(COLLECTIONS.logRoot, numberKey(newSize));
  if (root !== undefined) throw damaged(`size ${newSize} has a root already`);
  transaction.write(COLLECTIONS.logRoot, numberKey(newSize), grown.root);
}

const readHead = (bytes: Uint8Array): TreeHead => {
  const head = decodeWith(treeHeadCodec, bytes, 'head');
  if (!head.ok) throw damaged('a tree head cannot be read');
  return head.value;
};

/** The first signed head under which this leaf is: the same one whenever it is asked for. */
async function findHead(store: Store, leaf: number): Promise<TreeHead | undefined> {
  const [found] = await store.scan(COLLECTIONS.head, { after: numberKey(leaf), limit: 1 });
  return found && readHead(found.value);
}

export async function newestHead(store: Store): Promise<TreeHead | undefined> {
  const [found] = await store.scan(COLLECTIONS.head, { reverse: true, limit: 1 });
  return found && readHead(found.value);
}

/** Signs the head of the whole log, after its root is in the store, and keeps it before anybody sees it. */
async function signHead(node: NodeContext): Promise<Result<TreeHead>> {
  const { store, suite, network, nodeIndex, secretKey, clock } = node;
  const size = await readLogSize({ read: (collection, key) => store.get(collection, key) });
  const root = await store.get(COLLECTIONS.logRoot, numberKey(size));
  if (root === undefined) throw damaged(`size ${size} has no root`);
  const unsigned = { size, root, timeMs: clock() };
  const message = treeHeadMessage(suite, network, nodeIndex, unsigned);
  const head = { ...unsigned, signature: signMessage(suite, secretKey, 'head', message) };
  const key = numberKey(size);
  const kept = await store.commit(
    [{ collection: COLLECTIONS.head, key, put: encodeWith(treeHeadCodec, head) }],
    [{ collection: COLLECTIONS.head, key, is: 'absent' }],
  );
  if (kept.ok) return ok(head);
  if (kept.error.code !== 'E_CONFLICT') return kept;
  const other = await store.get(COLLECTIONS.head, key);
  return other ? ok(readHead(other)) : fail('E_STORE', 'STO-4', 'the tree head could not be kept');
}

/** The receipt of a leaf that is in the store. */
export async function makeReceipt(node: NodeContext, leaf: number): Promise<Result<Receipt>> {
  const { store, suite, nodeIndex } = node;
  const found = await findHead(store, leaf);
  const head = found ? ok(found) : await signHead(node);
  if (!head.ok) return head;
  const load = (level: number, index: number) => store.get(COLLECTIONS.logNode, nodeKey(level, index));
  const { size } = head.value;
  const proof = await withSubtrees(load, (read) => inclusionProof(logHasher(suite), read, leaf, size));
  return ok({ node: nodeIndex, leaf, head: head.value, proof });
}
