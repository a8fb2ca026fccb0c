/**
 * The rules of the crypto port as executable cases, tied to no test framework: an implementation proves itself by
 * running every one of them. Fixed answers are those that two implementations on independent libraries agree on, so
 * that a third that passes can talk to both.
 */
import { equalBytes, toHex } from '../bytes.ts';
import { SIGNATURE_ALGORITHMS, type PublicKey, type SignatureAlgorithm } from './keys.ts';
import type { CryptoSuite } from './suite.ts';

export interface CryptoAcceptanceCase {
  readonly name: string;
  /** Throws an `Error` that says what is violated. */
  run(suite: CryptoSuite): void;
}

const count = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251);
const SEED = count(32);
const EMPTY = new Uint8Array(0);

function expect(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Error(rule);
}

const expectHex = (actual: Uint8Array | undefined, expected: string, rule: string): void =>
  expect(actual !== undefined && toHex(actual) === expected, `${rule}: found ${actual && toHex(actual)}`);

/** A copy with one bit of the byte at `at` (negative: from the end) turned. */
function flipBit(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] as number) ^ 1;
  return copy;
}

/** What a peer may send instead of `length` proper bytes. */
const hostileInsteadOf = (length: number): readonly Uint8Array[] => [
  EMPTY,
  new Uint8Array(1),
  new Uint8Array(length - 1),
  new Uint8Array(length + 1),
  new Uint8Array(length),
  new Uint8Array(length).fill(0xff),
  new Uint8Array(2 * length),
  new Uint8Array(1 << 20),
];

/** The first 32 bytes of the public key and the tagged hash of all of it, for the seed 00 01 02 … 1f. */
const SEEDED_KEYS: Readonly<Record<SignatureAlgorithm, readonly [start: string, digest: string]>> = {
  'slh-dsa-sha2-128f': [
    '0cef08070ed09d6982f9ac52658cced974d4218754bb1498bd08531e06e00de0',
    '5ac533a8a6442750a8d6a7f3d7200ba606536d501c55b866c7b70e7852441cdc',
  ],
  'slh-dsa-sha2-128s': [
    'a9fc10b49007b8078c344ed694b02267a5ad7b4659286f2c66d7a5a69f939303',
    '43ccf5fa311d09c2b36d7048724ba63767ab54e659276a7d812bf597647d0e30',
  ],
  'ml-dsa-44': [
    '92551c3f3bddfe5b12d544ae3ae7592133f478cf5f1ce8ab044323de4f95778e',
    '164379148756766d08cf09d37d68cba484656ec9950df542875923af14626c60',
  ],
};

/** Tagged hashes of public key and ciphertext, and the shared key, for the seed 00 01 … 1f and the entropy 3f 3e … 00. */
const KEM = {
  publicKey: 'c9bd957639ec4b7452de034cb0da6330fce6c64d3e9fc3b39663ea8b4c95a7af',
  ciphertext: 'b1323e86e5fd33d214f9b0e0222a4fbc0c5feb82b79acd2a656a0d081384b4a3',
  sharedKey: '1e2140a986ed0a972aad487762d062bdf3733f76b113eb33e284f504e3e0450c',
};

const ALGORITHMS = Object.keys(SIGNATURE_ALGORITHMS) as SignatureAlgorithm[];

const keyCase = (algorithm: SignatureAlgorithm): CryptoAcceptanceCase => ({
  name: `ENC-6: a seed gives one ${algorithm} key pair, the same everywhere`,
  run(suite) {
    const pair = suite.signatureKeyPair(algorithm, SEED);
    const again = suite.signatureKeyPair(algorithm, SEED);
    const other = suite.signatureKeyPair(algorithm, flipBit(SEED, 0));
    const [start, digest] = SEEDED_KEYS[algorithm];
    expect(pair.publicKey.algorithm === algorithm && pair.secretKey.algorithm === algorithm, 'keys name the algorithm');
    expect(pair.publicKey.bytes.length === SIGNATURE_ALGORITHMS[algorithm].publicKeyBytes, 'public key length');
    expect(pair.secretKey.bytes.length === (algorithm === 'ml-dsa-44' ? 32 : 64), 'secret key length');
    expect(equalBytes(pair.publicKey.bytes, again.publicKey.bytes), 'deterministic');
    expect(equalBytes(pair.secretKey.bytes, again.secretKey.bytes), 'deterministic');
    expect(!equalBytes(pair.publicKey.bytes, other.publicKey.bytes), 'another seed, another key');
    expectHex(pair.publicKey.bytes.slice(0, 32), start, 'public key');
    expectHex(suite.hash('key', pair.publicKey.bytes), digest, 'whole public key');
  },
});

const signatureCase = (algorithm: SignatureAlgorithm): CryptoAcceptanceCase => ({
  name: `ENC-7: a ${algorithm} signature is valid for its key, purpose and message only`,
  run(suite) {
    const { publicKey, secretKey } = suite.signatureKeyPair(algorithm, SEED);
    const message = count(100);
    const signature = suite.sign(secretKey, 'state', message);
    const { signatureBytes } = SIGNATURE_ALGORITHMS[algorithm];
    expect(signature.length === signatureBytes, 'signature length');
    expect(suite.verify(publicKey, 'state', message, signature), 'verifies');
    expect(suite.verify({ ...publicKey }, 'state', message.slice(), signature.slice()), 'verifies again, of copies');
    for (const purpose of ['claim', '', 'state ', 'stat']) {
      expect(!suite.verify(publicKey, purpose, message, signature), `not for the purpose ${JSON.stringify(purpose)}`);
    }
    for (const altered of [flipBit(message, 0), flipBit(message, -1), message.slice(1), EMPTY, count(101)]) {
      expect(!suite.verify(publicKey, 'state', altered, signature), 'not for another message');
    }
    for (const at of [0, 16, signatureBytes >> 1, -1]) {
      expect(!suite.verify(publicKey, 'state', message, flipBit(signature, at)), `not with byte ${at} changed`);
    }
    const bytes = flipBit(publicKey.bytes, -1);
    expect(!suite.verify({ algorithm, bytes }, 'state', message, signature), 'not for another key');
    for (const other of ALGORITHMS.filter((name) => name !== algorithm)) {
      expect(!suite.verify({ ...publicKey, algorithm: other }, 'state', message, signature), `not as ${other}`);
    }
    const empty = suite.sign(secretKey, 'state', EMPTY);
    expect(suite.verify(publicKey, 'state', EMPTY, empty), 'the empty message can be signed');
  },
});

const hostileCase = (algorithm: SignatureAlgorithm): CryptoAcceptanceCase => ({
  name: `ENC-6: hostile ${algorithm} keys and signatures are false, never an exception`,
  run(suite) {
    const { publicKeyBytes, signatureBytes } = SIGNATURE_ALGORITHMS[algorithm];
    const { publicKey } = suite.signatureKeyPair(algorithm, SEED);
    for (const signature of hostileInsteadOf(signatureBytes)) {
      expect(!suite.verify(publicKey, 'state', SEED, signature), `signature of ${signature.length} bytes`);
    }
    for (const bytes of hostileInsteadOf(publicKeyBytes)) {
      const signature = new Uint8Array(signatureBytes);
      expect(!suite.verify({ algorithm, bytes }, 'state', SEED, signature), `key of ${bytes.length} bytes`);
    }
  },
});

export const cryptoAcceptance: readonly CryptoAcceptanceCase[] = [
  {
    name: 'ENC-5: the tagged hash is BLAKE3 in derive-key mode',
    run(suite) {
      const empty = 'fa49350361fea41e0d4f7f1e0535b6417dbf8b195ac25b0850f56b17367ca666';
      const long = 'a2b3951722e1e040ab3bfb4d1265a7ea2ac272baf25f05812b00e0a06c2bd77a';
      expectHex(suite.hash('state', EMPTY), empty, 'the empty message');
      expectHex(suite.hash('state', count(3_000)), long, 'three chunks');
      expectHex(suite.hash('state', EMPTY), empty, 'the empty message after another');
    },
  },
  {
    name: 'ENC-5: tags separate; hashes are fresh arrays; derived bytes continue the hash',
    run(suite) {
      const first = suite.hash('state', SEED);
      const kept = first.slice();
      expect(!equalBytes(first, suite.hash('entropy', SEED)), 'another tag, another hash');
      expect(!equalBytes(first, suite.hash('state', flipBit(SEED, 31))), 'another message, another hash');
      expect(equalBytes(first, kept), 'a later hash does not write into an earlier one');
      first.fill(0);
      expect(equalBytes(suite.hash('state', SEED), kept), 'nor the caller into a later one');
      for (const message of [EMPTY, count(64), count(1_024), count(1_025), count(5_000)]) {
        const long = suite.deriveBytes('state', message, 200);
        expect(long.length === 200, 'as many bytes as asked for');
        for (const length of [1, 31, 32, 33, 64, 65, 128]) {
          const short = suite.deriveBytes('state', message, length);
          expect(equalBytes(short, long.subarray(0, length)), `${length} bytes are the first of more`);
        }
        expect(equalBytes(suite.hash('state', message), long.subarray(0, 32)), 'the hash is the first 32');
      }
    },
  },

  ...ALGORITHMS.flatMap((algorithm) => [keyCase(algorithm), signatureCase(algorithm), hostileCase(algorithm)]),
  {
    name: 'ENC-6: a key of an unknown algorithm verifies nothing',
    run(suite) {
      for (const name of ['', 'rsa', 'constructor', '__proto__', 'slh-dsa-sha2-256f']) {
        const key = { algorithm: name, bytes: SEED } as unknown as PublicKey;
        expect(!suite.verify(key, 'state', SEED, new Uint8Array(17_088)), `algorithm ${JSON.stringify(name)}`);
      }
    },
  },

  {
    name: 'ENC-8: both sides of the hybrid key agreement get one key, the same everywhere',
    run(suite) {
      const { publicKey, secretKey } = suite.kemKeyPair(SEED);
      const random = count(64).toReversed();
      const sent = suite.encapsulate(publicKey, random);
      expect(publicKey.length === 1_216 && sent?.ciphertext.length === 1_120, 'lengths');
      expectHex(suite.hash('key', publicKey), KEM.publicKey, 'public key');
      expectHex(suite.hash('key', sent.ciphertext), KEM.ciphertext, 'ciphertext');
      expectHex(sent.sharedKey, KEM.sharedKey, 'shared key');
      expectHex(suite.decapsulate(secretKey, sent.ciphertext), KEM.sharedKey, 'decapsulated');
      const other = suite.encapsulate(publicKey, flipBit(random, 0));
      expect(other !== undefined && !equalBytes(other.sharedKey, sent.sharedKey), 'other entropy, another key');
    },
  },
  {
    name: 'ENC-8: a ciphertext that was altered, or opened by another, gives another key or none',
    run(suite) {
      const { publicKey, secretKey } = suite.kemKeyPair(SEED);
      const sent = suite.encapsulate(publicKey, count(64));
      expect(sent !== undefined, 'encapsulates');
      for (const at of [0, 1_087, 1_088, -2]) {
        const found = suite.decapsulate(secretKey, flipBit(sent.ciphertext, at));
        expect(found === undefined || !equalBytes(found, sent.sharedKey), `byte ${at} changed`);
      }
      const stranger = suite.decapsulate(suite.kemKeyPair(flipBit(SEED, 0)).secretKey, sent.ciphertext);
      expect(stranger === undefined || !equalBytes(stranger, sent.sharedKey), 'another secret key');
    },
  },
  {
    name: 'ENC-8: hostile bytes end a key agreement with undefined or an unrelated key, never an exception',
    run(suite) {
      const { publicKey, secretKey } = suite.kemKeyPair(SEED);
      for (const bytes of hostileInsteadOf(1_216)) {
        const answer = suite.encapsulate(bytes, count(64));
        expect(answer === undefined || bytes.length === 1_216, `public key of ${bytes.length} bytes`);
      }
      for (const bytes of hostileInsteadOf(1_120)) {
        const answer = suite.decapsulate(secretKey, bytes);
        expect(answer === undefined || bytes.length === 1_120, `ciphertext of ${bytes.length} bytes`);
      }
      expect(suite.decapsulate(EMPTY, new Uint8Array(1_120)) === undefined, 'empty secret key');
      // FIPS 203 section 7.2: every coefficient is below 3329; 0xfff is not.
      const overflowing = publicKey.slice().fill(0xff, 0, 3);
      expect(suite.encapsulate(overflowing, count(64)) === undefined, 'the modulus check');
      // A peer's X25519 key of small order would fix that half of the secret.
      for (const point of [new Uint8Array(32), Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0))]) {
        const small = publicKey.slice();
        small.set(point, 1_184);
        expect(suite.encapsulate(small, count(64)) === undefined, 'a point of small order');
      }
    },
  },

  {
    name: 'ENC-9: what is sealed opens with the same key, nonce and associated data only',
    run(suite) {
      const nonce = count(24);
      const sealed = suite.seal(SEED, nonce, Uint8Array.of(1, 2, 3), Uint8Array.of(4));
      expectHex(sealed, '9fc00c6488c6373cdca0e7a83038e827a5e62d', 'the same bytes everywhere');
      expectHex(suite.open(SEED, nonce, sealed, Uint8Array.of(4)), '010203', 'opens');
      const refused = [
        suite.open(flipBit(SEED, 0), nonce, sealed, Uint8Array.of(4)),
        suite.open(SEED, flipBit(nonce, 23), sealed, Uint8Array.of(4)),
        suite.open(SEED, nonce, sealed, Uint8Array.of(5)),
        suite.open(SEED, nonce, sealed, EMPTY),
        suite.open(SEED, nonce, flipBit(sealed, 0), Uint8Array.of(4)),
        suite.open(SEED, nonce, flipBit(sealed, -1), Uint8Array.of(4)),
        suite.open(SEED, nonce, sealed.slice(1), Uint8Array.of(4)),
        suite.open(SEED, nonce, EMPTY, Uint8Array.of(4)),
        suite.open(SEED, nonce, new Uint8Array(15), Uint8Array.of(4)),
        suite.open(SEED, nonce, new Uint8Array(1 << 20), Uint8Array.of(4)),
        suite.open(EMPTY, nonce, sealed, Uint8Array.of(4)),
        suite.open(SEED, EMPTY, sealed, Uint8Array.of(4)),
        suite.open(SEED, count(12), sealed, Uint8Array.of(4)),
      ];
      expect(
        refused.every((answer) => answer === undefined),
        `refusal ${refused.findIndex((answer) => answer !== undefined)} was opened`,
      );
      for (const length of [0, 1, 64, 65, 5_000]) {
        const opened = suite.open(SEED, nonce, suite.seal(SEED, nonce, count(length), EMPTY), EMPTY);
        expect(opened !== undefined && equalBytes(opened, count(length)), `${length} bytes come back`);
      }
    },
  },
  {
    name: 'ENC-10: a passphrase is stretched by Argon2id, the same everywhere',
    run(suite) {
      const cost = { memoryKib: 64, passes: 2, lanes: 2 };
      const salt = count(16);
      const expected = '5ee4986c20699f84a4d5b5cc81af51eb2ed1a49199a38a8103131fdd1d3fe498';
      const stretched = suite.stretch('passphrase', salt, cost);
      expectHex(stretched, expected, 'the same bytes everywhere');
      for (const other of [
        suite.stretch('passphrasf', salt, cost),
        suite.stretch('', salt, cost),
        suite.stretch('passphrase', flipBit(salt, 0), cost),
        suite.stretch('passphrase', salt, { ...cost, passes: 3 }),
        suite.stretch('passphrase', salt, { ...cost, memoryKib: 72 }),
        suite.stretch('passphrase', salt, { ...cost, lanes: 1 }),
      ]) {
        expect(other.length === 32 && !equalBytes(other, stretched), 'every input counts');
      }
      const composed = suite.stretch('caf\u00e9', salt, cost);
      expect(equalBytes(composed, suite.stretch('cafe\u0301', salt, cost)), 'one passphrase, however it was typed');
    },
  },
];
