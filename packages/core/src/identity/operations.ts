/** Operations of an identity (spec IDN-1 to IDN-4). Only the genesis in this version; its format is n-of-n. */
import { hashItem } from '../crypto/hash.ts';
import type { PublicKey } from '../crypto/keys.ts';
import { publicKeyCodec } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { bytes, hash, label, list, optional, record, uint, variant, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';

/** One participant of the commit–reveal genesis: the commitment came first, key and nonce were revealed after. */
export interface Participant {
  readonly commitment: Uint8Array;
  readonly key: PublicKey;
  readonly nonce: Uint8Array;
}

export interface IdentityGenesis {
  readonly type: 'genesis';
  readonly k: number;
  /** Each signs the genesis; n = 1 is ordinary. */
  readonly participants: readonly Participant[];
  /** Key in force, and the digest of the one that a rotation will reveal. */
  readonly controller: PublicKey;
  readonly nextKey: Uint8Array;
  readonly deviceRoot: Uint8Array;
  readonly devices: number;
  /** Commitment to a recovery policy. */
  readonly recovery: Uint8Array | null;
  /** ML-KEM-768 + X25519 key for envelopes to this identity. */
  readonly kemKey: Uint8Array;
  /** What the owner calls itself; proves nothing. */
  readonly name: string;
}

export type IdentityOperation = IdentityGenesis;

/** ML-KEM-768 public key (FIPS 203 table 3) and X25519. */
export const KEM_PUBLIC_KEY_BYTES: number = 1_184 + 32;

export const identityOperationCodec: Codec<IdentityOperation> = variant<IdentityOperation>({
  genesis: [
    0,
    {
      k: uint(LIMITS.maxSkip),
      participants: list(
        record<Participant>({ commitment: hash(), key: publicKeyCodec, nonce: bytes(32) }),
        LIMITS.genesisParticipants,
        1,
      ),
      controller: publicKeyCodec,
      nextKey: hash(),
      deviceRoot: hash(),
      devices: uint(1 << LIMITS.deviceProof),
      recovery: optional(hash()),
      kemKey: bytes(KEM_PUBLIC_KEY_BYTES),
      name: label(LIMITS.nameBytes, 1),
    },
  ],
});

/** What a participant publishes before anybody reveals (spec IDN-2). */
export const genesisCommitment = (suite: CryptoSuite, key: PublicKey, nonce: Uint8Array): Uint8Array =>
  hashItem(suite, 'genesis-commitment', [publicKeyCodec.toItem(key), nonce]);
