/** Tokens: making them, and knowing those of others. */
import {
  decodeWith,
  encodeWith,
  equalBytes,
  fail,
  LIMITS,
  MAX_AMOUNT,
  ok,
  policyCodec,
  toHex,
  type Result,
  type TokenId,
} from '@dsm/core';
import {
  burn,
  createToken,
  findToken,
  learnToken,
  listTokens,
  mint,
  parseAmount,
  type Device,
  type Token,
} from '@dsm/wallet';
import type { Stoppable } from './abort.ts';
import { makeAmount, readSum, type Amount } from './amount.ts';
import { run, type Core } from './core.ts';

export interface TokenFacts {
  readonly symbol: string;
  readonly decimals: number;
  /** Id and account of the issuer, hexadecimal. */
  readonly id: string;
  readonly issuer: string;
  /** The most that may ever be minted. */
  readonly cap: Amount;
  /** Milliseconds; null: never. */
  readonly expiresAt: number | null;
  readonly transferable: boolean;
}

export interface TokenTerms {
  /** 1 to 12 of A-Z, 0-9 and the point. */
  readonly symbol: string;
  /** Digits after the point. Default: 2. */
  readonly decimals?: number;
  /** The most that may ever be minted, in token units: `100000`. Default: no bound but that of numbers. */
  readonly cap?: string;
  readonly expiresAt?: number;
  /** False: holders pay it to its issuer, and to nobody else. Default: true. */
  readonly transferable?: boolean;
}

export interface Tokens {
  /** A new token, issued by this wallet; certified. */
  create(terms: TokenTerms, options?: Stoppable): Promise<Result<TokenFacts>>;
  /** Issues `500 MEAL` to this wallet; certified. */
  mint(amount: string, options?: Stoppable): Promise<Result<Amount>>;
  /** Destroys what came back to its issuer: `120 MEAL`; certified. */
  burn(amount: string, options?: Stoppable): Promise<Result<Amount>>;
  list(): Promise<Result<readonly TokenFacts[]>>;
  /** What others need to know a token before they have met it. */
  share(symbol: string): Promise<Result<Uint8Array>>;
  learn(shared: Uint8Array): Promise<Result<TokenFacts>>;
}

const describe = ({ token, policy }: Token): TokenFacts => ({
  symbol: policy.symbol,
  decimals: policy.decimals,
  id: toHex(token),
  issuer: toHex(policy.issuer),
  cap: makeAmount(policy.cap, token, policy),
  expiresAt: policy.expiresAt > 0 ? policy.expiresAt : null,
  transferable: policy.transferable,
});

const described = (token: Result<Token>): Result<TokenFacts> => (token.ok ? ok(describe(token.value)) : token);

export const tokensOf = (core: Core): Tokens => ({
  create: ({ symbol, decimals = 2, cap, expiresAt, transferable = true }, { signal } = {}) =>
    run(core, { signal }, async (device) => {
      const known = (await listTokens(device)).find(
        ({ policy }) => policy.symbol === symbol && equalBytes(policy.issuer, device.account),
      );
      if (known) return fail('E_EXISTS', 'SDK-1', `this wallet issues a token ${symbol} already`);
      const bound = cap === undefined ? ok(MAX_AMOUNT) : parseAmount(cap, decimals);
      if (!bound.ok) return bound;
      const expires = expiresAt === undefined ? {} : { expiresAt };
      return described(await createToken(device, { symbol, decimals, cap: bound.value, transferable, ...expires }));
    }),
  mint: (amount, options) => issue(core, mint, amount, options),
  burn: (amount, options) => issue(core, burn, amount, options),
  list: () => run(core, {}, async (device) => ok((await listTokens(device)).map(describe))),
  share: (symbol) =>
    run(core, {}, async (device) => {
      const token = await findToken(device, symbol);
      return token.ok ? ok(encodeWith(policyCodec, token.value.policy)) : token;
    }),
  learn: (shared) =>
    run(core, {}, async (device) => {
      const policy = decodeWith(policyCodec, shared, 'token', LIMITS.leafBytes);
      if (!policy.ok) return policy;
      return equalBytes(policy.value.network, device.network.id)
        ? described(await learnToken(device, policy.value))
        : fail('E_NETWORK', 'NET-1', 'a token of another network');
    }),
});

/** Out of nothing, or into it. */
const issue = (
  core: Core,
  operate: (device: Device, token: TokenId, amount: bigint) => Promise<Result<unknown>>,
  text: string,
  { signal }: Stoppable = {},
): Promise<Result<Amount>> =>
  run(core, { signal }, async (device) => {
    const sum = await readSum(device, text);
    if (!sum.ok) return sum;
    const { token, policy, amount } = sum.value;
    const done = await operate(device, token, amount);
    return done.ok ? ok(makeAmount(amount, token, policy)) : done;
  });
