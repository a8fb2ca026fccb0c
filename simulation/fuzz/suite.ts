/**
 * A stand-in for signatures, so that thousands of verifications fit into a second: a signature is a keyed hash of the
 * right length that everybody can make who knows the public key. Keys and signatures are 32 bytes and zeros, so that
 * the corpus is small. Hashes, sealing and the rest are the real ones; the real signatures are targets of their own.
 */
import { encodeItem, equalBytes, SIGNATURE_ALGORITHMS, type CryptoSuite, type PublicKey } from '@dsm/core';
import { nodeCryptoSuite } from '@dsm/platform/node';

const CORE_BYTES = 32;
const SECRET_BYTES = { 'slh-dsa-sha2-128f': 64, 'slh-dsa-sha2-128s': 64, 'ml-dsa-44': 32 } as const;

function pad(core: Uint8Array, length: number): Uint8Array {
  const padded = new Uint8Array(length);
  padded.set(core.subarray(0, CORE_BYTES));
  return padded;
}

export interface FuzzSuite extends CryptoSuite {
  /** A signature that verifies under any key of the algorithm: for inputs that are mended after a mutation. */
  signForAll(purpose: string, message: Uint8Array, length: number): Uint8Array;
}

export function makeFuzzSuite(): FuzzSuite {
  const real = nodeCryptoSuite();
  const tagOf = (key: Uint8Array | null, purpose: string, message: Uint8Array): Uint8Array =>
    real.hash('fuzz-signature', encodeItem([key && key.slice(0, CORE_BYTES), purpose, message]));
  const isPadded = (bytes: Uint8Array): boolean => bytes.subarray(CORE_BYTES).every((byte) => byte === 0);
  return {
    ...real,
    signatureKeyPair(algorithm, seed) {
      const core = real.hash('fuzz-key', seed);
      const publicKey = { algorithm, bytes: pad(core, SIGNATURE_ALGORITHMS[algorithm].publicKeyBytes) };
      return { publicKey, secretKey: { algorithm, bytes: pad(core, SECRET_BYTES[algorithm]) } };
    },
    sign: ({ algorithm, bytes }, purpose, message) =>
      pad(tagOf(bytes, purpose, message), SIGNATURE_ALGORITHMS[algorithm].signatureBytes),
    verify({ algorithm, bytes }: PublicKey, purpose, message, signature) {
      if (signature.length !== SIGNATURE_ALGORITHMS[algorithm].signatureBytes || !isPadded(signature)) return false;
      const core = signature.subarray(0, CORE_BYTES);
      return equalBytes(core, tagOf(bytes, purpose, message)) || equalBytes(core, tagOf(null, purpose, message));
    },
    kemKeyPair(seed) {
      const { publicKey, secretKey } = real.kemKeyPair(seed);
      return { publicKey: pad(publicKey, publicKey.length), secretKey };
    },
    signForAll: (purpose, message, length) => pad(tagOf(null, purpose, message), length),
  };
}
