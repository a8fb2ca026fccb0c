/** Amounts for people and programs: decimal token units, with exactly the token's digits. */
import { toHex, type TokenId } from '@dsm/core';
import { formatAmount, listTokens, type Device, type Token } from '@dsm/wallet';

export interface Money {
  /** Decimal token units. */
  readonly amount: string;
  readonly symbol: string;
}

/** Formats base units of tokens that this wallet has met. */
export async function moneyFormatter(device: Device): Promise<(token: TokenId, amount: bigint) => Money> {
  const tokens = new Map((await listTokens(device)).map((one): [string, Token] => [toHex(one.token), one]));
  return (token, amount) => {
    const id = toHex(token);
    const policy = tokens.get(id)?.policy;
    return { amount: formatAmount(amount, policy?.decimals ?? 0), symbol: policy?.symbol ?? id };
  };
}
