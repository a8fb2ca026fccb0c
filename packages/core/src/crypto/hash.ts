/** Hashing of one data item under a tag (spec ENC-5): `H(tag, x)`. No bare concatenation anywhere. */
import type { Item } from '../encoding/cbor.ts';
import { encodeItem } from '../encoding/cbor.ts';
import type { CryptoSuite } from './suite.ts';

/** Every tag in use. BLAKE3 derive-key context: `DSM v1 <tag>`. */
export type HashTag =
  | 'network'
  | 'chain'
  | 'state'
  | 'entropy-0'
  | 'entropy'
  | 'precommit'
  | 'op'
  | 'key'
  | 'next-key'
  | 'device-leaf'
  | 'device-node'
  | 'genesis-commitment'
  | 'leaf-path'
  | 'smt-leaf'
  | 'smt-node'
  | 'credit'
  | 'claim'
  | 'issue'
  | 'reference'
  | 'machine-code'
  | 'machine-relationship'
  | 'machine-state'
  | 'step'
  | 'token'
  | 'relationship'
  | 'log-leaf'
  | 'log-node'
  | 'log-empty'
  | 'tree-head'
  | 'slot'
  | 'report'
  | 'proposal'
  | 'evidence'
  | 'file'
  | 'envelope'
  | 'envelope-id'
  | 'channel'
  | 'wallet-key'
  | 'wallet-salt'
  | 'command'
  | 'key-seed'
  | 'kem-seed'
  | 'hybrid-kem';

export const hashItem = <T extends Uint8Array = Uint8Array>(suite: CryptoSuite, tag: HashTag, item: Item): T =>
  suite.hash(tag, encodeItem(item)) as T;
