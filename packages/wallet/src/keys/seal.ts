/**
 * Keys at rest: Argon2id over the passphrase gives the key of XChaCha20-Poly1305. The wallet record is authenticated
 * along, so keys cannot be moved under another wallet record.
 */
import {
  bytes,
  check,
  decodeWith,
  encodeWith,
  fail,
  ok,
  publicKeyCodec,
  record,
  type Codec,
  type CryptoSuite,
  type Entropy,
  type KeyPair,
  type Result,
  type SecretKey,
  type SignatureAlgorithm,
  type StretchCost,
} from '@dsm/core';
import type { KemKeys, WalletKeys } from '../device.ts';
import { walletCodec, type KeysRecord, type WalletRecord } from '../records/meta.ts';
import { SEED_BYTES } from './derive.ts';

/** 64 MiB, three passes: about 0.1 s on a desktop, half a second on a phone. */
export const DEFAULT_COST: StretchCost = { memoryKib: 65_536, passes: 3, lanes: 1 };

/** 1 GiB, 16 passes: what is read from a file must not exhaust the machine. */
const MAX_COST: StretchCost = { memoryKib: 1_048_576, passes: 16, lanes: 16 };

export function verifyCost({ memoryKib, passes, lanes }: StretchCost): Result<undefined> {
  const fits =
    lanes >= 1 &&
    lanes <= MAX_COST.lanes &&
    passes >= 1 &&
    passes <= MAX_COST.passes &&
    memoryKib >= 8 * lanes &&
    memoryKib <= MAX_COST.memoryKib;
  return check(fits, 'E_DAMAGED', 'WAL-2', 'the cost of the passphrase is out of bounds');
}

/** Node and noble hold private keys of the same form; its length is fixed for each algorithm. */
const SECRET_KEY_BYTES: Readonly<Record<SignatureAlgorithm, number>> = {
  'slh-dsa-sha2-128f': 64,
  'slh-dsa-sha2-128s': 64,
  'ml-dsa-44': 32,
};

const secretKeyCodec = (algorithm: SignatureAlgorithm): Codec<SecretKey> => {
  const inner = bytes(SECRET_KEY_BYTES[algorithm]);
  return {
    toItem: (key) => inner.toItem(key.bytes),
    fromItem: (item, at) => {
      const raw = inner.fromItem(item, at);
      return raw.ok ? ok({ algorithm, bytes: raw.value }) : raw;
    },
  };
};

const keysCodec = (algorithm: SignatureAlgorithm): Codec<WalletKeys> => {
  const pair = record<KeyPair>({ publicKey: publicKeyCodec, secretKey: secretKeyCodec(algorithm) });
  return record<WalletKeys>({
    seed: bytes(SEED_BYTES),
    controller: pair,
    device: pair,
    kem: record<KemKeys>({ publicKey: bytes(1, 4_096), secretKey: bytes(1, 4_096) }),
  });
};

const sealingKey = (suite: CryptoSuite, passphrase: string, wallet: WalletRecord): Uint8Array =>
  suite.stretch(passphrase, wallet.salt, wallet.cost);

export function sealKeys(
  { suite, entropy }: { readonly suite: CryptoSuite; readonly entropy: Entropy },
  passphrase: string,
  wallet: WalletRecord,
  keys: WalletKeys,
): KeysRecord {
  const nonce = entropy(24);
  const plain = encodeWith(keysCodec(wallet.algorithm), keys);
  const key = sealingKey(suite, passphrase, wallet);
  return { nonce, sealed: suite.seal(key, nonce, plain, encodeWith(walletCodec, wallet)) };
}

/**
 * `E_PASSPHRASE` when the seal does not open: the records' own checks have ruled out accidents before. `E_DAMAGED`
 * for costs out of bounds and for keys that are not those of the wallet.
 */
export function unsealKeys(
  suite: CryptoSuite,
  passphrase: string,
  wallet: WalletRecord,
  { nonce, sealed }: KeysRecord,
): Result<WalletKeys> {
  const bounded = verifyCost(wallet.cost);
  if (!bounded.ok) return bounded;
  const plain = suite.open(sealingKey(suite, passphrase, wallet), nonce, sealed, encodeWith(walletCodec, wallet));
  if (plain === undefined) return fail('E_PASSPHRASE', 'WAL-2', 'the passphrase does not open this wallet');
  const keys = decodeWith(keysCodec(wallet.algorithm), plain, 'keys');
  if (!keys.ok) return fail('E_DAMAGED', 'WAL-2', 'the keys of the wallet cannot be read');
  return keys;
}
