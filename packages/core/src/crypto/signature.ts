/**
 * What is signed (spec ENC-7): the CBOR item `[network, chain, from, to, hash]` under the FIPS context string
 * `DSM v1 <purpose>`. The range is part of the message, so that a signature over a run of states cannot be submitted
 * as another run; the purpose is part of the context, so that none can be taken for another.
 */
import type { ChainId, KeyId, NetworkId } from '../bytes.ts';
import { encodeItem } from '../encoding/cbor.ts';
import { bytes, record, type Codec } from '../encoding/schema.ts';
import { uint } from '../encoding/schema.ts';
import { fail, ok, type Result } from '../result.ts';
import { hashItem } from './hash.ts';
import { algorithmById, SIGNATURE_ALGORITHMS, type PublicKey, type SecretKey } from './keys.ts';
import type { CryptoSuite } from './suite.ts';

/** `state`: a state of a chain. `claim`: a total of a reservation. `genesis`: a participant of an identity's
 * genesis. `rotation`: the revealed key. `ack`: courtesy. `head`: a node's tree head. `report`, `proposal`: of a node
 * in a round above 0. `issue`: approval of a total that is minted. */
export type Purpose = 'state' | 'claim' | 'genesis' | 'rotation' | 'ack' | 'head' | 'report' | 'proposal' | 'issue';

export interface SignedMessage {
  readonly network: NetworkId;
  readonly chain: ChainId;
  /** First and last index of the run; equal for a single state. */
  readonly from: number;
  readonly to: number;
  readonly hash: Uint8Array;
}

const encodeMessage = (message: SignedMessage): Uint8Array =>
  encodeItem([message.network, message.chain, message.from, message.to, message.hash]);

export const signMessage = (
  suite: CryptoSuite,
  secretKey: SecretKey,
  purpose: Purpose,
  message: SignedMessage,
): Uint8Array => suite.sign(secretKey, purpose, encodeMessage(message));

export const verifyMessage = (
  suite: CryptoSuite,
  publicKey: PublicKey,
  purpose: Purpose,
  message: SignedMessage,
  signature: Uint8Array,
): boolean =>
  signature.length === SIGNATURE_ALGORITHMS[publicKey.algorithm].signatureBytes &&
  suite.verify(publicKey, purpose, encodeMessage(message), signature);

const rawKey = record<{ readonly algorithm: number; readonly bytes: Uint8Array }>({
  algorithm: uint(),
  bytes: bytes(0, 4_096),
});

/** `[algorithm id, key bytes]`, of exactly the algorithm's length (spec ENC-6). */
export const publicKeyCodec: Codec<PublicKey> = {
  toItem: (key) => [SIGNATURE_ALGORITHMS[key.algorithm].id, key.bytes],
  fromItem: (item, at): Result<PublicKey> => {
    const raw = rawKey.fromItem(item, at);
    if (!raw.ok) return raw;
    const algorithm = algorithmById(raw.value.algorithm);
    if (algorithm === undefined) return fail('E_ALGORITHM', 'ENC-6', `${at}: algorithm ${raw.value.algorithm}`);
    return raw.value.bytes.length === SIGNATURE_ALGORITHMS[algorithm].publicKeyBytes
      ? ok({ algorithm, bytes: raw.value.bytes })
      : fail('E_FORMAT', 'ENC-6', `${at}: wrong key length`);
  },
};

/** Any signature of a known algorithm; its exact length is checked against the key. */
export const signatureCodec: Codec<Uint8Array> = bytes(2_420, 17_088);

/** `H("key", public key)`: the name of a device key. */
export const keyId = (suite: CryptoSuite, key: PublicKey): KeyId =>
  hashItem<KeyId>(suite, 'key', publicKeyCodec.toItem(key));

/** `H("next-key", public key)`: commits to a key that a rotation reveals. */
export const nextKeyDigest = (suite: CryptoSuite, key: PublicKey): Uint8Array =>
  hashItem(suite, 'next-key', publicKeyCodec.toItem(key));

export const equalKeys = (a: PublicKey, b: PublicKey): boolean =>
  a.algorithm === b.algorithm && a.bytes.length === b.bytes.length && a.bytes.every((byte, i) => byte === b.bytes[i]);
