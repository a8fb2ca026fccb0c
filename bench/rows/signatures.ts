/** Signing and verifying through the port, beside the library underneath. */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { encodeItem, type KeyPair, type SignatureAlgorithm } from '@dsm/core';
import { makeKey, seed, suite } from '../../tests/kit/index.ts';
import type { Bench } from '../harness/bench.ts';

const signed = { section: 'signatures', signed: true, persisted: false } as const;

export const ALGORITHMS: readonly SignatureAlgorithm[] = ['slh-dsa-sha2-128f', 'slh-dsa-sha2-128s', 'ml-dsa-44'];

/** As short as people say it. */
export const shortName = (algorithm: SignatureAlgorithm): string => algorithm.replace('slh-dsa-sha2-', '');

/** Of the shape and length of what is signed: network, chain, range, hash. */
const MESSAGE = encodeItem([seed('network'), seed('chain'), 7, 7, seed('hash')]);
const CONTEXT = new TextEncoder().encode('DSM v1 state');

export interface RawKeys {
  readonly secret: KeyObject;
  readonly public: KeyObject;
}

/** The same keys as objects of the library, imported once. */
export const importRaw = ({ secretKey, publicKey }: KeyPair): RawKeys => {
  const { algorithm: asymmetricKeyType } = publicKey;
  const format = asymmetricKeyType === 'ml-dsa-44' ? 'raw-seed' : 'raw-private';
  return {
    secret: createPrivateKey({ key: Buffer.from(secretKey.bytes), format, asymmetricKeyType }),
    public: createPublicKey({ key: Buffer.from(publicKey.bytes), format: 'raw-public', asymmetricKeyType }),
  };
};

export const signRaw = (keys: RawKeys, message: Uint8Array = MESSAGE): Uint8Array =>
  sign(null, message, { key: keys.secret, context: CONTEXT });

export const verifyRaw = (keys: RawKeys, signature: Uint8Array, message: Uint8Array = MESSAGE): boolean =>
  verify(null, message, { key: keys.public, context: CONTEXT }, signature);

export const requireValid = (valid: boolean): void => {
  if (!valid) throw new Error('a signature that was just made does not verify');
};

export const rawSignName = (algorithm: SignatureAlgorithm): string => `node:crypto sign, ${shortName(algorithm)}`;
export const rawVerifyName = (algorithm: SignatureAlgorithm): string => `node:crypto verify, ${shortName(algorithm)}`;

function benchesOf(algorithm: SignatureAlgorithm): readonly Bench[] {
  const keys = makeKey('bench', algorithm);
  return [
    {
      ...signed,
      name: `sign, ${shortName(algorithm)}`,
      about: 'One signature through the port; the key is imported each time.',
      peer: rawSignName(algorithm),
      prepare: () => ({ type: 'timed', once: () => suite.sign(keys.secretKey, 'state', MESSAGE) }),
    },
    {
      ...signed,
      name: rawSignName(algorithm),
      about: 'The same signature by OpenSSL with a key that is imported already.',
      prepare: () => {
        const raw = importRaw(keys);
        return { type: 'timed', once: () => signRaw(raw) };
      },
    },
    {
      ...signed,
      name: `verify, ${shortName(algorithm)}`,
      about: 'One verification through the port; the key is found in its cache.',
      peer: rawVerifyName(algorithm),
      prepare: () => {
        const signature = suite.sign(keys.secretKey, 'state', MESSAGE);
        return { type: 'timed', once: () => requireValid(suite.verify(keys.publicKey, 'state', MESSAGE, signature)) };
      },
    },
    {
      ...signed,
      name: rawVerifyName(algorithm),
      about: 'The same verification by OpenSSL.',
      prepare: () => {
        const raw = importRaw(keys);
        const signature = signRaw(raw);
        return { type: 'timed', once: () => requireValid(verifyRaw(raw, signature)) };
      },
    },
  ];
}

export const signatureBenches: readonly Bench[] = ALGORITHMS.flatMap(benchesOf);
