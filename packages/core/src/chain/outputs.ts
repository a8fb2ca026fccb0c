/** What a state pays out to other chains (spec VAL-6): a certified debit names one destination chain. */
import { type ChainId, type TokenId } from '../bytes.ts';
import { hashItem } from '../crypto/hash.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Operation } from './operation.ts';

export interface Output {
  readonly to: ChainId;
  readonly token: TokenId;
  readonly amount: bigint;
}

/** The outputs of a state follow from its operation alone. */
export function outputsOf({ kind, operation }: Operation): readonly Output[] {
  if (kind === 'account' && operation.type === 'transfer') {
    return [{ to: operation.to, token: operation.token, amount: operation.amount }];
  }
  if (kind === 'account' && operation.type === 'fund') {
    return [{ to: operation.vault, token: operation.token, amount: operation.amount }];
  }
  if (kind === 'vault' && operation.type !== 'genesis' && operation.type !== 'void') {
    return [{ to: operation.to, token: operation.token, amount: operation.amount }];
  }
  return [];
}

/** `H("credit", [source chain, index, output])`: a debit is credited once. */
export const creditNullifier = (suite: CryptoSuite, source: ChainId, index: number, output: number): Uint8Array =>
  hashItem(suite, 'credit', [source, index, output]);
