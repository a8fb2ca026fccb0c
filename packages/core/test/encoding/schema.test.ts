import {
  amount,
  bytes,
  decodeWith,
  encodeItem,
  encodeWith,
  flag,
  hash,
  isLabel,
  label,
  list,
  literal,
  MAX_AMOUNT,
  optional,
  record,
  uint,
  utf8Length,
  variant,
  type Codec,
  type Item,
} from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { codeOf, expectFailure, expectOk } from '../support/results.ts';

const read = <T>(codec: Codec<T>, item: Item): string => codeOf(codec.fromItem(item, 'it'));
const FORMAT = 'E_FORMAT ENC-3';

describe('ENC-3: a value of another shape is refused', () => {
  test.each<[Item, string]>([
    [0, 'ok'],
    [255, 'ok'],
    [256, FORMAT],
    [-1, FORMAT],
    [1.5, FORMAT],
    [Number.NaN, FORMAT],
    [1n, FORMAT],
    ['1', FORMAT],
    [null, FORMAT],
    [[1], FORMAT],
    [new Uint8Array(1), FORMAT],
  ])('uint(255) of %s', (item, expected) => {
    expect(read(uint(255), item)).toBe(expected);
  });

  test('uint ends at 2^53 - 1, where a decoder answers a bignum', () => {
    expect(read(uint(), Number.MAX_SAFE_INTEGER)).toBe('ok');
    expect(codeOf(decodeWith(uint(), encodeItem(2n ** 53n), 'it'))).toBe(FORMAT);
  });

  test.each<[Item, string]>([
    [new Uint8Array(1), FORMAT],
    [new Uint8Array(2), 'ok'],
    [new Uint8Array(4), 'ok'],
    [new Uint8Array(5), FORMAT],
    ['aa', FORMAT],
    [[1, 2], FORMAT],
    [null, FORMAT],
  ])('bytes(2..4) of %s', (item, expected) => {
    expect(read(bytes(2, 4), item)).toBe(expected);
  });

  test('hash is 32 bytes', () => {
    expect(read(hash(), new Uint8Array(32))).toBe('ok');
    expect(read(hash(), new Uint8Array(31))).toBe(FORMAT);
    expect(read(hash(), new Uint8Array(33))).toBe(FORMAT);
  });

  test('flag is 0 or 1', () => {
    expect([0, 1].map((item) => expectOk(flag.fromItem(item, 'it')))).toEqual([false, true]);
    expect([true, false].map((value) => flag.toItem(value))).toEqual([1, 0]);
    for (const item of [2, -1, null, '1', 1n, []]) expect(read(flag, item)).toBe(FORMAT);
  });

  test('a literal is exactly itself', () => {
    expect(read(literal('dsm'), 'dsm')).toBe('ok');
    expect(read(literal(1), 1)).toBe('ok');
    for (const item of ['DSM', 'dsm ', 1, null]) expect(read(literal('dsm'), item)).toBe(FORMAT);
    expect(read(literal(1), 1n)).toBe(FORMAT);
  });

  test('an optional value is null or of its shape', () => {
    const codec = optional(uint());
    expect(expectOk(codec.fromItem(null, 'it'))).toBeNull();
    expect(expectOk(codec.fromItem(7, 'it'))).toBe(7);
    expect(read(codec, 'x')).toBe(FORMAT);
    expect([codec.toItem(null), codec.toItem(7)]).toEqual([null, 7]);
  });

  test('a record is an array of exactly its fields, in the order as written', () => {
    const codec = record<{ b: number; a: string }>({ b: uint(), a: label(5) });
    expect(codec.toItem({ a: 'x', b: 1 })).toEqual([1, 'x']);
    expect(expectOk(codec.fromItem([1, 'x'], 'it'))).toEqual({ a: 'x', b: 1 });
    for (const item of [[1], [1, 'x', 0], ['x', 1], [], null, 'x', 7]) expect(read(codec, item)).toBe(FORMAT);
  });

  test('a case begins with its number', () => {
    type Shape = { type: 'dot' } | { type: 'line'; length: number };
    const codec = variant<Shape>({ dot: [0, {}], line: [3, { length: uint() }] });
    for (const shape of [{ type: 'dot' }, { type: 'line', length: 7 }] as const) {
      expect(expectOk(codec.fromItem(codec.toItem(shape), 'it'))).toEqual(shape);
    }
    expect(codec.toItem({ type: 'line', length: 7 })).toEqual([3, 7]);
    for (const item of [[], [1], [0, 0], [3], [3, 7, 7], [3, 'x'], ['line', 7], [3n, 7], null, 3]) {
      expect(read(codec, item)).toBe(FORMAT);
    }
  });

  test('names the place that is wrong', () => {
    const codec = record<{ rows: readonly { n: number }[] }>({ rows: list(record<{ n: number }>({ n: uint() }), 5) });
    expect(expectFailure(codec.fromItem([[[1], ['x']]], 'table')).message).toContain('table.rows[1].n');
  });
});

describe('ENC-2: counts are bounded', () => {
  const codec = list(uint(), 3, 1);

  test.each<[Item, string]>([
    [[], 'E_LIMIT ENC-2'],
    [[1], 'ok'],
    [[1, 2, 3], 'ok'],
    [[1, 2, 3, 4], 'E_LIMIT ENC-2'],
    [[1, 'x'], FORMAT],
    ['123', FORMAT],
    [null, FORMAT],
    [new Uint8Array(2), FORMAT],
  ])('list of 1 to 3: %s', (item, expected) => {
    expect(read(codec, item)).toBe(expected);
  });

  test('before the entries are read', () => {
    expect(read(codec, ['x', 'x', 'x', 'x'])).toBe('E_LIMIT ENC-2');
  });
});

describe('ENC-4: amounts are unsigned and below 2^128', () => {
  test.each<[Item, string]>([
    [0, 'ok'],
    [0n, 'ok'],
    [MAX_AMOUNT, 'ok'],
    [MAX_AMOUNT + 1n, 'E_AMOUNT ENC-4'],
    [-1n, 'E_AMOUNT ENC-4'],
    [-1, 'E_AMOUNT ENC-4'],
    [1.5, FORMAT],
    [2 ** 53, FORMAT],
    ['1', FORMAT],
    [null, FORMAT],
  ])('%s', (item, expected) => {
    expect(read(amount, item)).toBe(expected);
  });

  test.each([MAX_AMOUNT + 1n, 2n ** 200n])('%s on the wire', (value) => {
    expect(codeOf(decodeWith(amount, encodeItem(value), 'it'))).toBe('E_AMOUNT ENC-4');
  });

  property.prop([fc.bigInt({ min: 0n, max: MAX_AMOUNT })])('round-trip as bigints', (value) => {
    expect(expectOk(decodeWith(amount, encodeWith(amount, value), 'it'))).toBe(value);
  });
});

describe('ENC-3: labels', () => {
  test.each([
    ['plain', 'Soup of the day'],
    ['empty', ''],
    ['composed', 'caf\u00E9'],
    ['other scripts', '\u6E6F \u30E9\u30FC\u30E1\u30F3'],
    ['a pair of surrogates', '\u{1F600}'],
  ])('%s: admitted', (_, value) => {
    expect(read(label(64), value)).toBe('ok');
  });

  test.each([
    ['decomposed', 'cafe\u0301'],
    ['a compatibility character that NFC changes', '\u2126'],
    ['a control character', 'a\u0000b'],
    ['a line feed', 'a\nb'],
    ['an escape sequence of a terminal', '\u001B[2J'],
    ['a byte order mark', '\uFEFFa'],
    ['a zero-width space', 'a\u200Bb'],
    ['a text direction that hides what follows', 'a\u202Eb'],
    ['a soft hyphen', 'a\u00ADb'],
    ['half a surrogate pair', 'a\uD800'],
    ['private use', '\uE000'],
    ['a line separator', 'a\u2028b'],
    ['a paragraph separator', 'a\u2029b'],
    ['a space before', ' a'],
    ['a space behind', 'a '],
    ['a no-break space behind', 'a\u00A0'],
    ['an ideographic space behind', 'a\u3000'],
  ])('%s: refused', (_, value) => {
    expect(read(label(64), value)).toBe(FORMAT);
  });

  test('are measured in bytes of UTF-8', () => {
    expect(read(label(4), '\u00E9\u00E9')).toBe('ok');
    expect(read(label(4), '\u00E9\u00E9a')).toBe(FORMAT);
    expect(read(label(4), '\u{1F600}')).toBe('ok');
    expect(read(label(3), '\u{1F600}')).toBe(FORMAT);
    expect(read(label(4, 1), '')).toBe(FORMAT);
    expect(read(label(4, 1), 'a')).toBe('ok');
  });

  property.prop([fc.string({ unit: 'binary', maxLength: 20 })])('lengths are those of an encoder', (value) => {
    expect(utf8Length(value)).toBe(new TextEncoder().encode(value).length);
  });

  property.prop([fc.string({ unit: 'binary', maxLength: 12 })])('what is admitted is read back as it was', (value) => {
    fc.pre(isLabel(value, 64));
    expect(expectOk(decodeWith(label(64), encodeWith(label(64), value), 'it'))).toBe(value);
  });
});
