/** From one 32-byte seed to the seeds that the FIPS key generations take. The same in every implementation. */
import { encodeItem, SIGNATURE_ALGORITHMS, type CryptoSuite, type SignatureAlgorithm } from '@dsm/core';
import { requireLength, SEED_BYTES } from './lengths.ts';

type DeriveBytes = CryptoSuite['deriveBytes'];

/** FIPS 205 `SK.seed`, `SK.prf`, `PK.seed` of 16 bytes each; FIPS 204 `ξ` of 32. */
const KEY_GENERATION_BYTES: Readonly<Record<SignatureAlgorithm, number>> = {
  'slh-dsa-sha2-128f': 48,
  'slh-dsa-sha2-128s': 48,
  'ml-dsa-44': 32,
};

/**
 * `XOF("key-seed", [algorithm id, seed])`. The algorithm is part of the message, so that keys of two algorithms from
 * one seed have nothing in common.
 */
export function signatureSeed(derive: DeriveBytes, algorithm: SignatureAlgorithm, seed: Uint8Array): Uint8Array {
  requireLength('seed', seed, SEED_BYTES);
  const message = encodeItem([SIGNATURE_ALGORITHMS[algorithm].id, seed]);
  return derive('key-seed', message, KEY_GENERATION_BYTES[algorithm]);
}

export interface KemSeeds {
  /** FIPS 203 `d‖z`, 64 bytes. */
  readonly mlKem: Uint8Array;
  /** X25519 private key, 32 bytes. */
  readonly x25519: Uint8Array;
}

/** `XOF("kem-seed", seed)`, 96 bytes, cut in two. */
export function kemSeeds(derive: DeriveBytes, seed: Uint8Array): KemSeeds {
  const expanded = derive('kem-seed', encodeItem(seed), 96);
  return { mlKem: expanded.subarray(0, 64), x25519: expanded.subarray(64) };
}
