/**
 * The logs of the nodes. Every tree head that anybody was given is noted. The log of a node, read from its store and
 * hashed anew, must have exactly the roots of those heads, must never lose or change a leaf, and must never say two
 * things about one round of one slot.
 */
import {
  decodeItem,
  equalBytes,
  logHasher,
  logLeafHash,
  subtreeHash,
  toHex,
  treeHeadMessage,
  verifyMessage,
  type CryptoSuite,
  type Item,
  type Network,
  type Store,
  type TreeHead,
} from '@dsm/core';
import type { Violations } from './violations.ts';

export interface HeadBook {
  readonly note: (node: number, head: TreeHead, where: string) => void;
  /** The largest head of this node that was seen. */
  readonly newest: (node: number) => { readonly size: number; readonly root: Uint8Array } | undefined;
  /** Sizes with their roots, ascending. */
  readonly of: (node: number) => readonly (readonly [size: number, root: Uint8Array])[];
  readonly count: () => number;
}

export function openHeadBook(
  { suite, network }: { readonly suite: CryptoSuite; readonly network: Network },
  violations: Violations,
  onNew: (node: number, size: number, root: string) => void = () => {},
): HeadBook & { readonly recall: (node: number, size: number, root: Uint8Array) => void } {
  const heads = network.nodes.map(() => new Map<number, Uint8Array>());
  const of = (node: number) => [...(heads[node] ?? [])].toSorted(([a], [b]) => a - b);
  return {
    of,
    newest(node) {
      const sizes = [...(heads[node]?.keys() ?? [])];
      if (sizes.length === 0) return undefined;
      const size = Math.max(...sizes);
      return { size, root: heads[node]?.get(size) as Uint8Array };
    },
    count: () => heads.reduce((sum, own) => sum + own.size, 0),
    recall: (node, size, root) => void heads[node]?.set(size, root),
    note(node, head, where) {
      const own = heads[node];
      const key = network.nodes[node];
      if (!own || !key) return violations.add(`${where}: a tree head of node ${node + 1}, which does not exist`);
      const known = own.get(head.size);
      if (known) {
        if (!equalBytes(known, head.root)) {
          violations.add(`node ${node + 1} has signed two roots for ${head.size} leaves; the second is in ${where}`);
        }
        return;
      }
      own.set(head.size, head.root);
      onNew(node, head.size, toHex(head.root));
      const message = treeHeadMessage(suite, network, node, head);
      if (!verifyMessage(suite, key, 'head', message, head.signature)) {
        violations.add(`${where}: a tree head of node ${node + 1} is not signed by it`);
      }
    },
  };
}

/** What a log was read to hold, level by level. */
export interface LogReader {
  /** Takes in the store of the node as it stands. Answers the number of leaves. */
  readonly read: (store: Store) => Promise<number>;
  /** Every head that was seen has the root of the leaves. */
  readonly checkHeads: (heads: HeadBook) => number;
  readonly size: () => number;
}

/** Leaves that were read before and are read again each time. */
const OVERLAP = 64;

export function openLogReader(suite: CryptoSuite, node: number, violations: Violations): LogReader {
  const hasher = logHasher(suite);
  /** `levels[l][i]`: hash of the perfect subtree of 2^l leaves from leaf i · 2^l on. */
  const levels: Uint8Array[][] = [[]];
  const said = new Map<string, string>();
  const checked = new Set<number>();
  const leaves = (): Uint8Array[] => levels[0] as Uint8Array[];
  const label = `node ${node + 1}`;

  const grow = (leaf: Uint8Array): void => {
    let hash = leaf;
    for (let level = 0; ; level++) {
      const row = (levels[level] ??= []);
      row.push(hash);
      if (row.length % 2 === 1) return;
      hash = hasher.node(row[row.length - 2] as Uint8Array, hash);
    }
  };

  const noteStatement = (position: number, item: Item): void => {
    const [, form, chain, index, round, hash] = item as readonly [
      Uint8Array,
      number,
      Uint8Array,
      number,
      number,
      Uint8Array,
    ];
    const slot = `${form} ${toHex(chain)} ${index} ${round}`;
    const before = said.get(slot);
    if (before !== undefined && before !== toHex(hash)) {
      violations.add(`${label}: leaf ${position} contradicts an older one: two states for ${slot}`);
    }
    said.set(slot, toHex(hash));
  };

  const take = (position: number, bytes: Uint8Array): void => {
    const item = decodeItem(bytes);
    if (!item.ok) return violations.add(`${label}: leaf ${position} cannot be read`);
    const hash = logLeafHash(suite, item.value);
    const known = leaves()[position];
    if (known) {
      if (!equalBytes(known, hash)) violations.add(`${label}: leaf ${position} has changed`);
      return;
    }
    if (position !== leaves().length) return violations.add(`${label}: leaf ${leaves().length} is missing`);
    grow(hash);
    noteStatement(position, item.value);
  };

  return {
    size: () => leaves().length,
    async read(store) {
      const before = leaves().length;
      const from = before - OVERLAP - 1;
      const options = from < 0 ? {} : { after: positionKey(from) };
      let position = from < 0 ? 0 : from + 1;
      for (const { key, value } of await store.scan('log-leaf', options)) {
        if (readPosition(key) !== position) violations.add(`${label}: leaf ${position} is missing`);
        take(position, value);
        position++;
      }
      if (position < before) violations.add(`${label}: the log had ${before} leaves and has ${position}`);
      return position;
    },
    checkHeads(heads) {
      let count = 0;
      for (const [size, root] of heads.of(node)) {
        if (checked.has(size)) continue;
        if (size > leaves().length) {
          violations.add(`${label} has signed a head of ${size} leaves and holds ${leaves().length}`);
          continue;
        }
        checked.add(size);
        count++;
        const found = subtreeHash(hasher, (level, index) => levels[level]?.[index] as Uint8Array, 0, size);
        if (!equalBytes(found, root)) violations.add(`${label}: the head of ${size} leaves is not that of its log`);
      }
      return count;
    },
  };
}

function positionKey(position: number): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, BigInt(position));
  return key;
}

const readPosition = (key: Uint8Array): number =>
  Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(0));
