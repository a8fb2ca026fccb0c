/** The two key agreements of the hybrid by noble. */
import { x25519 } from '@noble/curves/ed25519.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import type { KemPrimitives } from '../shared/hybrid-kem.ts';

export const portableKem: KemPrimitives = {
  mlKemPublicKey: (seed) => ml_kem768.keygen(seed).publicKey,

  mlKemEncapsulate(publicKey, coins) {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, coins);
    return { ciphertext: cipherText, sharedSecret };
  },

  mlKemDecapsulate: (seed, ciphertext) => ml_kem768.decapsulate(ciphertext, ml_kem768.keygen(seed).secretKey),

  x25519PublicKey: (secretKey) => x25519.getPublicKey(secretKey),

  x25519SharedSecret: (secretKey, publicKey) => x25519.getSharedSecret(secretKey, publicKey),
};
