/** Tokens: creating, issuing, and finding them by what people call them. */
import {
  fail,
  isSymbol,
  ok,
  policyCodec,
  toHex,
  tokenId,
  type BundleItem,
  type ChainId,
  type PublicKey,
  type Result,
  type TokenId,
  type TokenPolicy,
  type Transition,
  type Window,
} from '@dsm/core';
import { operateOnline, windowFrom } from '../chain/own.ts';
import { readAccountGenesis } from '../contacts/card.ts';
import type { Device, Storage } from '../device.ts';
import { guardStore } from '../guard.ts';
import { paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { putToken, tokenRecords } from '../records/token.ts';
import { certifiedPayment, newPayment, type CertifiedPayment } from './records.ts';

export interface Token {
  readonly token: TokenId;
  readonly policy: TokenPolicy;
}

export interface TokenOptions {
  readonly symbol: string;
  readonly decimals: number;
  /** Most base units that may ever be minted. */
  readonly cap: bigint;
  /** Milliseconds; from then on the token only goes back to its issuer. Never, by default. */
  readonly expiresAt?: number;
  /** True by default. */
  readonly transferable?: boolean;
  /** Accounts of contacts, this device's own among them if it shall count; nobody by default. */
  readonly approvers?: readonly ChainId[];
  /** How many of them approve each total that is minted. Default: all. */
  readonly threshold?: number;
}

/** A new token with this account as its issuer, certified. */
export const createToken = (device: Device, options: TokenOptions): Promise<Result<Token>> =>
  guardStore(async () => {
    const { symbol, decimals, cap, expiresAt = 0, transferable = true, approvers = [] } = options;
    if (!isSymbol(symbol)) {
      return fail('E_TOKEN', 'VAL-1', 'a symbol is 1 to 12 of A-Z, 0-9 and the point, beginning with a letter');
    }
    const window = windowFrom(device);
    if (!window.ok) return window;
    const keys = await keysOf(device, approvers);
    if (!keys.ok) return keys;
    const policy: TokenPolicy = {
      network: device.network.id,
      issuer: device.account,
      symbol,
      decimals,
      cap,
      expiresAt,
      transferable,
      approvers: keys.value,
      threshold: options.threshold ?? approvers.length,
      salt: device.entropy(16),
    };
    const valid = policyCodec.fromItem(policyCodec.toItem(policy), 'policy');
    if (!valid.ok) return valid;
    const token = tokenId(device.suite, policy);
    const made = await operateOnline(device, {
      operation: { type: 'createToken', window: window.value, policy },
      alongside: () => putToken(device, token, policy),
    });
    return made.ok ? ok({ token, policy }) : made;
  });

/** The keys of accounts that this device knows. */
async function keysOf(device: Device, accounts: readonly ChainId[]): Promise<Result<readonly PublicKey[]>> {
  const keys: PublicKey[] = [];
  for (const account of accounts) {
    const genesis = await readAccountGenesis(device, account);
    if (!genesis) return fail('E_CONTACT', 'WAL-9', 'an approver is not among the contacts: add its card first');
    keys.push(genesis.key);
  }
  return ok(keys);
}

export interface MintOptions {
  /** Approvals, for a token that needs them: what `gatherApprovals` made of the files. */
  readonly approvals?: readonly BundleItem[];
}

/** Issues `amount` base units to this account, certified. */
export const mint = (
  device: Device,
  token: TokenId,
  amount: bigint,
  { approvals = [] }: MintOptions = {},
): Promise<Result<CertifiedPayment>> =>
  guardStore(async () => {
    const window = await windowForToken(device, token);
    if (!window.ok) return window;
    const made = await operateOnline(device, {
      operation: { type: 'mint', window: window.value, token, amount },
      overlay: approvals,
      alongside: (transition) => [
        paymentRecords.put(device, transition.body.precommit, mintRecord(device, transition)),
      ],
    });
    return made.ok ? ok(certifiedPayment(made.value)) : made;
  });

/** Destroys `amount` base units of a token of this account's own, typically what came back to it, certified. */
export const burn = (device: Device, token: TokenId, amount: bigint): Promise<Result<CertifiedPayment>> =>
  guardStore(async () => {
    // What has expired is destroyed at any time.
    const window = windowFrom(device);
    if (!window.ok) return window;
    const made = await operateOnline(device, { operation: { type: 'burn', window: window.value, token, amount } });
    return made.ok ? ok(certifiedPayment(made.value)) : made;
  });

const mintRecord = (device: Device, transition: Transition): PaymentRecord => ({
  ...newPayment(device, transition),
  kind: 'mint',
  direction: 'in',
});

/** From now, for at most D, and over before the token expires. */
export async function windowForToken(device: Device, token: TokenId): Promise<Result<Window>> {
  const policy = await tokenRecords.read(device, token);
  return windowFrom(device, policy && policy.expiresAt > 0 ? policy.expiresAt - 1 : undefined);
}

export async function listTokens(storage: Storage): Promise<readonly Token[]> {
  const entries = await tokenRecords.list(storage);
  return entries.map(({ key, value }) => ({ token: key as TokenId, policy: value }));
}

/** Makes a token known that this device has not met: a policy is what its id says. */
export const learnToken = (storage: Storage, policy: TokenPolicy): Promise<Result<Token>> =>
  guardStore(async () => {
    const token = tokenId(storage.suite, policy);
    const committed = await storage.store.commit(putToken(storage, token, policy));
    return committed.ok ? ok({ token, policy }) : committed;
  });

/**
 * The token that a person means by `MEAL` or `MEAL@id`; the id may be shortened while it is clear. `E_TOKEN` when
 * this device knows none or several.
 */
export const findToken = (storage: Storage, text: string): Promise<Result<Token>> =>
  guardStore(async () => {
    const [symbol = '', id, ...rest] = text.split('@');
    if (rest.length > 0 || (id !== undefined && (id === '' || !/^[0-9a-f]+$/.test(id)))) {
      return fail('E_TOKEN', 'WAL-8', 'a token is SYMBOL or SYMBOL@ID');
    }
    const named = (await listTokens(storage)).filter(({ policy }) => policy.symbol === symbol);
    const meant = id === undefined ? named : named.filter(({ token }) => toHex(token).startsWith(id));
    const [found] = meant;
    if (!found) return fail('E_TOKEN', 'WAL-8', `this wallet has not met a token ${text}`);
    return meant.length === 1
      ? ok(found)
      : fail('E_TOKEN', 'WAL-8', `several tokens are called ${symbol}; say which: ${namesOf(meant).join(', ')}`);
  });

const namesOf = (tokens: readonly Token[]): string[] =>
  tokens.map(({ token, policy }) => `${policy.symbol}@${toHex(token)}`);
