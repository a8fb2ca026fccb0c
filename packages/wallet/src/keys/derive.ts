/** All keys of a wallet from its master seed: the 24 words bring everything back. */
import { encodeItem, nextKeyDigest, type CryptoSuite, type Item, type SignatureAlgorithm } from '@dsm/core';
import type { WalletKeys } from '../device.ts';

export const SEED_BYTES = 32;

/** What the seed is used for; a word never changes its meaning. */
type KeyRole = 'controller' | 'next-controller' | 'device' | 'next-device' | 'kem' | 'backup' | 'genesis-nonce';

/** `XOF("wallet-key", [role, seed])`, 32 bytes. */
export const deriveSecret = (suite: CryptoSuite, seed: Uint8Array, role: KeyRole): Uint8Array =>
  suite.deriveBytes('wallet-key', encodeItem([role, seed]), SEED_BYTES);

/** 16 bytes that only this wallet can tell, the same whenever they are asked for: `XOF("wallet-salt", [seed, purpose])`. */
export const deriveSalt = (suite: CryptoSuite, seed: Uint8Array, purpose: Item): Uint8Array =>
  suite.deriveBytes('wallet-salt', encodeItem([seed, purpose]), 16);

export const deriveKeys = (suite: CryptoSuite, algorithm: SignatureAlgorithm, seed: Uint8Array): WalletKeys => ({
  seed,
  controller: suite.signatureKeyPair(algorithm, deriveSecret(suite, seed, 'controller')),
  device: suite.signatureKeyPair(algorithm, deriveSecret(suite, seed, 'device')),
  kem: suite.kemKeyPair(deriveSecret(suite, seed, 'kem')),
});

/** Digests of the keys that rotations will reveal. */
export function deriveNextKeys(
  suite: CryptoSuite,
  algorithm: SignatureAlgorithm,
  seed: Uint8Array,
): { readonly controller: Uint8Array; readonly device: Uint8Array } {
  const digest = (role: 'next-controller' | 'next-device'): Uint8Array =>
    nextKeyDigest(suite, suite.signatureKeyPair(algorithm, deriveSecret(suite, seed, role)).publicKey);
  return { controller: digest('next-controller'), device: digest('next-device') };
}
