/** The crypto port on Node's OpenSSL. What OpenSSL lacks comes from the libraries named in the modules beside. */
import { argon2Sync, sign, verify } from 'node:crypto';
import type { CryptoSuite } from '@dsm/core';
import { open, seal } from '../shared/aead.ts';
import { contextBytes } from '../shared/contexts.ts';
import { tagCache } from '../shared/caches.ts';
import { hybridKem } from '../shared/hybrid-kem.ts';
import { generateKeyPair, hasProperLengths, requireSecretKey } from '../shared/noble-signatures.ts';
import { signatureSeed } from '../shared/seeds.ts';
import { passphraseBytes, requireStretchable, STRETCH_BYTES } from '../shared/stretching.ts';
import { blake3Hashing } from './blake3.ts';
import { nodeKem } from './kem.ts';
import { importSecretKey, plainBytes, publicKeyImporter } from './keys.ts';

/** SLH-DSA and ML-DSA signatures are hedged (FIPS 205 section 9.2, FIPS 204 section 3.4): two of one message differ. */
export function nodeCryptoSuite(): CryptoSuite {
  const hashing = blake3Hashing();
  const importPublicKey = publicKeyImporter();
  const contextOf = tagCache(contextBytes);
  return {
    ...hashing,
    ...hybridKem(nodeKem, hashing),
    seal,
    open,

    // OpenSSL takes no seed for SLH-DSA through Node, so noble generates; a key is generated once in its life.
    signatureKeyPair: (algorithm, seed) =>
      generateKeyPair(algorithm, signatureSeed(hashing.deriveBytes, algorithm, seed)),

    sign(secretKey, purpose, message) {
      requireSecretKey(secretKey);
      return plainBytes(sign(null, message, { key: importSecretKey(secretKey), context: contextOf(purpose) }));
    },

    verify(publicKey, purpose, message, signature) {
      if (!hasProperLengths(publicKey, signature)) return false;
      try {
        return verify(null, message, { key: importPublicKey(publicKey), context: contextOf(purpose) }, signature);
      } catch {
        return false;
      }
    },

    stretch(passphrase, salt, cost) {
      requireStretchable(salt, cost);
      const result = argon2Sync('argon2id', {
        message: passphraseBytes(passphrase),
        nonce: salt,
        memory: cost.memoryKib,
        passes: cost.passes,
        parallelism: cost.lanes,
        tagLength: STRETCH_BYTES,
      });
      return plainBytes(result);
    },
  };
}
