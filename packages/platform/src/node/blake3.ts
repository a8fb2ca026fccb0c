/** BLAKE3 by blake3-jit: the fastest here for the short messages that a protocol hashes. */
import { createDeriveKey, type Hasher } from 'blake3-jit';
import { contextString } from '../shared/contexts.ts';
import { tagCache } from '../shared/caches.ts';
import type { CryptoSuite } from '@dsm/core';

/**
 * Not `finalize(length)`: over 64 bytes of output it walks its tree twice and, for messages over one chunk, answers
 * something that is not BLAKE3 (blake3-jit 1.1.0). `finalizeXof` walks it once.
 */
const readOutput = (hasher: Hasher, message: Uint8Array, length: number): Uint8Array =>
  length === 32 ? hasher.reset().update(message).finalize() : hasher.reset().update(message).finalizeXof().read(length);

/** BLAKE3 derive-key mode with any context string: what the public test vectors are about. */
export const deriveKey = (context: string, message: Uint8Array, length: number): Uint8Array =>
  readOutput(createDeriveKey(context), message, length);

export function blake3Hashing(): Pick<CryptoSuite, 'hash' | 'deriveBytes'> {
  // A hasher keeps the key that its context derives: hashing the context string each time would cost ten times more.
  const hasherOf = tagCache((tag) => createDeriveKey(contextString(tag)));
  return {
    hash: (tag, message) => hasherOf(tag).reset().update(message).finalize(),
    deriveBytes: (tag, message, length) => readOutput(hasherOf(tag), message, length),
  };
}
