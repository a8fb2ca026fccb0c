/**
 * Records of a wallet: typed collections over the store port. Every value carries a check over collection, key and
 * content, so that a bit that turned in the file, or a record that was put in the place of another, is found when it
 * is read (rule WAL-1). The check detects accidents; what matters against forgers is signed or hashed anyway.
 */
import {
  decodeWith,
  encodeItem,
  encodeWith,
  equalBytes,
  record,
  bytes,
  LIMITS,
  type Codec,
  type Condition,
  type CryptoSuite,
  type ScanOptions,
  type Write,
} from '@dsm/core';
import type { Storage } from '../device.ts';
import { damaged } from '../guard.ts';

export interface Entry<T> {
  readonly key: Uint8Array;
  readonly value: T;
}

/** Reads reject with a `StoreError` of `E_DAMAGED` when the record is not what was written. */
export interface Collection<T> {
  readonly name: string;
  read(storage: Storage, key: Uint8Array): Promise<T | undefined>;
  /** Without the check, for values that the caller compares with a hash anyway. */
  readUnchecked(storage: Storage, key: Uint8Array): Promise<T | undefined>;
  list(storage: Storage, options?: ScanOptions): Promise<readonly Entry<T>[]>;
  put(storage: Pick<Storage, 'suite'>, key: Uint8Array, value: T): Write;
  remove(key: Uint8Array): Write;
  isAbsent(key: Uint8Array): Condition;
  /** That the record still is this one: compare-and-set. */
  isUnchanged(storage: Pick<Storage, 'suite'>, key: Uint8Array, value: T | undefined): Condition;
}

const CHECK_BYTES = 8;

interface Sealed {
  readonly check: Uint8Array;
  readonly content: Uint8Array;
}

const sealedCodec: Codec<Sealed> = record<Sealed>({
  check: bytes(CHECK_BYTES),
  content: bytes(0, LIMITS.fileBytes),
});

const checkOf = (suite: CryptoSuite, name: string, key: Uint8Array, content: Uint8Array): Uint8Array =>
  suite.hash('wallet-record', encodeItem([name, key, content])).slice(0, CHECK_BYTES);

/** `codecFor` may depend on the crypto suite, as that of witnesses does. */
export function defineCollection<T>(name: string, codecFor: (suite: CryptoSuite) => Codec<T>): Collection<T> {
  const encode = (suite: CryptoSuite, key: Uint8Array, value: T): Uint8Array => {
    const content = encodeWith(codecFor(suite), value);
    return encodeWith(sealedCodec, { check: checkOf(suite, name, key, content), content });
  };
  const decode = (suite: CryptoSuite, key: Uint8Array, stored: Uint8Array, checked = true): T => {
    const sealed = decodeWith(sealedCodec, stored, name, 2 * LIMITS.fileBytes);
    const isWhole = (found: Sealed): boolean => equalBytes(found.check, checkOf(suite, name, key, found.content));
    if (!sealed.ok || (checked && !isWhole(sealed.value))) throw damaged(`a record of ${name} is damaged`);
    const value = decodeWith(codecFor(suite), sealed.value.content, name);
    if (!value.ok) throw damaged(`a record of ${name} cannot be read: ${value.error.message}`);
    return value.value;
  };
  return {
    name,
    async read({ store, suite }, key) {
      const stored = await store.get(name, key);
      return stored && decode(suite, key, stored);
    },
    async readUnchecked({ store, suite }, key) {
      const stored = await store.get(name, key);
      return stored && decode(suite, key, stored, false);
    },
    async list({ store, suite }, options) {
      const records = await store.scan(name, options);
      return records.map(({ key, value }) => ({ key, value: decode(suite, key, value) }));
    },
    put: ({ suite }, key, value) => ({ collection: name, key, put: encode(suite, key, value) }),
    remove: (key) => ({ collection: name, key, remove: true }),
    isAbsent: (key) => ({ collection: name, key, is: 'absent' }),
    isUnchanged: ({ suite }, key, value) =>
      value === undefined
        ? { collection: name, key, is: 'absent' }
        : { collection: name, key, is: 'equal', value: encode(suite, key, value) },
  };
}
