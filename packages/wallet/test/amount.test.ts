import { MAX_AMOUNT } from '@dsm/core';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { formatAmount, parseAmount } from '../src/amount.ts';

describe('amounts as people write them', () => {
  test.each([
    ['7.50', 2, 750n],
    ['7.5', 2, 750n],
    ['7', 2, 700n],
    ['0.01', 2, 1n],
    ['12', 0, 12n],
    [MAX_AMOUNT.toString(), 0, MAX_AMOUNT],
  ])('WAL-5: %s with %i digits is %i base units', (text, decimals, value) => {
    expect(parseAmount(text, decimals)).toEqual({ ok: true, value });
  });

  test.each(
    ['', '0', '0.00', '-1', '+1', '1e3', '01', '00.5', '.5', '5.', '1,5', ' 1', '1 ', '1\n', '0x1', '1.005', '1_0'].map(
      (text) => [text],
    ),
  )('WAL-5: %j is refused', (text) => {
    expect(parseAmount(text, 2)).toMatchObject({ ok: false, error: { code: 'E_AMOUNT' } });
  });

  test('ENC-4: 2^128 base units and more are refused, however long', () => {
    for (const text of [(MAX_AMOUNT + 1n).toString(), '9'.repeat(10_000)]) {
      expect(parseAmount(text, 0)).toMatchObject({ ok: false, error: { code: 'E_AMOUNT' } });
    }
  });

  test('WAL-5: no digit after the point where the token has none', () => {
    expect(parseAmount('1.0', 0)).toMatchObject({ ok: false, error: { code: 'E_AMOUNT' } });
  });

  property.prop([fc.bigInt({ min: 1n, max: MAX_AMOUNT }), fc.integer({ min: 0, max: 18 })])(
    'WAL-5: what is printed reads back as the same amount, with exactly the digits of the token',
    (value, decimals) => {
      const text = formatAmount(value, decimals);
      expect(parseAmount(text, decimals)).toEqual({ ok: true, value });
      expect(text.split('.')[1]?.length ?? 0).toBe(decimals);
    },
  );
});
