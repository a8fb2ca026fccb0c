/** Raw key bytes as OpenSSL key objects. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { PublicKey, SecretKey } from '@dsm/core';
import { boundedCache } from '../shared/caches.ts';

type AsymmetricKeyType = 'slh-dsa-sha2-128f' | 'slh-dsa-sha2-128s' | 'ml-dsa-44' | 'ml-kem-768' | 'x25519';

/** Node answers Buffers, whose `slice` shares memory; the ports speak of plain arrays. */
export const plainBytes = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);

export const importRawPublic = (asymmetricKeyType: AsymmetricKeyType, bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(bytes), format: 'raw-public', asymmetricKeyType });

export const importRawPrivate = (asymmetricKeyType: AsymmetricKeyType, bytes: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(bytes), format: 'raw-private', asymmetricKeyType });

export const importRawSeed = (asymmetricKeyType: AsymmetricKeyType, bytes: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(bytes), format: 'raw-seed', asymmetricKeyType });

export const exportRawPublic = (key: KeyObject): Uint8Array =>
  plainBytes(createPublicKey(key).export({ format: 'raw-public' }));

export const importSecretKey = ({ algorithm, bytes }: SecretKey): KeyObject =>
  algorithm === 'ml-dsa-44' ? importRawSeed(algorithm, bytes) : importRawPrivate(algorithm, bytes);

/** Keys of a directory node's busiest accounts and of its peers; about 3 KB each at most. */
const CACHED_KEYS = 1_024;

/** Imports public keys and keeps the recent ones: the same key is verified with again and again. */
export function publicKeyImporter(): (key: PublicKey) => KeyObject {
  const cache = boundedCache<KeyObject>(CACHED_KEYS);
  return ({ algorithm, bytes }) =>
    cache(algorithm + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'), () =>
      importRawPublic(algorithm, bytes),
    );
}
