/** Amounts as people write them: decimal token units, strictly (rule WAL-5). */
import { fail, MAX_AMOUNT, ok, type Result } from '@dsm/core';

const DECIMAL = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;

/**
 * Base units of a decimal amount: `7.50` is 750n with two digits. No sign, exponent, grouping, leading zero or
 * surrounding space; at most `decimals` digits after the point; more than nothing. `E_AMOUNT` otherwise.
 */
export function parseAmount(text: string, decimals: number): Result<bigint> {
  // Longer than any amount can be: refused before it is turned into a number.
  const parts = text.length <= 64 ? DECIMAL.exec(text) : null;
  if (!parts) return fail('E_AMOUNT', 'WAL-5', 'not a decimal amount');
  const [, whole = '', fraction = ''] = parts;
  if (fraction.length > decimals) {
    return fail('E_AMOUNT', 'WAL-5', `more than ${decimals} digits after the point`);
  }
  const value = BigInt(whole + fraction.padEnd(decimals, '0'));
  if (value === 0n) return fail('E_AMOUNT', 'WAL-5', 'the amount is zero');
  return value <= MAX_AMOUNT ? ok(value) : fail('E_AMOUNT', 'ENC-4', 'the amount is not below 2^128 base units');
}

/** Decimal token units with exactly `decimals` digits after the point. */
export function formatAmount(value: bigint, decimals: number): string {
  const digits = value.toString().padStart(decimals + 1, '0');
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
