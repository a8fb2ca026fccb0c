/** Codecs and keys that several records share. */
import { concatBytes, fail, ok, type ChainId, type Codec } from '@dsm/core';

/** One of a fixed list of words, encoded as its number from 1. New words go to the end. */
export const oneOf = <const T extends string>(words: readonly T[]): Codec<T> => ({
  toItem: (word) => words.indexOf(word) + 1,
  fromItem: (item, at) => {
    const word = typeof item === 'number' ? words[item - 1] : undefined;
    return word === undefined ? fail('E_FORMAT', 'ENC-3', `${at}: unknown word`) : ok(word);
  },
});

/** Eight bytes, so that keys sort as the numbers do. */
export function indexKey(index: number): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, BigInt(index));
  return key;
}

/** Key of what belongs to a place in a chain: `chain ‖ index`, 40 bytes. */
export const placeKey = (chain: ChainId, index: number): Uint8Array => concatBytes([chain, indexKey(index)]);

export const placeOfKey = (key: Uint8Array): { readonly chain: ChainId; readonly index: number } => ({
  chain: key.slice(0, 32) as ChainId,
  index: Number(new DataView(key.buffer, key.byteOffset, key.length).getBigUint64(32)),
});

export const textKey = (text: string): Uint8Array => new TextEncoder().encode(text);
