/**
 * How one state fixes the next (spec CHN-2 to CHN-8). Everything in `S_{n+1}` follows from `S_n` and the operation,
 * so the pre-commitment `C_pre` names exactly one successor.
 */
import { ZERO_HASH, type ChainId, type NetworkId, type StateHash } from '../bytes.ts';
import { hashItem } from '../crypto/hash.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { BODY_VERSION, CHAIN_KINDS, stateHash, type Body, type ChainKind, type Window } from './body.ts';

/** `e_0 = H("entropy-0", chain)`. */
export const firstEntropy = (suite: CryptoSuite, chain: ChainId): Uint8Array => hashItem(suite, 'entropy-0', chain);

/** `e_{n+1} = H("entropy", [e_n, op_{n+1}, n+1])`. */
export const nextEntropy = (suite: CryptoSuite, entropy: Uint8Array, op: Uint8Array, index: number): Uint8Array =>
  hashItem(suite, 'entropy', [entropy, op, index]);

/** `C_pre = H("precommit", [H(S_n), op_{n+1}, e_{n+1}])`. */
export const precommitment = (
  suite: CryptoSuite,
  previous: StateHash,
  op: Uint8Array,
  entropy: Uint8Array,
): Uint8Array => hashItem(suite, 'precommit', [previous, op, entropy]);

export interface GenesisParts {
  readonly kind: ChainKind;
  readonly network: NetworkId;
  readonly op: Uint8Array;
  readonly window: Window;
  readonly root: Uint8Array;
}

/** `H("chain", genesis body)` with the chain id and the entropy, which depends on it, left empty. */
export function chainIdOf(suite: CryptoSuite, parts: GenesisParts): ChainId {
  const empty = new Uint8Array(0);
  return hashItem<ChainId>(suite, 'chain', [
    BODY_VERSION,
    CHAIN_KINDS.indexOf(parts.kind) + 1,
    parts.network,
    empty,
    0,
    ZERO_HASH,
    empty,
    ZERO_HASH,
    parts.op,
    [parts.window.from, parts.window.until],
    parts.root,
    ZERO_HASH,
  ]);
}

/** `S_0`. */
export function genesisBody(suite: CryptoSuite, parts: GenesisParts): Body {
  const chain = chainIdOf(suite, parts);
  return {
    version: BODY_VERSION,
    kind: parts.kind,
    network: parts.network,
    chain,
    index: 0,
    prev: ZERO_HASH as StateHash,
    entropy: firstEntropy(suite, chain),
    precommit: ZERO_HASH,
    op: parts.op,
    window: parts.window,
    root: parts.root,
    skip: ZERO_HASH as StateHash,
  };
}

export interface StepParts {
  readonly op: Uint8Array;
  readonly window: Window;
  readonly root: Uint8Array;
  /** Checkpoint interval k of the chain. */
  readonly k: number;
}

/** `skip_{n+1}`: `H(S_n)` if k divides n, else `skip_n`. */
export const nextSkip = (parent: Body, parentHash: StateHash, k: number): StateHash =>
  parent.index % k === 0 ? parentHash : parent.skip;

/** `S_{n+1}`. `parentHash` spares hashing the parent twice where it is known. */
export function nextBody(
  suite: CryptoSuite,
  parent: Body,
  step: StepParts,
  parentHash: StateHash = stateHash(suite, parent),
): Body {
  const index = parent.index + 1;
  const entropy = nextEntropy(suite, parent.entropy, step.op, index);
  return {
    version: BODY_VERSION,
    kind: parent.kind,
    network: parent.network,
    chain: parent.chain,
    index,
    prev: parentHash,
    entropy,
    precommit: precommitment(suite, parentHash, step.op, entropy),
    op: step.op,
    window: step.window,
    root: step.root,
    skip: nextSkip(parent, parentHash, step.k),
  };
}
