/** The FIPS 204 and 205 algorithms as noble has them, by the names of the protocol. */
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { slh_dsa_sha2_128f, slh_dsa_sha2_128s } from '@noble/post-quantum/slh-dsa.js';
import { SIGNATURE_ALGORITHMS, type KeyPair, type PublicKey, type SecretKey, type SignatureAlgorithm } from '@dsm/core';
import { requireLength } from './lengths.ts';

interface NobleSignature {
  keygen(seed: Uint8Array): { publicKey: Uint8Array; secretKey: Uint8Array };
  sign(message: Uint8Array, secretKey: Uint8Array, options: { context: Uint8Array }): Uint8Array;
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array, options: { context: Uint8Array }): boolean;
}

export const NOBLE_SIGNATURES: Readonly<Record<SignatureAlgorithm, NobleSignature>> = {
  'slh-dsa-sha2-128f': slh_dsa_sha2_128f,
  'slh-dsa-sha2-128s': slh_dsa_sha2_128s,
  'ml-dsa-44': ml_dsa44,
};

/** The seed ξ for ML-DSA; `SK.seed‖SK.prf‖PK.seed‖PK.root` for SLH-DSA. */
export const SECRET_KEY_BYTES: Readonly<Record<SignatureAlgorithm, number>> = {
  'slh-dsa-sha2-128f': 64,
  'slh-dsa-sha2-128s': 64,
  'ml-dsa-44': 32,
};

/** Key pair from the seed of the FIPS key generation, see seeds.ts. */
export function generateKeyPair(algorithm: SignatureAlgorithm, seed: Uint8Array): KeyPair {
  const { publicKey, secretKey } = NOBLE_SIGNATURES[algorithm].keygen(seed);
  return {
    publicKey: { algorithm, bytes: publicKey },
    secretKey: { algorithm, bytes: algorithm === 'ml-dsa-44' ? seed : secretKey },
  };
}

export const requireSecretKey = (key: SecretKey): void =>
  requireLength('secret key', key.bytes, SECRET_KEY_BYTES[key.algorithm]);

/** Whether key and signature have a known algorithm and its lengths: everything else never reaches a library. */
export function hasProperLengths(publicKey: PublicKey, signature: Uint8Array): boolean {
  if (!Object.hasOwn(SIGNATURE_ALGORITHMS, publicKey.algorithm)) return false;
  const facts = SIGNATURE_ALGORITHMS[publicKey.algorithm];
  return publicKey.bytes.length === facts.publicKeyBytes && signature.length === facts.signatureBytes;
}
