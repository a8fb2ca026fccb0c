/**
 * The body of a state (spec CHN-1): a fixed-order array
 * `[version, kind, network, chain, index, prev, entropy, precommit, op, window, root, skip]`.
 * The operation itself, signatures, certificates and proofs travel beside it and are never hashed in, so a body can
 * be shown without showing what was done.
 */
import type { ChainId, NetworkId, StateHash } from '../bytes.ts';
import { hashItem } from '../crypto/hash.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Item } from '../encoding/cbor.ts';
import { hash, record, uint, type Codec } from '../encoding/schema.ts';
import { fail, ok } from '../result.ts';

export const BODY_VERSION = 1;

/**
 * The kinds of chain (DESIGN section 3). `half`: one half of a relationship. `strand`: what one party of a machine
 * relationship writes.
 */
export type ChainKind = 'identity' | 'account' | 'half' | 'vault' | 'strand';

/** In the order of their numbers. */
export const CHAIN_KINDS: readonly ChainKind[] = ['identity', 'account', 'half', 'vault', 'strand'];

/** Both ends inclusive, milliseconds since the epoch. */
export interface Window {
  readonly from: number;
  readonly until: number;
}

export interface Body {
  readonly version: 1;
  readonly kind: ChainKind;
  readonly network: NetworkId;
  readonly chain: ChainId;
  readonly index: number;
  /** `H(S_{n-1})`; zero in a genesis. */
  readonly prev: StateHash;
  /** `e_n`. */
  readonly entropy: Uint8Array;
  /** `C_pre` that fixed this state; zero in a genesis. */
  readonly precommit: Uint8Array;
  readonly op: Uint8Array;
  readonly window: Window;
  /** Sparse Merkle root over all that the chain knows. */
  readonly root: Uint8Array;
  /** Hash of the newest checkpoint before this state; zero in a genesis. */
  readonly skip: StateHash;
}

/** Kinds are numbered from 1 in the encoding. */
export const kindCodec: Codec<ChainKind> = {
  toItem: (kind) => CHAIN_KINDS.indexOf(kind) + 1,
  fromItem: (item, at) => {
    const kind = typeof item === 'number' ? CHAIN_KINDS[item - 1] : undefined;
    return kind ? ok(kind) : fail('E_FORMAT', 'CHN-1', `${at}: unknown kind of chain`);
  },
};

export const windowCodec: Codec<Window> = record<Window>({ from: uint(), until: uint() });

const versionCodec: Codec<1> = {
  toItem: () => BODY_VERSION,
  fromItem: (item, at) =>
    item === BODY_VERSION ? ok(1) : fail('E_VERSION', 'CHN-1', `${at}: only version ${BODY_VERSION} is understood`),
};

export const bodyCodec: Codec<Body> = record<Body>({
  version: versionCodec,
  kind: kindCodec,
  network: hash<NetworkId>(),
  chain: hash<ChainId>(),
  index: uint(),
  prev: hash<StateHash>(),
  entropy: hash(),
  precommit: hash(),
  op: hash(),
  window: windowCodec,
  root: hash(),
  skip: hash<StateHash>(),
});

export const bodyToItem = (body: Body): Item => bodyCodec.toItem(body);

/** `H("state", S_n)`. */
export const stateHash = (suite: CryptoSuite, body: Body): StateHash =>
  hashItem<StateHash>(suite, 'state', bodyToItem(body));

/** A place in a chain: which state, by position. */
export interface Place {
  readonly chain: ChainId;
  readonly index: number;
}

export const placeCodec: Codec<Place> = record<Place>({ chain: hash<ChainId>(), index: uint() });

/** A state by position and hash, as states name one another. */
export interface Tip {
  readonly index: number;
  readonly hash: StateHash;
}

export const tipCodec: Codec<Tip> = record<Tip>({ index: uint(), hash: hash<StateHash>() });
