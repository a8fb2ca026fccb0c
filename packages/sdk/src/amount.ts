/** Amounts with their token, as people write them: `7.50 MEAL` (rule SDK-1). */
import { fail, ok, toHex, type Result, type TokenId, type TokenPolicy } from '@dsm/core';
import { findToken, formatAmount, parseAmount, type Device, type Token } from '@dsm/wallet';

/** Exact: base units, never a floating number. */
export interface Amount {
  /** Base units. */
  readonly value: bigint;
  readonly decimals: number;
  readonly symbol: string;
  /** The token's id, hexadecimal. */
  readonly token: string;
  /** `7.50 MEAL`. */
  readonly text: string;
  /** The same. */
  toString(): string;
  /** `7.50 MEAL`: JSON has no integers of this size. */
  toJSON(): string;
}

export function makeAmount(value: bigint, token: TokenId, { decimals, symbol }: TokenPolicy): Amount {
  const text = `${formatAmount(value, decimals)} ${symbol}`;
  const tell = (): string => text;
  return { value, decimals, symbol, token: toHex(token), text, toString: tell, toJSON: tell };
}

/** An amount as it is asked for. */
export interface Sum extends Token {
  /** Base units. */
  readonly amount: bigint;
}

/**
 * `7.50 MEAL`, or `7.50 MEAL@ID` where two tokens have one symbol: exactly one space, and no more digits than the
 * token has. `E_AMOUNT`; `E_TOKEN` for a token that this wallet has not met.
 */
export async function readSum(device: Device, text: string): Promise<Result<Sum>> {
  const [amount = '', symbol = '', ...rest] = typeof text === 'string' ? text.split(' ') : [];
  if (amount === '' || symbol === '' || rest.length > 0) {
    return fail('E_AMOUNT', 'SDK-1', 'an amount is a number, a space and a symbol: 7.50 MEAL');
  }
  const token = await findToken(device, symbol);
  if (!token.ok) return token;
  const parsed = parseAmount(amount, token.value.policy.decimals);
  return parsed.ok ? ok({ ...token.value, amount: parsed.value }) : parsed;
}
