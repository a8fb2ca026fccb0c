/** Tokens (spec VAL-1): a token is its policy, its id the policy's hash. */
import type { ChainId, NetworkId, TokenId } from '../bytes.ts';
import { hashItem } from '../crypto/hash.ts';
import type { PublicKey } from '../crypto/keys.ts';
import { equalKeys, publicKeyCodec } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { amount, bytes, flag, hash, list, record, uint, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { fail, ok } from '../result.ts';

export interface TokenPolicy {
  /** Home network: accounts hold only tokens of their own network. */
  readonly network: NetworkId;
  /** The one account that mints. */
  readonly issuer: ChainId;
  readonly symbol: string;
  /** Digits after the point of one token unit. */
  readonly decimals: number;
  /** Most base units that may ever be minted. */
  readonly cap: bigint;
  /** From then on the token only goes back to its issuer; 0: never. */
  readonly expiresAt: number;
  readonly transferable: boolean;
  /** Keys of whom `threshold` must approve every total that is minted (spec VAL-11); none: the issuer mints alone. */
  readonly approvers: readonly PublicKey[];
  readonly threshold: number;
  /** Tells apart tokens that are otherwise alike. */
  readonly salt: Uint8Array;
}

/** Symbols are 1 to 12 capital letters, digits or dots, beginning with a letter, so that none imitates another. */
export const isSymbol = (text: string): boolean => /^[A-Z][A-Z0-9.]{0,11}$/.test(text);

const symbolCodec: Codec<string> = {
  toItem: (symbol) => symbol,
  fromItem: (item, at) =>
    typeof item === 'string' && isSymbol(item)
      ? ok(item)
      : fail('E_TOKEN', 'VAL-1', `${at}: a symbol is 1 to 12 of A-Z, 0-9 and the point, beginning with a letter`),
};

export const policyCodec: Codec<TokenPolicy> = record<TokenPolicy>({
  network: hash<NetworkId>(),
  issuer: hash<ChainId>(),
  symbol: symbolCodec,
  decimals: uint(LIMITS.decimals),
  cap: amount,
  expiresAt: uint(),
  transferable: flag,
  approvers: list(publicKeyCodec, LIMITS.approvers),
  threshold: uint(LIMITS.approvers),
  salt: bytes(16),
});

export const tokenId = (suite: CryptoSuite, policy: TokenPolicy): TokenId =>
  hashItem<TokenId>(suite, 'token', policyCodec.toItem(policy));

/** Each key once; at least one and at most all of them approve, unless there are none (spec VAL-11). */
export const isApprovable = ({ approvers, threshold }: TokenPolicy): boolean =>
  threshold <= approvers.length &&
  threshold > 0 === approvers.length > 0 &&
  approvers.every((key, i) => approvers.slice(0, i).every((earlier) => !equalKeys(earlier, key)));
