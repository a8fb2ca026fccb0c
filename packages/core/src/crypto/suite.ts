/**
 * The crypto port. Everything cryptographic that the project does goes through this interface and nothing else
 * imports a crypto library. Implementations: `@dsm/platform/node` (OpenSSL), `@dsm/platform/portable` (noble).
 *
 * All functions are synchronous and total on input: bytes of a wrong length make `verify` answer false and
 * `open`/`decapsulate` answer undefined; they never throw on hostile bytes.
 */
import type { PublicKey, SecretKey, SignatureAlgorithm } from './keys.ts';

export interface KeyPair {
  readonly publicKey: PublicKey;
  readonly secretKey: SecretKey;
}

export interface CryptoSuite {
  /**
   * BLAKE3-256 in derive-key mode with context string `DSM v1 <tag>` over `message` (spec ENC-5).
   * Returns 32 bytes.
   */
  hash(tag: string, message: Uint8Array): Uint8Array;

  /** Extendable output of the same function, `length` bytes; for deriving key seeds. */
  deriveBytes(tag: string, message: Uint8Array, length: number): Uint8Array;

  /** Key pair from a 32-byte seed, deterministic, equal in every implementation. */
  signatureKeyPair(algorithm: SignatureAlgorithm, seed: Uint8Array): KeyPair;

  /** Signs with the FIPS 204/205 pure form and the context string `DSM v1 <purpose>`. */
  sign(secretKey: SecretKey, purpose: string, message: Uint8Array): Uint8Array;

  /** False for a wrong signature, an unknown algorithm and for bytes of any wrong length. */
  verify(publicKey: PublicKey, purpose: string, message: Uint8Array, signature: Uint8Array): boolean;

  /** ML-KEM-768 + X25519 key pair from a 32-byte seed. Public key: 1184 + 32 bytes. */
  kemKeyPair(seed: Uint8Array): { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };

  /** `random` is 64 bytes of fresh entropy. Undefined when the public key is malformed. */
  encapsulate(
    publicKey: Uint8Array,
    random: Uint8Array,
  ): { readonly ciphertext: Uint8Array; readonly sharedKey: Uint8Array } | undefined;

  /** 32-byte shared key; undefined when a length is wrong. */
  decapsulate(secretKey: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined;

  /** XChaCha20-Poly1305: 32-byte key, 24-byte nonce. */
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array;

  /** Undefined when the tag does not verify. */
  open(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array, associated: Uint8Array): Uint8Array | undefined;

  /** Argon2id, 32 bytes out. */
  stretch(passphrase: string, salt: Uint8Array, cost: StretchCost): Uint8Array;
}

/** Argon2id parameters: `memoryKib` in KiB. */
export interface StretchCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}
