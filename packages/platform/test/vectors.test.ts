import { createPrivateKey, decapsulate } from 'node:crypto';
import { concatBytes, toHex, type SignatureAlgorithm } from '@dsm/core';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { describe, expect, test } from 'vitest';
import { deriveKey as nodeDeriveKey } from '../src/node/blake3.ts';
import { nodeKem } from '../src/node/kem.ts';
import { exportRawPublic, importSecretKey } from '../src/node/keys.ts';
import { deriveKey as portableDeriveKey } from '../src/portable/blake3.ts';
import { portableKem } from '../src/portable/kem.ts';
import { generateKeyPair } from '../src/shared/noble-signatures.ts';
import { acvpCases, bytesOf, readVectors, requireCases, vectorsMissing, whyIfSkipped } from './support/vectors.ts';

function withVectors(name: string, run: () => void): void {
  test.skipIf(vectorsMissing)(`${name}${whyIfSkipped}`, run);
}

describe('the loader of vectors', () => {
  test('refuses a file without cases', () => {
    expect(() => requireCases([], 'nothing')).toThrow('no cases');
    expect(() => requireCases(undefined, 'nothing')).toThrow('no cases');
    expect(() => bytesOf(undefined)).toThrow('not hexadecimal');
  });

  withVectors('finds no group that is not there', () => {
    expect(() => acvpCases('ml-kem/keygen-acvp.json.gz', 'ML-KEM-768', 'other')).toThrow('no cases');
  });
});

describe.each([
  ['node', nodeDeriveKey],
  ['portable', portableDeriveKey],
])('BLAKE3, %s', (_, deriveKey) => {
  withVectors('ENC-5: derive-key mode with extended output', () => {
    const file = readVectors<{ context_string: string; cases: { input_len: number; derive_key: string }[] }>(
      'blake3/test_vectors.json',
    );
    for (const { input_len, derive_key } of requireCases(file.cases, 'BLAKE3')) {
      const input = Uint8Array.from({ length: input_len }, (_, i) => i % 251);
      for (const hex of [derive_key, derive_key.slice(0, 128), derive_key.slice(0, 64)]) {
        const found = deriveKey(file.context_string, input, hex.length / 2);
        expect(toHex(found), `${input_len} bytes in, ${hex.length / 2} out`).toBe(hex);
      }
    }
  });
});

describe('SLH-DSA key generation', () => {
  const sets: [SignatureAlgorithm, string][] = [
    ['slh-dsa-sha2-128f', 'SLH-DSA-SHA2-128f'],
    ['slh-dsa-sha2-128s', 'SLH-DSA-SHA2-128s'],
  ];
  for (const [algorithm, parameterSet] of sets) {
    withVectors(`FIPS 205: ${algorithm}`, () => {
      for (const one of acvpCases('slh-dsa/keygen-acvp.json.gz', parameterSet)) {
        const pair = generateKeyPair(algorithm, concatBytes([one.skSeed, one.skPrf, one.pkSeed].map(bytesOf)));
        expect(pair.publicKey.bytes).toEqual(bytesOf(one.pk));
        expect(pair.secretKey.bytes).toEqual(bytesOf(one.sk));
        expect(exportRawPublic(importSecretKey(pair.secretKey)), 'as OpenSSL imports it').toEqual(bytesOf(one.pk));
      }
    });
  }
});

/** PKCS #8 of an expanded ML-KEM-768 key (RFC 9935): Node imports seeds only, these vectors have no seed. */
function importExpanded(expanded: Uint8Array): ReturnType<typeof createPrivateKey> {
  const head = '30820978020100300b06096086480165030404020482096404820960';
  const der = Buffer.from(concatBytes([bytesOf(head), expanded]));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

describe.each([
  ['node', nodeKem],
  ['portable', portableKem],
])('ML-KEM-768, %s', (_, kem) => {
  withVectors('FIPS 203: key generation', () => {
    for (const one of acvpCases('ml-kem/keygen-acvp.json.gz', 'ML-KEM-768')) {
      expect(kem.mlKemPublicKey(concatBytes([one.d, one.z].map(bytesOf)))).toEqual(bytesOf(one.ek));
    }
  });

  withVectors('FIPS 203: encapsulation', () => {
    for (const one of acvpCases('ml-kem/encap-decap-acvp.json.gz', 'ML-KEM-768', 'encapsulation')) {
      const { ciphertext, sharedSecret } = kem.mlKemEncapsulate(bytesOf(one.ek), bytesOf(one.m));
      expect(ciphertext).toEqual(bytesOf(one.c));
      expect(sharedSecret).toEqual(bytesOf(one.k));
    }
  });

  withVectors('FIPS 203: the check of a public key', () => {
    const cases = acvpCases('ml-kem/encap-decap-acvp.json.gz', 'ML-KEM-768', 'encapsulationKeyCheck');
    const verdicts = cases.map((one) => {
      try {
        kem.mlKemEncapsulate(bytesOf(one.ek), new Uint8Array(32));
        return true;
      } catch {
        return false;
      }
    });
    expect(verdicts).toEqual(cases.map((one) => one.testPassed));
    expect(new Set(verdicts)).toEqual(new Set([true, false]));
  });

  withVectors('FIPS 203: decapsulation, with keys from seeds', () => {
    for (const one of acvpCases('ml-kem/keygen-acvp.json.gz', 'ML-KEM-768')) {
      const { ciphertext, sharedSecret } = kem.mlKemEncapsulate(bytesOf(one.ek), new Uint8Array(32).fill(7));
      expect(kem.mlKemDecapsulate(concatBytes([one.d, one.z].map(bytesOf)), ciphertext)).toEqual(sharedSecret);
    }
  });
});

withVectors('FIPS 203: both libraries decapsulate as the vectors do, forged ciphertexts too', () => {
  const cases = acvpCases('ml-kem/encap-decap-acvp.json.gz', 'ML-KEM-768', 'decapsulation');
  for (const one of cases) {
    expect(ml_kem768.decapsulate(bytesOf(one.c), bytesOf(one.dk))).toEqual(bytesOf(one.k));
    expect(Uint8Array.from(decapsulate(importExpanded(bytesOf(one.dk)), bytesOf(one.c)))).toEqual(bytesOf(one.k));
  }
  expect(new Set(cases.map((one) => one.reason)).size).toBeGreaterThan(1);
});

test('XChaCha20-Poly1305: the vector of draft-irtf-cfrg-xchacha-03, appendix A.3.1', async () => {
  const { seal, open } = await import('../src/shared/aead.ts');
  const key = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
  const nonce = Uint8Array.from({ length: 24 }, (_, i) => 0x40 + i);
  const associated = bytesOf('50515253c0c1c2c3c4c5c6c7');
  const plaintext = new TextEncoder().encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );
  const sealed = bytesOf(
    'bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39' +
      'ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9' +
      '21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49',
  );
  expect(seal(key, nonce, plaintext, associated)).toEqual(sealed);
  expect(open(key, nonce, sealed, associated)).toEqual(plaintext);
});
