/**
 * A third implementation. liboqs-js signs without a context string only, so it checks the algorithms beneath the two
 * suites (FIPS 204 and 205 pure form, empty context), not the suites themselves.
 */
import { sign, verify } from 'node:crypto';
import { createMLDSA44, createSlhDsaSha2128f, createSlhDsaSha2128s } from '@oqs/liboqs-js';
import type { SignatureAlgorithm } from '@dsm/core';
import { expect, test } from 'vitest';
import { importRawPublic, importSecretKey } from '../src/node/keys.ts';
import { generateKeyPair, NOBLE_SIGNATURES } from '../src/shared/noble-signatures.ts';

const LIBOQS = {
  'slh-dsa-sha2-128f': createSlhDsaSha2128f,
  'slh-dsa-sha2-128s': createSlhDsaSha2128s,
  'ml-dsa-44': createMLDSA44,
} as const;

const EMPTY = new Uint8Array(0);

test.each(Object.keys(LIBOQS) as SignatureAlgorithm[])('OpenSSL, noble and liboqs agree on %s', async (algorithm) => {
  const liboqs = await LIBOQS[algorithm]();
  try {
    const noble = NOBLE_SIGNATURES[algorithm];
    const seed = new Uint8Array(algorithm === 'ml-dsa-44' ? 32 : 48).fill(5);
    const expanded = noble.keygen(seed).secretKey;
    const { publicKey, secretKey } = generateKeyPair(algorithm, seed);
    const message = Uint8Array.of(1, 2, 3);

    const bySecond = liboqs.sign(message, expanded);
    expect(noble.verify(bySecond, message, publicKey.bytes, { context: EMPTY })).toBe(true);
    expect(verify(null, message, importRawPublic(algorithm, publicKey.bytes), bySecond)).toBe(true);

    const byOpenssl = Uint8Array.from(sign(null, message, importSecretKey(secretKey)));
    expect(liboqs.verify(message, byOpenssl, publicKey.bytes)).toBe(true);
    expect(liboqs.verify(Uint8Array.of(1, 2, 4), byOpenssl, publicKey.bytes)).toBe(false);
  } finally {
    liboqs.destroy();
  }
});

test('what the suites sign is bound to its context: liboqs, which has none, refuses it', async () => {
  const liboqs = await createMLDSA44();
  const { publicKey, secretKey } = generateKeyPair('ml-dsa-44', new Uint8Array(32));
  const message = Uint8Array.of(1, 2, 3);
  const signature = sign(null, message, { key: importSecretKey(secretKey), context: Buffer.from('DSM v1 state') });
  expect(liboqs.verify(message, Uint8Array.from(signature), publicKey.bytes)).toBe(false);
  liboqs.destroy();
});
