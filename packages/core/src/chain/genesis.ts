/**
 * Genesis states of every kind of chain (spec CHN-4, IDN-1 to IDN-4, VAL-2, REL-1, RES-1, MCH-2): the root follows from the
 * operation, the chain id from the body. A genesis operation is never shown with a window: its window is all time.
 */
import type { AccountGenesis } from '../account/operations.ts';
import { equalBytes, type ChainId, type NetworkId } from '../bytes.ts';
import { publicKeyCodec } from '../crypto/signature.ts';
import type { PublicKey } from '../crypto/keys.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { encodeItem, type Item } from '../encoding/cbor.ts';
import { hash, record, uint, type Codec } from '../encoding/schema.ts';
import { MAX_TIME } from '../limits.ts';
import { EMPTY_TREE, leafPath, setLeaf, treeRoot, type Tree } from '../merkle/sparse.ts';
import { check, must, type Result } from '../result.ts';
import type { Body, Window } from './body.ts';
import { hashOperation, operationCodec, type Operation } from './operation.ts';
import { genesisBody } from './step.ts';

export const ALWAYS: Window = { from: 0, until: MAX_TIME };

/** Leaf `["account"]`: the facts in force. A rotation or recovery would replace the key. */
export interface AccountTerms {
  readonly k: number;
  readonly identity: ChainId;
  readonly key: PublicKey;
  readonly nextKey: Uint8Array;
}

export const accountTermsCodec: Codec<AccountTerms> = record<AccountTerms>({
  k: uint(),
  identity: hash<ChainId>(),
  key: publicKeyCodec,
  nextKey: hash(),
});

/** Name of the leaf that holds the terms of a chain. */
export const TERMS_LEAF = {
  identity: ['identity'],
  account: ['account'],
  half: ['half'],
  vault: ['vault'],
  strand: ['strand'],
} as const;

const accountTerms = (genesis: AccountGenesis): AccountTerms => ({
  k: genesis.k,
  identity: genesis.identity,
  key: genesis.key,
  nextKey: genesis.nextKey,
});

/** What the terms leaf of a new chain holds. */
function termsItem(genesis: Operation, op: Uint8Array): Item {
  if (genesis.kind === 'account' && genesis.operation.type === 'genesis') {
    return accountTermsCodec.toItem(accountTerms(genesis.operation));
  }
  // An identity's genesis may be larger than a leaf; its hash stands in.
  if (genesis.kind === 'identity') return op;
  return (operationCodec.toItem(genesis) as readonly Item[])[1] as Item;
}

export interface Genesis {
  readonly body: Body;
  readonly tree: Tree;
}

/** Body and whole tree of the chain that this operation begins. */
export function makeGenesis(suite: CryptoSuite, network: NetworkId, genesis: Operation): Genesis {
  const op = hashOperation(suite, genesis);
  const item = termsItem(genesis, op);
  const path = leafPath(suite, [...TERMS_LEAF[genesis.kind]]);
  const tree = must(setLeaf(suite, EMPTY_TREE, path, encodeItem(item)));
  return { body: genesisBody(suite, { kind: genesis.kind, network, op, window: ALWAYS, root: treeRoot(tree) }), tree };
}

/**
 * That terms read from a root are those of the chain itself (spec CHN-12). A verifier is not always led to the parent
 * from its genesis, and an invented parent could name any key.
 */
export const requireTerms = (
  suite: CryptoSuite,
  { network, chain }: Pick<Body, 'network' | 'chain'>,
  terms: Operation,
): Result<undefined> =>
  check(
    equalBytes(makeGenesis(suite, network, terms).body.chain, chain),
    'E_CHAIN',
    'CHN-12',
    'the root holds the terms of another chain',
  );
