import {
  check,
  checkAll,
  compareBytes,
  concatBytes,
  done,
  equalBytes,
  fail,
  fromHex,
  must,
  ok,
  toHex,
  type Result,
} from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';

describe('results', () => {
  test('a check that holds is done, another is the failure', () => {
    expect(check(true, 'E_FORMAT', 'ENC-3', 'no')).toBe(done);
    expect(check(false, 'E_FORMAT', 'ENC-3', 'no')).toEqual(fail('E_FORMAT', 'ENC-3', 'no'));
  });

  test('checks are evaluated in order and only as far as needed', () => {
    const seen: number[] = [];
    const step = (number: number, result: Result<unknown>) => () => {
      seen.push(number);
      return result;
    };
    const failure = fail('E_LIMIT', 'ENC-2', 'too much');
    expect(checkAll(step(1, ok(1)), step(2, failure), step(3, fail('E_FORMAT', 'ENC-3', 'never')))).toBe(failure);
    expect(seen).toEqual([1, 2]);
    expect(checkAll(step(1, ok(1)), step(2, done))).toBe(done);
    expect(checkAll()).toBe(done);
  });

  test('must unwraps, and throws where a failure would be a defect', () => {
    expect(must(ok(7))).toBe(7);
    expect(() => must(fail('E_CAP', 'VAL-5', 'more'))).toThrow('E_CAP (VAL-5): more');
  });

  test('a failure carries what is missing, or evidence, only if there is any', () => {
    expect(fail('E_CAP', 'VAL-5', 'more').error).toEqual({ code: 'E_CAP', rule: 'VAL-5', message: 'more' });
    expect(fail('E_INCOMPLETE', 'BND-2', 'x', { missing: ['a'] }).error.missing).toEqual(['a']);
  });
});

const bytes = fc.uint8Array({ maxLength: 40 });

describe('byte strings', () => {
  property.prop([bytes])('hexadecimal there and back', (value) => {
    expect(fromHex(toHex(value))).toEqual(value);
    expect(toHex(value)).toBe(Buffer.from(value).toString('hex'));
  });

  test.each(['0', 'AA', 'zz', '0x00', ' 00', '00\n', '0g'])('%j is no hexadecimal', (text) => {
    expect(fromHex(text)).toBeUndefined();
  });

  property.prop([bytes, bytes])('comparison is that of memcmp, and equality is no difference', (a, b) => {
    expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
    expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
    expect(equalBytes(a, a.slice())).toBe(true);
  });

  property.prop([fc.array(bytes)])('concatenation keeps order and lengths', (parts) => {
    expect(concatBytes(parts)).toEqual(Uint8Array.from(Buffer.concat(parts)));
  });
});
