/**
 * A stand-in for the crypto suite: real BLAKE3, and signatures that cost two hashes. A signature verifies only with the
 * secret that was registered with the public key, so in a run nobody can sign for anybody else; everything follows from
 * its input, so that a run follows from its seed. Lengths are those of the algorithms.
 */
import { concatBytes, encodeItem, equalBytes, SIGNATURE_ALGORITHMS, toHex, type CryptoSuite } from '@dsm/core';
import { nodeCryptoSuite } from '@dsm/platform/node';

const MARK_BYTES = 32;
const KEM_PUBLIC_BYTES = 1_216;
const KEM_CIPHERTEXT_BYTES = 1_120;
const TAG_BYTES = 16;

const padded = (mark: Uint8Array, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  bytes.set(mark);
  return bytes;
};

const isPadded = (bytes: Uint8Array, mark: Uint8Array): boolean =>
  equalBytes(bytes.subarray(0, MARK_BYTES), mark) && bytes.subarray(MARK_BYTES).every((byte) => byte === 0);

const xor = (bytes: Uint8Array, stream: Uint8Array): Uint8Array => bytes.map((byte, i) => byte ^ (stream[i] as number));

/** One for all participants of a run: it knows which secret belongs to which public key. */
export function standInSuite(): CryptoSuite {
  const real = nodeCryptoSuite();
  const hash: CryptoSuite['hash'] = (tag, message) => real.hash(tag, message);
  const deriveBytes: CryptoSuite['deriveBytes'] = (tag, message, length) => real.deriveBytes(tag, message, length);
  const secrets = new Map<string, Uint8Array>();
  const mark = (tag: string, ...parts: readonly (string | Uint8Array)[]): Uint8Array => hash(tag, encodeItem(parts));
  const keystream = (key: Uint8Array, nonce: Uint8Array, length: number): Uint8Array =>
    deriveBytes('simulated-stream', concatBytes([key, nonce]), length);
  return {
    hash,
    deriveBytes,
    signatureKeyPair(algorithm, seed) {
      const secret = mark('simulated-secret', algorithm, seed);
      const open = mark('simulated-public', algorithm, secret);
      secrets.set(toHex(open), secret);
      const bytes = padded(open, SIGNATURE_ALGORITHMS[algorithm].publicKeyBytes);
      return { publicKey: { algorithm, bytes }, secretKey: { algorithm, bytes: secret } };
    },
    sign: ({ algorithm, bytes }, purpose, message) =>
      padded(
        mark('simulated-signature', algorithm, bytes, purpose, message),
        SIGNATURE_ALGORITHMS[algorithm].signatureBytes,
      ),
    verify({ algorithm, bytes }, purpose, message, signature) {
      const facts = SIGNATURE_ALGORITHMS[algorithm];
      if (bytes.length !== facts.publicKeyBytes || signature.length !== facts.signatureBytes) return false;
      const open = bytes.subarray(0, MARK_BYTES);
      const secret = secrets.get(toHex(open));
      if (!secret || !isPadded(bytes, open)) return false;
      return isPadded(signature, mark('simulated-signature', algorithm, secret, purpose, message));
    },
    kemKeyPair(seed) {
      const secretKey = mark('simulated-kem', seed);
      return { publicKey: padded(mark('simulated-kem-public', secretKey), KEM_PUBLIC_BYTES), secretKey };
    },
    encapsulate(publicKey, random) {
      if (publicKey.length !== KEM_PUBLIC_BYTES) return undefined;
      const open = publicKey.subarray(0, MARK_BYTES);
      return {
        ciphertext: padded(random.subarray(0, MARK_BYTES), KEM_CIPHERTEXT_BYTES),
        sharedKey: mark('simulated-shared', open, random.subarray(0, MARK_BYTES)),
      };
    },
    decapsulate(secretKey, ciphertext) {
      if (ciphertext.length !== KEM_CIPHERTEXT_BYTES) return undefined;
      return mark('simulated-shared', mark('simulated-kem-public', secretKey), ciphertext.subarray(0, MARK_BYTES));
    },
    seal(key, nonce, plaintext, associated) {
      const covered = xor(plaintext, keystream(key, nonce, plaintext.length));
      return concatBytes([covered, mark('simulated-tag', key, nonce, covered, associated).subarray(0, TAG_BYTES)]);
    },
    open(key, nonce, ciphertext, associated) {
      if (ciphertext.length < TAG_BYTES) return undefined;
      const covered = ciphertext.subarray(0, ciphertext.length - TAG_BYTES);
      const tag = mark('simulated-tag', key, nonce, covered, associated).subarray(0, TAG_BYTES);
      if (!equalBytes(tag, ciphertext.subarray(covered.length))) return undefined;
      return xor(covered, keystream(key, nonce, covered.length));
    },
    stretch: (passphrase, salt, { memoryKib, passes, lanes }) =>
      hash('simulated-stretch', encodeItem([passphrase, salt, memoryKib, passes, lanes])),
  };
}
