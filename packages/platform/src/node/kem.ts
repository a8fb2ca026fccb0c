/** The two key agreements of the hybrid by OpenSSL, except ML-KEM encapsulation. */
import { decapsulate, diffieHellman } from 'node:crypto';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import type { KemPrimitives } from '../shared/hybrid-kem.ts';
import { exportRawPublic, importRawPrivate, importRawPublic, importRawSeed, plainBytes } from './keys.ts';

export const nodeKem: KemPrimitives = {
  mlKemPublicKey: (seed) => exportRawPublic(importRawSeed('ml-kem-768', seed)),

  // Node's encapsulate draws its own coins; the port gives them, so that a simulation repeats exactly.
  mlKemEncapsulate(publicKey, coins) {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, coins);
    return { ciphertext: cipherText, sharedSecret };
  },

  mlKemDecapsulate: (seed, ciphertext) => plainBytes(decapsulate(importRawSeed('ml-kem-768', seed), ciphertext)),

  x25519PublicKey: (secretKey) => exportRawPublic(importRawPrivate('x25519', secretKey)),

  x25519SharedSecret: (secretKey, publicKey) =>
    plainBytes(
      diffieHellman({
        privateKey: importRawPrivate('x25519', secretKey),
        publicKey: importRawPublic('x25519', publicKey),
      }),
    ),
};
