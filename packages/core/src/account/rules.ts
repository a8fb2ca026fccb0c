/**
 * Rules of an account (spec VAL-2 to VAL-10): what each operation needs and changes. Run by the owner on the whole
 * tree and by everybody else on a witness.
 */
import { missing } from '../bundle/evidence.ts';
import { equalBytes, type TokenId } from '../bytes.ts';
import { finalState } from '../chain/final.ts';
import { accountTermsCodec, TERMS_LEAF, type AccountTerms } from '../chain/genesis.ts';
import { creditNullifier, outputsOf } from '../chain/outputs.ts';
import { ownerSigns, readRequired, requireCopiedWindow, type Applied, type Step } from '../chain/rules.ts';
import type { Item } from '../encoding/cbor.ts';
import { amount, flag, hash, record, uint, type Codec } from '../encoding/schema.ts';
import { MAX_AMOUNT, MAX_TIME } from '../limits.ts';
import { check, checkAll, fail, ok, type Result } from '../result.ts';
import { makeReservation, reservationGenesis } from '../vault/reservation.ts';
import { requireApprovable, verifyApprovals } from './approvals.ts';
import type {
  AccountOperation,
  Anchor,
  Burn,
  CreateToken,
  Fund,
  Mint,
  Receive,
  Restored,
  Transfer,
} from './operations.ts';
import { tokenId, type TokenPolicy } from './policy.ts';

/** Leaf `["issued", token]` of the issuer's account: cumulative base units. */
export interface Issued {
  readonly minted: bigint;
  readonly burned: bigint;
}

export const issuedCodec: Codec<Issued> = record<Issued>({ minted: amount, burned: amount });

export const balanceLeaf = (token: TokenId): Item => ['balance', token];
export const issuedLeaf = (token: TokenId): Item => ['issued', token];
export const creditLeaf = (nullifier: Uint8Array): Item => ['credit', nullifier];
/** The newest anchor and its index: two states with one anchor have two roots. */
export interface Anchored {
  readonly index: number;
  readonly value: Uint8Array;
}

export const anchoredCodec: Codec<Anchored> = record<Anchored>({ index: uint(), value: hash() });
export const ANCHOR_LEAF: Item = ['anchor'];
/** Index of the newest `restored` state: absent while there was none. */
export const RESTORED_LEAF: Item = ['restored'];
export const fundedLeaf = (vault: Uint8Array): Item => ['vault', vault];

type Case<Op> = (step: Step<Op>, terms: AccountTerms) => Result<unknown>;

/** Applies one operation; the answer says who must sign. */
export function applyAccount(step: Step<AccountOperation>): Result<Applied> {
  const { operation, leaves, context } = step;
  if (operation.type === 'genesis') return fail('E_OPERATION', 'CHN-4', 'a genesis has no predecessor');
  const terms = readRequired(leaves, [...TERMS_LEAF.account], accountTermsCodec);
  if (!terms.ok) return terms;
  if (operation.type === 'void') {
    const copied = requireCopiedWindow({ ...step, operation });
    return copied.ok ? ok({ k: terms.value.k, authority: null }) : copied;
  }
  const { from, until } = operation.window;
  const applied = checkAll(
    () => check(from <= until, 'E_WINDOW', 'CHN-7', 'the window ends before it begins'),
    () => check(until - from <= context.network.settleMs, 'E_WINDOW', 'VAL-3', 'the window is longer than D'),
    () => (CASES[operation.type] as Case<AccountOperation>)(step, terms.value),
  );
  if (!applied.ok) return applied;
  return ok({ k: terms.value.k, authority: ownerSigns(step, terms.value.key) });
}

const CASES: {
  readonly [T in Exclude<AccountOperation['type'], 'genesis' | 'void'>]: Case<Extract<AccountOperation, { type: T }>>;
} = { createToken, mint, burn, transfer, receive, fund, anchor, restored };

function createToken({ context, parent, leaves, operation }: Step<CreateToken>): Result<unknown> {
  const { policy } = operation;
  const name = issuedLeaf(tokenId(context.suite, policy));
  const existing = leaves.read(name, issuedCodec);
  if (!existing.ok) return existing;
  return checkAll(
    () => check(equalBytes(policy.network, context.network.id), 'E_NETWORK', 'VAL-1', 'a token of another network'),
    () => check(equalBytes(policy.issuer, parent.chain), 'E_TOKEN', 'VAL-4', 'only the issuer creates the token'),
    () => check(policy.cap > 0n, 'E_AMOUNT', 'VAL-1', 'the cap is zero'),
    () => requireApprovable(policy),
    () => check(existing.value === undefined, 'E_EXISTS', 'VAL-4', 'the token exists already'),
    () => leaves.write(name, issuedCodec, { minted: 0n, burned: 0n }),
  );
}

function mint(step: Step<Mint>): Result<unknown> {
  const { leaves, operation } = step;
  const policy = issuerPolicy(step);
  if (!policy.ok) return policy;
  const issued = readRequired(leaves, issuedLeaf(operation.token), issuedCodec);
  if (!issued.ok) return fail('E_TOKEN', 'VAL-4', 'the token was not created on this account');
  const minted = issued.value.minted + operation.amount;
  return checkAll(
    () => check(minted <= policy.value.cap, 'E_CAP', 'VAL-5', 'more would be minted than the token allows'),
    () => requireNotExpired(step, policy.value),
    () => verifyApprovals(step.context, policy.value, operation.token, minted),
    () => leaves.write(issuedLeaf(operation.token), issuedCodec, { ...issued.value, minted }),
    () => addBalance(step, operation.amount),
  );
}

/** The issuer destroys what it holds, typically what came back. Minted stays: the cap bounds all that ever was. */
function burn(step: Step<Burn>): Result<unknown> {
  const { leaves, operation } = step;
  const policy = issuerPolicy(step);
  if (!policy.ok) return policy;
  const issued = readRequired(leaves, issuedLeaf(operation.token), issuedCodec);
  if (!issued.ok) return fail('E_TOKEN', 'VAL-4', 'the token was not created on this account');
  const burned = issued.value.burned + operation.amount;
  return checkAll(
    () => subtractBalance(step, operation.amount),
    () => leaves.write(issuedLeaf(operation.token), issuedCodec, { ...issued.value, burned }),
  );
}

function transfer(step: Step<Transfer>): Result<unknown> {
  const { parent, operation } = step;
  const policy = policyOf(step, operation.token);
  if (!policy.ok) return policy;
  return checkAll(
    () => check(!equalBytes(operation.to, parent.chain), 'E_SELF', 'VAL-6', 'an account does not pay itself'),
    () => requireMovable(step, policy.value, operation.to),
    () => subtractBalance(step, operation.amount),
  );
}

function fund(step: Step<Fund>, terms: AccountTerms): Result<unknown> {
  const { context, parent, leaves, operation } = step;
  const policy = policyOf(step, operation.token);
  if (!policy.ok) return policy;
  const funding = { payer: parent.chain, payerKey: terms.key, index: parent.index + 1 };
  const vault = makeReservation(context.suite, context.network.id, reservationGenesis(funding, operation)).body.chain;
  return checkAll(
    () =>
      check(!equalBytes(operation.payee, parent.chain), 'E_SELF', 'VAL-6', 'an account sets nothing aside for itself'),
    () =>
      check(
        equalBytes(operation.vault, vault),
        'E_RESERVATION',
        'RES-1',
        'the vault id does not follow from the terms',
      ),
    () =>
      check(operation.until > operation.window.until, 'E_WINDOW', 'RES-2', 'the reservation ends before it is certain'),
    () =>
      check(
        operation.until <= MAX_TIME - context.network.gapMs,
        'E_WINDOW',
        'RES-2',
        'the reservation ends too late for a release to be written down',
      ),
    () => requireMovable(step, policy.value, operation.payee),
    () => requireOverBeforeExpiry(operation, policy.value),
    () => subtractBalance(step, operation.amount),
    () => leaves.write(fundedLeaf(vault), flag, true),
  );
}

/** Credit of a certified debit (spec VAL-7). The nullifier names the debit, never a certificate of it. */
function receive(step: Step<Receive>): Result<unknown> {
  const { context, parent, leaves, operation } = step;
  const name = creditLeaf(creditNullifier(context.suite, operation.source, operation.index, operation.output));
  const credited = leaves.read(name, flag);
  if (!credited.ok) return credited;
  if (credited.value !== undefined) return fail('E_CREDITED', 'VAL-7', 'this debit has been credited already');
  const source = finalState(context, operation.source, operation.index);
  if (!source.ok) return source;
  const output = outputsOf(source.value.operation)[operation.output];
  return checkAll(
    () => check(output !== undefined, 'E_OPERATION', 'VAL-7', 'the source state has no such output'),
    () => check(equalBytes(output!.to, parent.chain), 'E_CHAIN', 'VAL-7', 'the debit names another destination'),
    () => check(equalBytes(output!.token, operation.token), 'E_TOKEN', 'VAL-7', 'the debit is of another token'),
    () => check(output!.amount === operation.amount, 'E_AMOUNT', 'VAL-7', 'the debit has another amount'),
    () => leaves.write(name, flag, true),
    () => addBalance(step, operation.amount),
  );
}

/** Says nothing to anybody but that the owner held these bytes at this place. */
function anchor({ leaves, parent, operation }: Step<Anchor>): Result<unknown> {
  return leaves.write(ANCHOR_LEAF, anchoredCodec, { index: parent.index + 1, value: operation.value });
}

/** A new beginning of the device: every state has a root of its own, so the leaf names the place. */
function restored({ leaves, parent }: Step<Restored>): Result<unknown> {
  return leaves.write(RESTORED_LEAF, uint(), parent.index + 1);
}

type Moving = { readonly token: TokenId; readonly amount: bigint; readonly window: { readonly until: number } };

function policyOf({ context }: Step<unknown>, token: TokenId): Result<TokenPolicy> {
  const policy = context.evidence.policy(token);
  if (!policy) return missing('policy', token);
  if (!equalBytes(policy.network, context.network.id)) {
    return fail('E_NETWORK', 'VAL-1', 'a token of another network');
  }
  return ok(policy);
}

function issuerPolicy(step: Step<Mint | Burn>): Result<TokenPolicy> {
  const policy = policyOf(step, step.operation.token);
  if (!policy.ok) return policy;
  return equalBytes(policy.value.issuer, step.parent.chain)
    ? policy
    : fail('E_TOKEN', 'VAL-4', 'only the issuer mints and burns');
}

const requireNotExpired = ({ operation }: Step<Moving>, policy: TokenPolicy): Result<undefined> =>
  check(
    policy.expiresAt === 0 || operation.window.until < policy.expiresAt,
    'E_EXPIRED',
    'VAL-8',
    'the token has expired: it only goes back to its issuer',
  );

/** To the issuer always; else only unexpired, and only transferable tokens unless the issuer hands them out. */
function requireMovable(step: Step<Moving>, policy: TokenPolicy, to: Uint8Array): Result<undefined> {
  if (equalBytes(policy.issuer, to)) return ok(undefined);
  const mayMove = policy.transferable || equalBytes(policy.issuer, step.parent.chain);
  return checkAll(
    () => check(mayMove, 'E_TOKEN', 'VAL-8', 'the token is not transferable'),
    () => requireNotExpired(step, policy),
  );
}

/** What is claimed out of a reservation has moved by then: E lies before the token's expiry too. */
const requireOverBeforeExpiry = ({ payee, until }: Fund, policy: TokenPolicy): Result<undefined> =>
  check(
    policy.expiresAt === 0 || until < policy.expiresAt || equalBytes(policy.issuer, payee),
    'E_EXPIRED',
    'VAL-8',
    'the reservation outlives the token',
  );

function addBalance({ leaves, operation }: Step<Moving>, value: bigint): Result<undefined> {
  const balance = leaves.read(balanceLeaf(operation.token), amount);
  if (!balance.ok) return balance;
  const sum = (balance.value ?? 0n) + value;
  return checkAll(
    () => check(value > 0n, 'E_AMOUNT', 'VAL-6', 'the amount is zero'),
    () => check(sum <= MAX_AMOUNT, 'E_AMOUNT', 'VAL-6', 'the balance would overflow'),
    () => leaves.write(balanceLeaf(operation.token), amount, sum),
  );
}

function subtractBalance({ leaves, operation }: Step<Moving>, value: bigint): Result<undefined> {
  const balance = leaves.read(balanceLeaf(operation.token), amount);
  if (!balance.ok) return balance;
  const held = balance.value ?? 0n;
  return checkAll(
    () => check(value > 0n, 'E_AMOUNT', 'VAL-6', 'the amount is zero'),
    () => check(value <= held, 'E_BALANCE', 'VAL-6', 'the balance does not cover the amount'),
    () => leaves.write(balanceLeaf(operation.token), amount, held - value),
  );
}
