/**
 * Sealed envelopes (spec ENV-1 to ENV-4): bytes that only the owner of one KEM key can read. Whoever carries them sees
 * their size and nothing else. They do not say who wrote them: what is inside verifies alone, or comes in a channel.
 */
import type { NetworkId } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { decodeItem, encodeItem, type Item } from '../encoding/cbor.ts';
import { bytes, literal, record, type Codec } from '../encoding/schema.ts';
import { KEM_PUBLIC_KEY_BYTES } from '../identity/operations.ts';
import { LIMITS } from '../limits.ts';
import { fail, ok, type Err, type Result } from '../result.ts';

/** ML-KEM-768 ciphertext (FIPS 203 table 3) and X25519 public key. */
export const KEM_CIPHERTEXT_BYTES: number = 1_088 + 32;

/** What one encapsulation takes (spec ENC-8). */
export const KEM_RANDOM_BYTES = 64;

/** Key, tag and nonce of the authenticated encryption (spec ENC-9). */
const TAG_BYTES = 16;
const NONCE_BYTES = 24;

export interface KemPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** What both ends of everything here agree on. */
export interface Sealing {
  readonly suite: CryptoSuite;
  readonly network: NetworkId;
}

interface Envelope {
  readonly tag: 'dsm-envelope';
  readonly version: 1;
  readonly ciphertext: Uint8Array;
  readonly sealed: Uint8Array;
}

const envelopeCodec: Codec<Envelope> = record<Envelope>({
  tag: literal('dsm-envelope'),
  version: literal(1),
  ciphertext: bytes(KEM_CIPHERTEXT_BYTES),
  sealed: bytes(TAG_BYTES, LIMITS.envelopeBytes),
});

export const notForUs = (rule: string, message: string): Err => fail('E_ENVELOPE', rule, message);

/** A key that encrypts once needs no other nonce (spec ENV-2). */
export const nonceOf = (counter: number): Uint8Array => {
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setBigUint64(NONCE_BYTES - 8, BigInt(counter));
  return nonce;
};

export const sealingKey = (suite: CryptoSuite, tag: 'envelope' | 'channel', input: Item): Uint8Array =>
  suite.deriveBytes(tag, encodeItem(input), 32);

/**
 * `message` for the owner of `to`. `random`: 64 fresh bytes, used for nothing else. `E_LIMIT` when the message is too
 * long, `E_ENVELOPE` when `to` is no KEM key.
 */
export function sealEnvelope(
  { suite, network }: Sealing,
  to: Uint8Array,
  random: Uint8Array,
  message: Uint8Array,
): Result<Uint8Array> {
  if (message.length > LIMITS.fileBytes) return fail('E_LIMIT', 'ENV-1', 'the message is too long for an envelope');
  const shared = to.length === KEM_PUBLIC_KEY_BYTES ? suite.encapsulate(to, random) : undefined;
  if (!shared) return notForUs('ENV-2', 'not a key that an envelope can be sealed to');
  const { ciphertext, sharedKey } = shared;
  const key = sealingKey(suite, 'envelope', [network, to, ciphertext, sharedKey]);
  const sealed = suite.seal(key, nonceOf(0), message, network);
  return ok(encodeItem(['dsm-envelope', 1, ciphertext, sealed]));
}

/**
 * What is inside. `E_ENVELOPE` without a hint why: another receiver, another network, a bit that turned. `E_ENCODING`,
 * `E_FORMAT`, `E_LIMIT` for what is no envelope at all.
 */
export function openEnvelope(
  { suite, network }: Sealing,
  own: KemPair,
  envelope: Uint8Array,
  maxBytes: number = LIMITS.envelopeBytes,
): Result<Uint8Array> {
  const read = decodeEnvelope(envelope, maxBytes);
  if (!read.ok) return read;
  const { ciphertext, sealed } = read.value;
  const sharedKey = suite.decapsulate(own.secretKey, ciphertext);
  const key = sharedKey && sealingKey(suite, 'envelope', [network, own.publicKey, ciphertext, sharedKey]);
  const message = key && suite.open(key, nonceOf(0), sealed, network);
  return message ? ok(message) : notForUs('ENV-2', 'the envelope does not open with this key');
}

function decodeEnvelope(envelope: Uint8Array, maxBytes: number): Result<Envelope> {
  if (envelope.length > maxBytes) return fail('E_LIMIT', 'ENV-1', 'the envelope is too long');
  const item = decodeItem(envelope, maxBytes);
  return item.ok ? envelopeCodec.fromItem(item.value, 'envelope') : item;
}

/** `H("envelope-id", envelope)`: what a receiver remembers to notice a repeated one (spec ENV-3). */
export const envelopeId = (suite: CryptoSuite, envelope: Uint8Array): Uint8Array =>
  suite.hash('envelope-id', encodeItem(envelope));
