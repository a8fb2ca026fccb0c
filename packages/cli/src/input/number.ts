/** Whole numbers as people type them. */
import { fail, ok, type Result } from '@dsm/core';

/** Decimal digits only; `E_USAGE` outside of the bounds. */
export function parseWhole(text: string, name: string, min: number, max: number): Result<number> {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max
    ? ok(value)
    : fail('E_USAGE', 'CLI-3', `${name}: a whole number from ${min} to ${max} is expected, not "${text}"`);
}
