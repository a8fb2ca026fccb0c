/**
 * The crypto port on noble alone: browsers, workers and any other JavaScript engine. Five to nine times slower than
 * OpenSSL, not constant-time, and in its post-quantum part not independently audited.
 */
import { argon2id } from '@noble/hashes/argon2.js';
import type { CryptoSuite, SecretKey } from '@dsm/core';
import { open, seal } from '../shared/aead.ts';
import { contextBytes } from '../shared/contexts.ts';
import { hybridKem } from '../shared/hybrid-kem.ts';
import { generateKeyPair, hasProperLengths, NOBLE_SIGNATURES, requireSecretKey } from '../shared/noble-signatures.ts';
import { signatureSeed } from '../shared/seeds.ts';
import { passphraseBytes, requireStretchable, STRETCH_BYTES } from '../shared/stretching.ts';
import { blake3Hashing } from './blake3.ts';
import { portableKem } from './kem.ts';

/** noble signs ML-DSA with the expanded key, ours is the seed: it is expanded for each signature. */
const expandedSecretKey = ({ algorithm, bytes }: SecretKey): Uint8Array =>
  algorithm === 'ml-dsa-44' ? NOBLE_SIGNATURES[algorithm].keygen(bytes).secretKey : bytes;

/** Signatures are hedged, as on Node; the engine must have `crypto.getRandomValues`. */
export function portableCryptoSuite(): CryptoSuite {
  const hashing = blake3Hashing();
  return {
    ...hashing,
    ...hybridKem(portableKem, hashing),
    seal,
    open,

    signatureKeyPair: (algorithm, seed) =>
      generateKeyPair(algorithm, signatureSeed(hashing.deriveBytes, algorithm, seed)),

    sign(secretKey, purpose, message) {
      requireSecretKey(secretKey);
      const context = contextBytes(purpose);
      return NOBLE_SIGNATURES[secretKey.algorithm].sign(message, expandedSecretKey(secretKey), { context });
    },

    verify(publicKey, purpose, message, signature) {
      if (!hasProperLengths(publicKey, signature)) return false;
      const context = contextBytes(purpose);
      try {
        return NOBLE_SIGNATURES[publicKey.algorithm].verify(signature, message, publicKey.bytes, { context });
      } catch {
        return false;
      }
    },

    stretch(passphrase, salt, cost) {
      requireStretchable(salt, cost);
      return argon2id(passphraseBytes(passphrase), salt, {
        m: cost.memoryKib,
        t: cost.passes,
        p: cost.lanes,
        dkLen: STRETCH_BYTES,
      });
    },
  };
}
