/** What one implementation makes, the other must accept, and the other way round. */
import { fc, test as property } from '@fast-check/vitest';
import { hchacha } from '@noble/ciphers/chacha.js';
import { createCipheriv } from 'node:crypto';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { SUITES } from './support/suites.ts';

const { node, portable } = SUITES;
const PAIRS = [
  ['node', 'portable', node, portable],
  ['portable', 'node', portable, node],
] as const;

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const tag = fc.oneof(fc.constantFrom('state', 'op', 'smt-leaf', ''), fc.string({ maxLength: 20 }));

describe('ENC-5: hashing', () => {
  property.prop([tag, bytes(0, 3_000)], { numRuns: 200 })('both hash alike', (name, message) => {
    expect(node.hash(name, message)).toEqual(portable.hash(name, message));
  });

  property.prop([tag, bytes(0, 3_000), fc.nat(300)], { numRuns: 200 })('both derive alike', (name, message, length) => {
    expect(node.deriveBytes(name, message, length)).toEqual(portable.deriveBytes(name, message, length));
  });

  test('of every length about the edges of blocks and chunks, and of views into larger arrays', () => {
    const all = Uint8Array.from({ length: 5_003 }, (_, i) => (i * 7) % 256);
    for (let chunk = 0; chunk <= 4; chunk++) {
      for (let near = -65; near <= 65; near++) {
        const length = Math.max(0, chunk * 1_024 + near);
        const message = all.subarray(3, 3 + length);
        expect(node.hash('state', message), `${length}`).toEqual(portable.hash('state', message));
      }
    }
  });

  test('of a megabyte', () => {
    const message = new Uint8Array(1_000_003).fill(9);
    expect(node.hash('file', message)).toEqual(portable.hash('file', message));
    expect(node.deriveBytes('file', message, 99)).toEqual(portable.deriveBytes('file', message, 99));
  });
});

/** Signing is slow on noble: as many runs as take about a second. */
const RUNS: Readonly<Record<SignatureAlgorithm, number>> = {
  'slh-dsa-sha2-128f': 4,
  'slh-dsa-sha2-128s': 1,
  'ml-dsa-44': 15,
};

describe.each(Object.keys(RUNS) as SignatureAlgorithm[])('ENC-7: %s', (algorithm) => {
  const numRuns = RUNS[algorithm];

  property.prop([bytes(32)], { numRuns })('one seed, one key pair', (seed) => {
    expect(node.signatureKeyPair(algorithm, seed)).toEqual(portable.signatureKeyPair(algorithm, seed));
  });

  for (const [signerName, verifierName, signer, verifier] of PAIRS) {
    property.prop([bytes(32), bytes(0, 300), tag, tag], { numRuns })(
      `what ${signerName} signs, ${verifierName} verifies, for its purpose only`,
      (seed, message, purpose, other) => {
        const { publicKey, secretKey } = signer.signatureKeyPair(algorithm, seed);
        const signature = signer.sign(secretKey, purpose, message);
        expect(verifier.verify(publicKey, purpose, message, signature)).toBe(true);
        expect(verifier.verify(publicKey, other, message, signature)).toBe(other === purpose);
        expect(verifier.verify(publicKey, `${purpose} `, message, signature)).toBe(false);
      },
    );
  }

  const { publicKey, secretKey } = node.signatureKeyPair(algorithm, new Uint8Array(32));
  const message = Uint8Array.of(1, 2, 3);
  const signature = node.sign(secretKey, 'state', message);

  property.prop([fc.nat(signature.length - 1), fc.integer({ min: 1, max: 255 })], { numRuns: 30 })(
    'both refuse a signature with any byte changed',
    (at, change) => {
      const altered = signature.slice();
      altered.fill((signature.at(at) ?? 0) ^ change, at, at + 1);
      expect(node.verify(publicKey, 'state', message, altered)).toBe(false);
      expect(portable.verify(publicKey, 'state', message, altered)).toBe(false);
    },
  );

  const { publicKeyBytes, signatureBytes } = SIGNATURE_ALGORITHMS[algorithm];
  property.prop([bytes(publicKeyBytes), bytes(signatureBytes)], { numRuns: 20 })(
    'both refuse a random key and a random signature',
    (key, random) => {
      for (const suite of [node, portable]) {
        expect(suite.verify({ algorithm, bytes: key }, 'state', message, signature)).toBe(false);
        expect(suite.verify(publicKey, 'state', message, random)).toBe(false);
      }
    },
  );

  test('signatures are hedged: two of one message differ', () => {
    expect(node.sign(secretKey, 'state', message)).not.toEqual(signature);
  });
});

describe('ENC-8: hybrid key agreement', () => {
  property.prop([bytes(32), bytes(64)], { numRuns: 20 })(
    'both agree on keys, ciphertexts and shared keys',
    (seed, random) => {
      const pair = node.kemKeyPair(seed);
      expect(portable.kemKeyPair(seed)).toEqual(pair);
      const sent = node.encapsulate(pair.publicKey, random);
      expect(sent).toBeDefined();
      expect(portable.encapsulate(pair.publicKey, random)).toEqual(sent);
      for (const suite of [node, portable]) {
        expect(suite.decapsulate(pair.secretKey, sent?.ciphertext as Uint8Array)).toEqual(sent?.sharedKey);
      }
    },
  );

  const pair = node.kemKeyPair(new Uint8Array(32));

  property.prop([bytes(1_120)], { numRuns: 20 })('both reject a random ciphertext implicitly, alike', (ciphertext) => {
    const answer = node.decapsulate(pair.secretKey, ciphertext);
    expect(answer).toHaveLength(32);
    expect(portable.decapsulate(pair.secretKey, ciphertext)).toEqual(answer);
  });

  property.prop([bytes(1_216)], { numRuns: 20 })('both treat a random public key alike', (publicKey) => {
    expect(portable.encapsulate(publicKey, new Uint8Array(64))).toEqual(
      node.encapsulate(publicKey, new Uint8Array(64)),
    );
  });

  /** Points of curve25519 that libraries have disagreed about: small order, not reduced, top bit set. */
  const littleEndian = (value: bigint): Uint8Array =>
    Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
  const P = (1n << 255n) - 19n;
  const SMALL_ORDER = [
    0n,
    1n,
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
    P - 1n,
    P,
    P + 1n,
  ];
  test.each(SMALL_ORDER)('both refuse the point of small order with u = %s', (u) => {
    for (const value of [u, u + (1n << 255n)]) {
      const publicKey = pair.publicKey.slice();
      publicKey.set(littleEndian(value), 1_184);
      const ciphertext = new Uint8Array(1_120);
      ciphertext.set(littleEndian(value), 1_088);
      for (const suite of [node, portable]) {
        expect(suite.encapsulate(publicKey, new Uint8Array(64).fill(3))).toBeUndefined();
        expect(suite.decapsulate(pair.secretKey, ciphertext)).toBeUndefined();
      }
    }
  });

  test.each([2n, 9n, P + 2n, P + 9n, P + 18n, (1n << 255n) + 9n, (1n << 256n) - 1n])(
    'both reduce the point with u = %s alike',
    (u) => {
      const publicKey = pair.publicKey.slice();
      publicKey.set(littleEndian(u), 1_184);
      const answer = node.encapsulate(publicKey, new Uint8Array(64).fill(3));
      expect(answer).toBeDefined();
      expect(portable.encapsulate(publicKey, new Uint8Array(64).fill(3))).toEqual(answer);
    },
  );
});

/** XChaCha20-Poly1305 out of OpenSSL's ChaCha20-Poly1305 and one HChaCha20 (draft-irtf-cfrg-xchacha-03, section 2.3). */
function sealByOpenssl(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array {
  const words = (from: Uint8Array): Uint32Array => new Uint32Array(from.slice().buffer);
  const sigma = words(new TextEncoder().encode('expand 32-byte k'));
  const subkey = new Uint32Array(8);
  hchacha(sigma, words(key), words(nonce.subarray(0, 16)), subkey);
  const shortNonce = new Uint8Array(12);
  shortNonce.set(nonce.subarray(16), 4);
  const cipher = createCipheriv('chacha20-poly1305', new Uint8Array(subkey.buffer), shortNonce, { authTagLength: 16 });
  cipher.setAAD(associated, { plaintextLength: plaintext.length });
  return Uint8Array.from(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
}

describe('ENC-9: sealing', () => {
  property.prop([bytes(32), bytes(24), bytes(0, 300), bytes(0, 50)])(
    'as OpenSSL does behind the extended nonce',
    (key, nonce, plaintext, associated) => {
      const sealed = node.seal(key, nonce, plaintext, associated);
      expect(sealed).toEqual(sealByOpenssl(key, nonce, plaintext, associated));
      expect(portable.open(key, nonce, sealed, associated)).toEqual(plaintext);
    },
  );

  property.prop([bytes(0, 100), bytes(0, 60), bytes(0, 200), bytes(0, 20)])(
    'hostile bytes never open and never throw',
    (key, nonce, ciphertext, associated) => {
      expect(node.open(key, nonce, ciphertext, associated)).toBeUndefined();
      expect(portable.open(key, nonce, ciphertext, associated)).toBeUndefined();
    },
  );
});

describe('ENC-10: stretching', () => {
  const cost = fc.record({ lanes: fc.integer({ min: 1, max: 4 }), passes: fc.integer({ min: 1, max: 3 }) });
  property.prop([fc.string({ unit: 'binary' }), bytes(8, 40), cost, fc.integer({ min: 0, max: 40 })], { numRuns: 30 })(
    'both stretch alike, whatever the passphrase',
    (passphrase, salt, { lanes, passes }, more) => {
      const full = { lanes, passes, memoryKib: 8 * lanes + more };
      expect(node.stretch(passphrase, salt, full)).toEqual(portable.stretch(passphrase, salt, full));
    },
  );
});
