import { decodeItem, encodeItem, equalBytes, fromHex, LIMITS, MAX_AMOUNT, toHex, type Item } from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { cdeDecodeOptions, dcborEncodeOptions, decode, encode } from 'cbor2';
import { describe, expect, test } from 'vitest';
import { isInSubset, plainItem } from '../support/cbor.ts';
import { codeOf, expectOk, flipByte } from '../support/results.ts';

const bytesOf = (hex: string): Uint8Array => fromHex(hex.replaceAll(' ', '')) ?? expect.fail(`not hexadecimal: ${hex}`);
const decodeHex = (hex: string) => decodeItem(bytesOf(hex));

/** A text that begins with U+FEFF loses it in decoding and so is refused; no shape of the protocol has such texts. */
const text = fc.string({ unit: 'binary' }).filter((value) => !value.startsWith('\uFEFF'));
const scalar = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(300),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 256n - 1n }),
  fc.uint8Array({ maxLength: 300 }),
  text,
  fc.constant(null),
);
const items: fc.Arbitrary<Item> = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof({ depthSize: 'small', maxDepth: 6 }, scalar, fc.array(tie('item'), { maxLength: 30 })),
})).item;

/** What another implementation of deterministic CBOR makes of the bytes; undefined when it refuses them. */
function oracle(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: decode(bytes, cdeDecodeOptions) };
  } catch {
    return undefined;
  }
}

describe('ENC-1: an item has one encoding', () => {
  property.prop([items])('what is encoded is decoded to the same item', (item) => {
    expect(expectOk(decodeItem(encodeItem(item)))).toEqual(item);
  });

  property.prop([items])('another implementation of dCBOR encodes the same bytes', (item) => {
    // dCBOR also asks for text in normal form C; here that is a matter of labels (ENC-3).
    const normal = normalise(item);
    expect(toHex(encodeItem(normal))).toBe(toHex(encode(normal, dcborEncodeOptions)));
  });

  property.prop([fc.uint8Array({ maxLength: 40 })], { numRuns: 20_000 })(
    'random bytes: what is accepted is encoded again as it was, and nothing throws',
    (bytes) => {
      const decoded = decodeItem(bytes);
      return !decoded.ok || equalBytes(encodeItem(decoded.value), bytes);
    },
  );

  property.prop([items, fc.nat(), fc.integer({ min: 1, max: 255 })], { numRuns: 2_000 })(
    'one changed byte: accepted exactly when another implementation accepts it and the value is in the subset',
    (item, place, change) => {
      const encoded = encodeItem(item);
      const bytes = flipByte(encoded, place % encoded.length, change);
      const theirs = oracle(bytes);
      const decoded = decodeItem(bytes);
      fc.pre(!toHex(bytes).includes('efbbbf'));
      expect(decoded.ok).toBe(theirs !== undefined && isInSubset(theirs.value));
      expect(decoded.ok ? decoded.value : undefined).toEqual(decoded.ok ? plainItem(theirs?.value) : undefined);
    },
  );

  test('all inputs of up to two bytes', () => {
    let accepted = 0;
    for (let length = 0; length <= 2; length++) {
      for (let value = 0; value < 256 ** length; value++) {
        const bytes = Uint8Array.from({ length }, (_, i) => (value >> (8 * i)) & 255);
        const decoded = decodeItem(bytes);
        if (!decoded.ok) continue;
        accepted++;
        if (!equalBytes(encodeItem(decoded.value), bytes)) throw new Error(`changed: ${toHex(bytes)}`);
      }
    }
    // 24 small integers, empty bytes, text and array, null; 232 integers, 256 bytes, 128 texts, 28 arrays of one of them.
    expect(accepted).toBe(28 + 232 + 256 + 128 + 28);
  });

  test.each([0x19, 0x42, 0x62, 0x82, 0xc2])('all inputs of three bytes that begin with 0x%s', (head) => {
    let accepted = 0;
    for (let value = 0; value < 65_536; value++) {
      const bytes = Uint8Array.of(head, value >> 8, value & 255);
      const decoded = decodeItem(bytes);
      if (!decoded.ok) continue;
      accepted++;
      if (!equalBytes(encodeItem(decoded.value), bytes)) throw new Error(`changed: ${toHex(bytes)}`);
    }
    // Integers above 255; any two bytes; two characters or one of two bytes; pairs of one-byte items; no bignum.
    const expected = { 0x19: 65_536 - 256, 0x42: 65_536, 0x62: 128 * 128 + 30 * 64, 0x82: 28 * 28, 0xc2: 0 };
    expect(accepted).toBe(expected[head as keyof typeof expected]);
  });

  property.prop([items, fc.nat()])('truncated anywhere it is refused', (item, at) => {
    const bytes = encodeItem(item);
    expect(codeOf(decodeItem(bytes.slice(0, at % bytes.length)))).toBe('E_ENCODING ENC-1');
  });

  property.prop([items, fc.uint8Array({ minLength: 1, maxLength: 3 })])(
    'bytes behind the item are refused',
    (item, more) => {
      expect(codeOf(decodeItem(Uint8Array.of(...encodeItem(item), ...more)))).toBe('E_ENCODING ENC-1');
    },
  );
});

const normalise = (item: Item): Item => {
  if (typeof item === 'string') return item.normalize('NFC');
  return Array.isArray(item) ? (item as readonly Item[]).map(normalise) : item;
};

describe('ENC-1: refused as not deterministic or not of the subset', () => {
  test.each([
    ['nothing', ''],
    ['an integer in two bytes that fits into one', '18 17'],
    ['an integer in three bytes that fits into two', '19 00ff'],
    ['an integer in five bytes that fits into three', '1a 0000ffff'],
    ['an integer in nine bytes that fits into five', '1b 00000000ffffffff'],
    ['a long length of bytes', '58 01 00'],
    ['a long length of text', '78 01 61'],
    ['a long length of an array', '98 01 00'],
    ['a long head of a tag', 'd8 02 49 010000000000000000'],
    ['reserved additional information', '1c'],
    ['bytes of indefinite length', '5f 41 00 ff'],
    ['text of indefinite length', '7f 61 61 ff'],
    ['an array of indefinite length', '9f 00 ff'],
    ['a map of indefinite length', 'bf 61 61 00 ff'],
    ['a lone break', 'ff'],
    ['a break in an array', '81 ff'],
    ['a negative integer', '20'],
    ['a large negative integer', '3b ffffffffffffffff'],
    ['an empty map', 'a0'],
    ['a map', 'a1 61 61 01'],
    ['a map with a key twice', 'a2 61 61 01 61 61 02'],
    ['a map out of order', 'a2 61 62 01 61 61 02'],
    ['a map with a key __proto__', 'a1 69 5f5f70726f746f5f5f 80'],
    ['a map inside an array', '82 00 a0'],
    ['false', 'f4'],
    ['true', 'f5'],
    ['undefined', 'f7'],
    ['a simple value', 'f0'],
    ['a simple value in two bytes', 'f8 20'],
    ['zero as a float', 'f9 0000'],
    ['minus zero', 'f9 8000'],
    ['one as a float', 'f9 3c00'],
    ['one and a half', 'f9 3e00'],
    ['a float of four bytes', 'fa 47c35000'],
    ['a float of eight bytes', 'fb 3ff199999999999a'],
    ['infinity', 'f9 7c00'],
    ['minus infinity', 'f9 fc00'],
    ['NaN', 'f9 7e00'],
    ['NaN with a payload', 'fb 7ff8000000000001'],
    ['a date', 'c1 1a514b67b0'],
    ['a negative bignum', 'c3 49 010000000000000000'],
    ['a tag without content', 'c2'],
    ['a bignum that fits into an integer', 'c2 48 ffffffffffffffff'],
    ['a bignum with a leading zero', 'c2 4a 00010000000000000000'],
    ['a bignum of text', 'c2 69 616161616161616161'],
    ['a bignum of an array', 'c2 89 010101010101010101'],
    ['a bignum of 33 bytes', `c2 58 21 ${'ff'.repeat(33)}`],
    ['encoded CBOR in a tag', 'd8 18 41 00'],
    ['text that is not UTF-8', '62 c3 28'],
    ['text with an overlong form', '62 c0 80'],
    ['text with half a surrogate pair', '63 eda080'],
    ['text that begins with a byte order mark', '64 efbbbf 61'],
  ])('%s', (_, hex) => {
    expect(codeOf(decodeHex(hex))).toBe('E_ENCODING ENC-1');
  });

  test.each([
    ['an array that claims 2^64 - 1 entries', '9b ffffffffffffffff 00'],
    ['an array that claims 2^31 entries', '9a 80000000 00'],
    ['bytes that claim 2^64 - 1', '5b ffffffffffffffff 00'],
    ['bytes that claim 2^31', '5a 80000000 00'],
    ['text that claims 2^53 - 1', '7b 001fffffffffffff 61'],
  ])('%s, in no time and no memory', (_, hex) => {
    const began = performance.now();
    expect(codeOf(decodeHex(hex))).toBe('E_ENCODING ENC-1');
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('a bignum of half a megabyte, in no time: decoding one takes time with the square of its length', () => {
    const bytes = new Uint8Array(500_006).fill(0xff);
    bytes.set([0xc2, 0x5a, 0x00, 0x07, 0xa1, 0x20]);
    const began = performance.now();
    expect(codeOf(decodeItem(bytes))).toBe('E_ENCODING ENC-1');
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test.each([33, 1_000, 100_000, 1_000_000])('arrays %s deep, from wherever they are decoded', (depth) => {
    const bytes = new Uint8Array(depth + 1).fill(0x81);
    bytes[depth] = 0;
    expect(codeOf(decodeItem(bytes))).toBe('E_ENCODING ENC-1');
    expect(codeOf(belowFrames(3_000, () => decodeItem(bytes)))).toBe('E_ENCODING ENC-1');
  });

  test(`arrays ${LIMITS.nesting} deep are decoded`, () => {
    const bytes = new Uint8Array(LIMITS.nesting + 1).fill(0x81);
    bytes[LIMITS.nesting] = 0;
    expect(codeOf(decodeItem(bytes))).toBe('ok');
  });
});

/** Runs with that many frames on the stack already. */
const belowFrames = <T>(frames: number, run: () => T): T => (frames === 0 ? run() : belowFrames(frames - 1, run));

describe('ENC-2: sizes are bounded before anything is decoded', () => {
  test('one byte too many is E_LIMIT, whatever the bytes', () => {
    const bytes = encodeItem(new Uint8Array(100));
    expect(codeOf(decodeItem(bytes, bytes.length))).toBe('ok');
    expect(codeOf(decodeItem(bytes, bytes.length - 1))).toBe('E_LIMIT ENC-2');
    expect(codeOf(decodeItem(new Uint8Array(LIMITS.fileBytes + 1)))).toBe('E_LIMIT ENC-2');
  });
});

describe('ENC-2: items are counted before any is built', () => {
  const listOf = (count: number, entry: number): Uint8Array => {
    const bytes = new Uint8Array(5 + count).fill(entry);
    bytes[0] = 0x9a;
    new DataView(bytes.buffer).setUint32(1, count);
    return bytes;
  };

  test.each([
    ['zeros', 0x00],
    ['empty arrays', 0x80],
    ['nulls', 0xf6],
  ])('%s: as many as allowed, and one more', (_, entry) => {
    expect(codeOf(decodeItem(listOf(LIMITS.items - 1, entry)))).toBe('ok');
    expect(codeOf(decodeItem(listOf(LIMITS.items, entry)))).toBe('E_LIMIT ENC-2');
  });

  test('a long file of few items is none of them', () => {
    expect(codeOf(decodeItem(encodeItem([new Uint8Array(8_000_000), 'x'.repeat(70_000), 1n << 64n])))).toBe('ok');
  });

  test('heads that lie about the length of what follows are refused as before', () => {
    for (const hex of ['5b ffffffffffffffff 00', '7a 80000000 00', '9b ffffffffffffffff 00', '5f 00', '1c', '5e']) {
      expect(codeOf(decodeHex(hex))).toBe('E_ENCODING ENC-1');
    }
  });
});

describe('ENC-4: amounts', () => {
  test.each<[bigint, string]>([
    [0n, '00'],
    [1_000n, '1903e8'],
    [2n ** 53n - 1n, '1b001fffffffffffff'],
    [2n ** 53n, '1b0020000000000000'],
    [2n ** 64n - 1n, '1bffffffffffffffff'],
    [2n ** 64n, 'c249010000000000000000'],
    [MAX_AMOUNT, `c250${'ff'.repeat(16)}`],
  ])('%s is encoded as %s', (value, hex) => {
    expect(toHex(encodeItem(value))).toBe(hex);
    expect(BigInt(expectOk(decodeHex(hex)) as number | bigint)).toBe(value);
  });
});
