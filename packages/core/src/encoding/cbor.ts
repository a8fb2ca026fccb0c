/**
 * Deterministic CBOR (RFC 8949 section 4.2.1), the subset that DSM uses: unsigned integers, bignums of tag 2, byte
 * strings, text, arrays and null. A decoder accepts exactly the bytes that the encoder produces: decode strictly,
 * encode again, compare (spec ENC-1). No JavaScript codec is fully strict alone, the comparison makes this one so.
 */
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import { bigIntEncoder } from 'cborg/taglib';
import { equalBytes } from '../bytes.ts';
import { LIMITS } from '../limits.ts';
import { fail, ok, type Result } from '../result.ts';

export type Item = number | bigint | string | Uint8Array | null | readonly Item[];

const ENCODE_OPTIONS = { ...rfc8949EncodeOptions, typeEncoders: { bigint: bigIntEncoder } };

/** The codec's own decoder takes time that grows with the square of the length: half a minute for 200 KB. */
function decodeBignum(decodeContent: () => unknown): bigint {
  const content = decodeContent();
  if (!(content instanceof Uint8Array) || content.length > LIMITS.bignumBytes) throw new Error('not a bignum');
  let value = 0n;
  for (const byte of content) value = (value << 8n) | BigInt(byte);
  return value;
}

const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: true,
  tags: { 2: decodeBignum },
};

export const encodeItem = (item: Item): Uint8Array => encode(item, ENCODE_OPTIONS);

/** The codec knows maps, floats, booleans and negative numbers too. */
function isItem(value: unknown, depth = 0): value is Item {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0;
  if (typeof value === 'bigint') return value >= 0n;
  if (typeof value === 'string' || value === null || value instanceof Uint8Array) return true;
  return Array.isArray(value) && depth < LIMITS.nesting && value.every((entry) => isItem(entry, depth + 1));
}

/** Major types that are followed by as many bytes as their head says (RFC 8949 section 3.1). */
const BYTES = 2;
const TEXT = 3;

/**
 * How many items the heads of these bytes announce, counted without building any of them and no further than one more
 * than `most`. An item of one byte takes a hundred times that once it is decoded, so the length alone bounds too little.
 */
function countItems(bytes: Uint8Array, most: number): number {
  let count = 0;
  for (let at = 0; at < bytes.length && count <= most; count++) {
    const head = bytes[at] as number;
    const info = head & 31;
    const width = info >= 24 && info < 28 ? 1 << (info - 24) : 0;
    const major = head >> 5;
    let number = width > 0 ? 0 : info;
    for (let i = 1; i <= width; i++) number = number * 256 + (bytes[at + i] ?? 0);
    at += 1 + width + (major === BYTES || major === TEXT ? number : 0);
  }
  return count;
}

/**
 * The item that these bytes encode; `E_ENCODING` unless they are its one deterministic encoding. Arrays that nest
 * deep enough to exhaust the stack end in the same refusal.
 */
export function decodeItem(bytes: Uint8Array, maxBytes: number = LIMITS.fileBytes): Result<Item> {
  if (bytes.length > maxBytes) return fail('E_LIMIT', 'ENC-2', `${bytes.length} bytes, at most ${maxBytes} allowed`);
  if (countItems(bytes, LIMITS.items) > LIMITS.items) {
    return fail('E_LIMIT', 'ENC-2', `more than ${LIMITS.items} items`);
  }
  try {
    const item: unknown = decode(bytes, DECODE_OPTIONS);
    if (isItem(item) && equalBytes(encodeItem(item), bytes)) return ok(item);
  } catch {
    // The decoder's own words differ between versions; the rule is what matters.
  }
  return fail('E_ENCODING', 'ENC-1', 'not deterministic CBOR');
}
