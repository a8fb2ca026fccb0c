/**
 * Deterministic CBOR (RFC 8949 section 4.2.1), the subset that DSM uses: unsigned integers, bignums of tag 2, byte
 * strings, text, arrays and null. A decoder accepts exactly the bytes that the encoder produces: decode strictly,
 * encode again, compare (spec ENC-1). No JavaScript codec is fully strict alone, the comparison makes this one so.
 */
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import { bigIntDecoder, bigIntEncoder } from 'cborg/taglib';
import { equalBytes } from '../bytes.ts';
import { LIMITS } from '../limits.ts';
import { fail, ok, type Result } from '../result.ts';

export type Item = number | bigint | string | Uint8Array | null | readonly Item[];

const ENCODE_OPTIONS = { ...rfc8949EncodeOptions, typeEncoders: { bigint: bigIntEncoder } };

const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: true,
  tags: { 2: bigIntDecoder },
};

export const encodeItem = (item: Item): Uint8Array => encode(item, ENCODE_OPTIONS);

/**
 * The item that these bytes encode; `E_ENCODING` unless they are its one deterministic encoding. Arrays that nest
 * deep enough to exhaust the stack end in the same refusal.
 */
export function decodeItem(bytes: Uint8Array, maxBytes: number = LIMITS.fileBytes): Result<Item> {
  if (bytes.length > maxBytes) return fail('E_LIMIT', 'ENC-2', `${bytes.length} bytes, at most ${maxBytes} allowed`);
  try {
    const item = decode(bytes, DECODE_OPTIONS) as Item;
    if (equalBytes(encodeItem(item), bytes)) return ok(item);
  } catch {
    // The decoder's own words differ between versions; the rule is what matters.
  }
  return fail('E_ENCODING', 'ENC-1', 'not deterministic CBOR');
}
