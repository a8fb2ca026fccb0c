/**
 * ML-KEM-768 and X25519 together: secret as long as either holds. The shape is that of X-Wing
 * (draft-connolly-cfrg-xwing-kem), with the hash of this protocol and with everything hashed in, so that no property
 * of ML-KEM's own transcript binding is relied upon:
 *
 *     public key = ek (1184) ‖ X25519 public key (32)
 *     secret key = the 32-byte seed, see seeds.ts
 *     ciphertext = ML-KEM ciphertext (1088) ‖ ephemeral X25519 public key (32)
 *     shared key = H("hybrid-kem", [ML-KEM shared secret, X25519 shared secret, ciphertext, public key])
 *
 * ML-KEM rejects implicitly: a forged ciphertext gives an unrelated key. A peer's X25519 key of small order is
 * refused, as both libraries refuse it.
 */
import { concatBytes, encodeItem, type CryptoSuite } from '@dsm/core';
import { requireLength, SEED_BYTES } from './lengths.ts';
import { kemSeeds } from './seeds.ts';

const ML_KEM_PUBLIC_BYTES = 1_184;
const ML_KEM_CIPHERTEXT_BYTES = 1_088;
const X25519_BYTES = 32;
const RANDOM_BYTES = 64;
export const KEM_PUBLIC_BYTES: number = ML_KEM_PUBLIC_BYTES + X25519_BYTES;
export const KEM_CIPHERTEXT_BYTES: number = ML_KEM_CIPHERTEXT_BYTES + X25519_BYTES;

/** What a library contributes. Lengths are right when these are called; only bytes of peers can be malformed. */
export interface KemPrimitives {
  mlKemPublicKey(seed: Uint8Array): Uint8Array;
  /** Throws when the encapsulation key fails the modulus check of FIPS 203 section 7.2. */
  mlKemEncapsulate(publicKey: Uint8Array, coins: Uint8Array): { ciphertext: Uint8Array; sharedSecret: Uint8Array };
  mlKemDecapsulate(seed: Uint8Array, ciphertext: Uint8Array): Uint8Array;
  x25519PublicKey(secretKey: Uint8Array): Uint8Array;
  /** Throws when the shared secret would be all zero. */
  x25519SharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array;
}

const attempt = <T>(run: () => T): T | undefined => {
  try {
    return run();
  } catch {
    return undefined;
  }
};

export function hybridKem(
  primitives: KemPrimitives,
  { hash, deriveBytes }: Pick<CryptoSuite, 'hash' | 'deriveBytes'>,
): Pick<CryptoSuite, 'kemKeyPair' | 'encapsulate' | 'decapsulate'> {
  const combine = (
    mlKemSecret: Uint8Array,
    x25519Secret: Uint8Array,
    ciphertext: Uint8Array,
    publicKey: Uint8Array,
  ): Uint8Array => hash('hybrid-kem', encodeItem([mlKemSecret, x25519Secret, ciphertext, publicKey]));

  const publicKeyOf = (seeds: ReturnType<typeof kemSeeds>): Uint8Array =>
    concatBytes([primitives.mlKemPublicKey(seeds.mlKem), primitives.x25519PublicKey(seeds.x25519)]);

  return {
    kemKeyPair(seed) {
      requireLength('seed', seed, SEED_BYTES);
      return { publicKey: publicKeyOf(kemSeeds(deriveBytes, seed)), secretKey: seed.slice() };
    },

    encapsulate(publicKey, random) {
      requireLength('random', random, RANDOM_BYTES);
      if (publicKey.length !== KEM_PUBLIC_BYTES) return undefined;
      return attempt(() => {
        const lattice = primitives.mlKemEncapsulate(
          publicKey.subarray(0, ML_KEM_PUBLIC_BYTES),
          random.subarray(0, X25519_BYTES),
        );
        const ephemeral = random.subarray(X25519_BYTES);
        const curve = primitives.x25519SharedSecret(ephemeral, publicKey.subarray(ML_KEM_PUBLIC_BYTES));
        const ciphertext = concatBytes([lattice.ciphertext, primitives.x25519PublicKey(ephemeral)]);
        return { ciphertext, sharedKey: combine(lattice.sharedSecret, curve, ciphertext, publicKey) };
      });
    },

    decapsulate(secretKey, ciphertext) {
      if (secretKey.length !== SEED_BYTES || ciphertext.length !== KEM_CIPHERTEXT_BYTES) return undefined;
      return attempt(() => {
        const seeds = kemSeeds(deriveBytes, secretKey);
        const lattice = primitives.mlKemDecapsulate(seeds.mlKem, ciphertext.subarray(0, ML_KEM_CIPHERTEXT_BYTES));
        const curve = primitives.x25519SharedSecret(seeds.x25519, ciphertext.subarray(ML_KEM_CIPHERTEXT_BYTES));
        return combine(lattice, curve, ciphertext, publicKeyOf(seeds));
      });
    },
  };
}
