/** XChaCha20-Poly1305. OpenSSL has ChaCha20-Poly1305 only, so every implementation uses noble here. */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { CryptoSuite } from '@dsm/core';
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, requireLength } from './lengths.ts';

export const seal: CryptoSuite['seal'] = (key, nonce, plaintext, associated) => {
  requireLength('key', key, AEAD_KEY_BYTES);
  requireLength('nonce', nonce, AEAD_NONCE_BYTES);
  return xchacha20poly1305(key, nonce, associated).encrypt(plaintext);
};

export const open: CryptoSuite['open'] = (key, nonce, ciphertext, associated) => {
  if (key.length !== AEAD_KEY_BYTES || nonce.length !== AEAD_NONCE_BYTES) return undefined;
  if (ciphertext.length < AEAD_TAG_BYTES) return undefined;
  try {
    return xchacha20poly1305(key, nonce, associated).decrypt(ciphertext);
  } catch {
    return undefined;
  }
};
