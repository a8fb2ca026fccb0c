/** Where a node keeps what: collections, and keys that sort as they must. */
import { concatBytes, type ChainId } from '@dsm/core';

export const COLLECTIONS = {
  /** `identity` → whose store this is. */
  node: 'node',
  /** Place → slot record. Never deleted. */
  slot: 'slot',
  /** Chain → index of its newest final state. */
  tip: 'tip',
  /** Account → index of the newest final state by which it was restored. */
  restored: 'restored',
  /** Name → item of evidence, verified. */
  item: 'item',
  /** Chain and position → a certified debit that names the chain; chain → how many there are. */
  credit: 'credit',
  creditCount: 'credit-count',
  /** Account → its identity; identity and account → nothing. */
  account: 'account',
  identity: 'identity',
  /** Place and round → the proposal that the node makes as the owner of the round. */
  proposal: 'proposal',
  /** What it is for → a signature that was made once. */
  signature: 'signature',
  /** Account and fork → encoded evidence. */
  evidence: 'evidence',
  /** `size` → leaves in the log. */
  log: 'log',
  /** Position → what the leaf says. */
  logLeaf: 'log-leaf',
  /** Level and index → hash of a perfect subtree. */
  logNode: 'log-node',
  /** Size → root, inserted once. */
  logRoot: 'log-root',
  /** Size → signed tree head. */
  head: 'head',
} as const;

/** Eight bytes, most significant first: numbers up to 2^53 in their order. */
export function numberKey(value: number): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, BigInt(value));
  return key;
}

export const readNumber = (bytes: Uint8Array): number =>
  Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0));

export const placeKey = (chain: ChainId, index: number): Uint8Array => concatBytes([chain, numberKey(index)]);

export const roundKey = (chain: ChainId, index: number, round: number): Uint8Array =>
  concatBytes([placeKey(chain, index), numberKey(round)]);

export const nodeKey = (level: number, index: number): Uint8Array =>
  concatBytes([Uint8Array.of(level), numberKey(index)]);

export const textKey = (text: string): Uint8Array => new TextEncoder().encode(text);
