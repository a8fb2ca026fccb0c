/** Rules of a reservation (spec RES-2 to RES-7): until E only the payee appends, from E + gap only the payer. */
import { missing } from '../bundle/evidence.ts';
import { equalBytes, type ChainId } from '../bytes.ts';
import { requireTerms, TERMS_LEAF } from '../chain/genesis.ts';
import {
  ownerSigns,
  readRequired,
  requireCopiedWindow,
  stateMessage,
  type Applied,
  type Authority,
  type Step,
} from '../chain/rules.ts';
import { stateHash, type Window } from '../chain/body.ts';
import { editLeaves } from '../chain/leaves.ts';
import type { Context } from '../context.ts';
import { hashItem } from '../crypto/hash.ts';
import { verifyMessage, type SignedMessage } from '../crypto/signature.ts';
import type { Item } from '../encoding/cbor.ts';
import { amount, type Codec } from '../encoding/schema.ts';
import { MAX_TIME } from '../limits.ts';
import { isMinimalWitness } from '../merkle/witness.ts';
import type { Network } from '../network/description.ts';
import { check, checkAll, done, fail, ok, type Result } from '../result.ts';
import {
  vaultOperationCodec,
  type Claim,
  type Close,
  type Release,
  type VaultGenesis,
  type VaultOperation,
  type VaultVoid,
} from './operations.ts';

export const CLAIMED_LEAF: Item = ['claimed'];
export const RELEASED_LEAF: Item = ['released'];
/** Leaf of the payer's half: cumulative total under this reservation. */
export const totalLeaf = (vault: ChainId): Item => ['total', vault];

/** The terms as they stand in the vault's root. */
export const reservationTermsCodec: Codec<VaultGenesis> = {
  toItem: (terms) => vaultOperationCodec.toItem(terms),
  fromItem: (item, at) => {
    const operation = vaultOperationCodec.fromItem(item, at);
    if (!operation.ok) return operation;
    return operation.value.type === 'genesis'
      ? ok(operation.value)
      : fail('E_FORMAT', 'RES-1', `${at}: terms expected`);
  },
};

/** Claims and closes run to E whatever the clock says when they are made, so that their body is canonical. */
export const claimWindow = (terms: VaultGenesis): Window => ({ from: 0, until: terms.until });

export const releaseWindow = (network: Network, terms: VaultGenesis): Window => ({
  from: terms.until + network.gapMs,
  until: MAX_TIME,
});

/** A claim's signature covers the vault and the total, not the slot: it survives a void (spec RES-4). */
export const claimMessage = (
  context: Pick<Context, 'suite' | 'network'>,
  vault: ChainId,
  total: bigint,
): SignedMessage => ({
  network: context.network.id,
  chain: vault,
  from: 0,
  to: 0,
  hash: hashItem(context.suite, 'claim', [vault, total]),
});

export function applyVault(step: Step<VaultOperation>): Result<Applied> {
  const { operation, leaves, context, parent } = step;
  if (operation.type === 'genesis') return fail('E_OPERATION', 'CHN-4', 'a genesis has no predecessor');
  const terms = readRequired(leaves, [...TERMS_LEAF.vault], reservationTermsCodec);
  if (!terms.ok) return terms;
  const claimed = leaves.read(CLAIMED_LEAF, amount);
  if (!claimed.ok) return claimed;
  const released = leaves.read(RELEASED_LEAF, amount);
  if (!released.ok) return released;
  const before = claimed.value ?? 0n;
  if (operation.type === 'void') return applyVoid({ ...step, operation }, terms.value, released.value);
  const authority = checkAll(
    () => requireTerms(context.suite, parent, { kind: 'vault', operation: terms.value }),
    () => check(released.value === undefined, 'E_RESERVATION', 'RES-5', 'the reservation has been taken back'),
    () => check(equalBytes(operation.token, terms.value.token), 'E_TOKEN', 'RES-2', 'another token than reserved'),
    () =>
      operation.type === 'claim'
        ? claim({ ...step, operation }, terms.value, before)
        : takeBack({ ...step, operation }, terms.value, before),
  );
  if (!authority.ok) return authority;
  return ok({ k: terms.value.k, authority: authorityOf({ ...step, operation }, terms.value) });
}

/** Nothing happens; it reads what a claim reads, so the witness of a claim or a release shows it too. */
function applyVoid(step: Step<VaultVoid>, terms: VaultGenesis, released: bigint | undefined): Result<Applied> {
  const valid = checkAll(
    () => requireTerms(step.context.suite, step.parent, { kind: 'vault', operation: terms }),
    () => check(released === undefined, 'E_RESERVATION', 'RES-5', 'the reservation has been taken back'),
    () => requireCopiedWindow(step),
  );
  return valid.ok ? ok({ k: terms.k, authority: null }) : valid;
}

function authorityOf(step: Step<Claim | Close | Release>, terms: VaultGenesis): Authority {
  const { context, parent, operation } = step;
  if (operation.type === 'release') return ownerSigns(step, terms.payerKey);
  if (operation.type === 'close') return ownerSigns(step, terms.payeeKey);
  return {
    key: terms.payeeKey,
    purpose: 'claim',
    message: () => claimMessage(context, parent.chain, operation.total),
  };
}

const sameWindow = (a: Window, b: Window): boolean => a.from === b.from && a.until === b.until;

function claim(
  { context, parent, leaves, operation }: Step<Claim>,
  terms: VaultGenesis,
  before: bigint,
): Result<undefined> {
  return checkAll(
    () => check(sameWindow(operation.window, claimWindow(terms)), 'E_WINDOW', 'RES-4', 'a claim runs to E exactly'),
    () => check(equalBytes(operation.to, terms.payee), 'E_CHAIN', 'RES-4', 'a claim pays the payee'),
    () => check(operation.total <= terms.funded, 'E_TOTAL', 'RES-4', 'more than was set aside'),
    () => check(operation.total > before, 'E_TOTAL', 'RES-4', 'claimed already'),
    () => check(operation.amount === operation.total - before, 'E_AMOUNT', 'RES-4', 'not the unclaimed rest'),
    () => verifyTotal(context, parent.chain, terms, operation.total),
    () => leaves.write(CLAIMED_LEAF, amount, operation.total),
  );
}

/** The rest goes back to the payer: by the payee until E (spec RES-7), by the payer from E + gap (spec RES-5). */
function takeBack(
  { context, leaves, operation }: Step<Close | Release>,
  terms: VaultGenesis,
  before: bigint,
): Result<undefined> {
  const [rule, window, when] =
    operation.type === 'close'
      ? (['RES-7', claimWindow(terms), 'a close runs to E exactly'] as const)
      : (['RES-5', releaseWindow(context.network, terms), 'not before E + gap'] as const);
  return checkAll(
    () => check(sameWindow(operation.window, window), 'E_WINDOW', rule, when),
    () => check(equalBytes(operation.to, terms.payer), 'E_CHAIN', rule, 'the rest goes to the payer'),
    () => check(operation.amount === terms.funded - before, 'E_AMOUNT', rule, 'not exactly the rest'),
    () => check(operation.amount > 0n, 'E_AMOUNT', rule, 'nothing is left'),
    () => leaves.write(RELEASED_LEAF, amount, operation.amount),
  );
}

/**
 * The payer signed this total for this vault (spec RES-3): a half state under the vault's payer key, shown as the
 * body and the one leaf, so that nobody learns an operation. Whose half and which index do not matter.
 */
export function verifyTotal(context: Context, vault: ChainId, terms: VaultGenesis, total: bigint): Result<undefined> {
  const { evidence, suite, network } = context;
  const hash = evidence.total(vault, total);
  if (!hash) return missing('total', vault, total);
  const body = evidence.body(hash);
  if (!body) return missing('body', hash);
  const signature = evidence.signature('state', hash);
  if (!signature) return missing('signature state', hash, 0);
  const witness = evidence.witness(body.root);
  if (witness === undefined) return missing('witness', body.root);
  const leaves = editLeaves(suite, witness);
  const shown = leaves.read(totalLeaf(vault), amount);
  if (!shown.ok) return shown;
  return checkAll(
    () => check(body.kind === 'half', 'E_CHAIN', 'RES-3', 'totals stand in a half of a relationship'),
    () => check(equalBytes(body.network, network.id), 'E_NETWORK', 'RES-3', 'a state of another network'),
    () => check(equalBytes(hash, stateHash(suite, body)), 'E_LINK', 'RES-3', 'another state'),
    () => check(shown.value === total, 'E_TOTAL', 'RES-3', 'the payer signed another total'),
    () =>
      check(isMinimalWitness(witness, leaves.touched()), 'E_SURPLUS', 'CHN-10', 'the proof shows more than the total'),
    () =>
      verifyMessage(suite, terms.payerKey, 'state', stateMessage(context, body.chain, body.index, hash), signature)
        ? done
        : fail('E_SIGNATURE', 'RES-3', 'the total is not signed by the payer key of the reservation'),
  );
}
