/** Names under which items of evidence are found: by what they say (spec BND-2). */
import { tokenId } from '../account/policy.ts';
import { toHex, type ChainId, type StateHash, type TokenId } from '../bytes.ts';
import { stateHash } from '../chain/body.ts';
import { hashOperation } from '../chain/operation.ts';
import type { Purpose } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { treeRoot } from '../merkle/sparse.ts';
import type { BundleItem } from './items.ts';

export const itemNames = {
  body: (hash: StateHash): string => `body ${toHex(hash)}`,
  /** A genesis is found by its chain as well as by its hash. */
  genesis: (chain: ChainId): string => `genesis ${toHex(chain)}`,
  operation: (op: Uint8Array): string => `operation ${toHex(op)}`,
  signature: (purpose: Purpose, subject: StateHash, position: number): string =>
    `signature ${purpose} ${toHex(subject)} ${position}`,
  certificate: (chain: ChainId, index: number): string => `certificate ${toHex(chain)} ${index}`,
  policy: (token: TokenId): string => `policy ${toHex(token)}`,
  witness: (root: Uint8Array): string => `witness ${toHex(root)}`,
  total: (vault: ChainId, total: bigint): string => `total ${toHex(vault)} ${total}`,
} as const;

/** The one name of an item; two items of one name are duplicates. A genesis body goes by its chain. */
export function nameOf(suite: CryptoSuite, item: BundleItem): string {
  switch (item.type) {
    case 'body':
      return itemNames.body(stateHash(suite, item.body));
    case 'operation':
      return itemNames.operation(hashOperation(suite, item.operation));
    case 'signature':
      return itemNames.signature(item.purpose, item.subject, item.position);
    case 'certificate':
      return itemNames.certificate(item.certificate.chain, item.certificate.index);
    case 'policy':
      return itemNames.policy(tokenId(suite, item.policy));
    case 'witness':
      return itemNames.witness(treeRoot(item.tree));
    case 'total':
      return itemNames.total(item.vault, item.total);
  }
}
