import { bodyCodec, bodyToItem, decodeWith, encodeItem, encodeWith, type Item } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { makeChain } from '../support/chains.ts';
import { codeOf, expectOk, flipByte, nth } from '../support/results.ts';

const body = nth(makeChain(3), 2);
const items = bodyToItem(body) as readonly Item[];
const read = (item: Item): string => codeOf(decodeWith(bodyCodec, encodeItem(item), 'body'));

describe('CHN-1: a body is a record of twelve fields', () => {
  test('and is read back as it was', () => {
    expect(items).toHaveLength(12);
    expect(expectOk(decodeWith(bodyCodec, encodeWith(bodyCodec, body), 'body'))).toEqual(body);
  });

  test('another version is E_VERSION', () => {
    for (const version of [0, 2, '1', null]) expect(read(items.with(0, version))).toBe('E_VERSION CHN-1');
  });

  test('an unknown kind is E_FORMAT', () => {
    for (const kind of [0, 6, 'account', null]) expect(read(items.with(1, kind))).toBe('E_FORMAT CHN-1');
    for (const kind of [1, 2, 3, 4, 5]) expect(read(items.with(1, kind))).toBe('ok');
  });

  test('a field too few, too many or of another shape is E_FORMAT', () => {
    expect(read(items.slice(0, -1))).toBe('E_FORMAT ENC-3');
    expect(read([...items, 0])).toBe('E_FORMAT ENC-3');
    for (let at = 2; at < 12; at++) expect(read(items.with(at, 'x'))).toBe('E_FORMAT ENC-3');
    expect(read(items.with(4, -1))).toBe('E_ENCODING ENC-1');
    expect(read(items.with(9, [1, 2, 3]))).toBe('E_FORMAT ENC-3');
  });

  test('one changed byte is refused or gives another body', () => {
    const encoded = encodeWith(bodyCodec, body);
    for (let at = 0; at < encoded.length; at++) {
      const decoded = decodeWith(bodyCodec, flipByte(encoded, at), 'body');
      expect(decoded.ok ? decoded.value : undefined).not.toEqual(body);
    }
  });
});
