/** The operations of an account as one call each. All are certified unless `{ certified: false }` is asked for. */
import {
  creditNullifier,
  outputsOf,
  tokenId,
  type AccountOperation,
  type BundleItem,
  type ChainId,
  type TokenId,
  type TokenPolicy,
  type Window,
} from '@dsm/core';
import { makeDevice, type Device } from './device.ts';
import { HOUR_MS, remember, seed, type TestNetwork } from './network.ts';
import { certifyStep, takeStep, type CertifiedStep, type TestStep } from './step.ts';

/** From the network's clock, an hour long. */
export const windowNow = (net: TestNetwork, lengthMs: number = HOUR_MS): Window => ({
  from: net.nowMs,
  until: net.nowMs + lengthMs,
});

/** Signs the next state of the device's account without asking anybody. */
export const signAccount = (
  net: TestNetwork,
  device: Device,
  operation: AccountOperation,
  items: readonly BundleItem[] = [],
): TestStep => takeStep(net, device, device.key, { kind: 'account', operation }, items);

/** The same, certified. */
export const stepAccount = (net: TestNetwork, device: Device, operation: AccountOperation): CertifiedStep =>
  certifyStep(net, signAccount(net, device, operation));

export interface TestToken {
  readonly token: TokenId;
  readonly policy: TokenPolicy;
  readonly item: BundleItem;
}

/** A policy of this issuer: MEAL with 2 digits and a cap of 1,000,000 base units, unless said otherwise. */
export function makePolicy(net: TestNetwork, issuer: Device, changes: Partial<TokenPolicy> = {}): TestToken {
  const policy: TokenPolicy = {
    network: net.network.id,
    issuer: issuer.account,
    symbol: 'MEAL',
    decimals: 2,
    cap: 1_000_000n,
    expiresAt: 0,
    transferable: true,
    approvers: [],
    threshold: 0,
    salt: seed('salt', issuer.name).slice(0, 16),
    ...changes,
  };
  const item: BundleItem = { type: 'policy', policy };
  remember(net, [item]);
  return { token: tokenId(net.suite, policy), policy, item };
}

/** Creates a token on the issuer's account. */
export function createToken(net: TestNetwork, issuer: Device, changes: Partial<TokenPolicy> = {}): TestToken {
  const made = makePolicy(net, issuer, changes);
  stepAccount(net, issuer, { type: 'createToken', window: windowNow(net), policy: made.policy });
  return made;
}

export const mint = (net: TestNetwork, issuer: Device, token: TokenId, amount: bigint): CertifiedStep =>
  stepAccount(net, issuer, { type: 'mint', window: windowNow(net), token, amount });

export const burn = (net: TestNetwork, issuer: Device, token: TokenId, amount: bigint): CertifiedStep =>
  stepAccount(net, issuer, { type: 'burn', window: windowNow(net), token, amount });

/** A signed transfer that nobody has certified yet: what a provisional payment consists of. */
export const signTransfer = (net: TestNetwork, from: Device, to: ChainId, token: TokenId, amount: bigint): TestStep =>
  signAccount(net, from, { type: 'transfer', window: windowNow(net), token, amount, to, reference: null });

export const transfer = (net: TestNetwork, from: Device, to: ChainId, token: TokenId, amount: bigint): CertifiedStep =>
  certifyStep(net, signTransfer(net, from, to, token, amount));

/** The operation that credits output 0 of a certified debit. */
export function receiveOperation(net: TestNetwork, debit: TestStep, changes: Partial<AccountOperation> = {}) {
  const [output] = outputsOf(debit.operation);
  if (output === undefined) throw new Error('the state pays nothing out');
  return {
    type: 'receive',
    window: windowNow(net),
    token: output.token,
    amount: output.amount,
    source: debit.body.chain,
    index: debit.body.index,
    output: 0,
    ...changes,
  } as Extract<AccountOperation, { type: 'receive' }>;
}

/** Credits output 0 of a certified debit. */
export const receive = (net: TestNetwork, device: Device, debit: TestStep): CertifiedStep =>
  stepAccount(net, device, receiveOperation(net, debit));

export const nullifierOf = (net: TestNetwork, debit: TestStep): Uint8Array =>
  creditNullifier(net.suite, debit.body.chain, debit.body.index, 0);

/** A device that holds `amount` of the issuer's token, minted, paid and received. */
export function makeFundedDevice(
  net: TestNetwork,
  name: string,
  issuer: Device,
  token: TokenId,
  amount: bigint,
): Device {
  const device = makeDevice(net, name);
  mint(net, issuer, token, amount);
  receive(net, device, transfer(net, issuer, device.account, token, amount));
  return device;
}
