/**
 * Rules of a half-chain (spec REL-1 to REL-7). One writer; every state names the newest state seen of the other half.
 * What a payment may be depends on the reservation too, which is checked where the offer is judged; here stands what
 * follows from the half alone.
 */
import { compareBytes, equalBytes } from '../bytes.ts';
import { requireTerms, TERMS_LEAF } from '../chain/genesis.ts';
import { ownerSigns, readRequired, type Applied, type Step } from '../chain/rules.ts';
import { hashItem } from '../crypto/hash.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Item } from '../encoding/cbor.ts';
import { amount, hash, type Codec } from '../encoding/schema.ts';
import { check, checkAll, fail, ok, type Result } from '../result.ts';
import { totalLeaf } from '../vault/rules.ts';
import {
  halfOperationCodec,
  outcomeCodec,
  type Accept,
  type HalfGenesis,
  type HalfOperation,
  type Pay,
} from './operations.ts';

/** Leaf that records what became of an incoming payment. */
export const outcomeLeaf = (precommit: Uint8Array): Item => ['outcome', precommit];

/** Leaf with the pre-commitment accepted last: no two states of a half have one root, so one witness serves each. */
export const ACCEPTED_LEAF: Item = ['accepted'];

export const halfTermsCodec: Codec<HalfGenesis> = {
  toItem: (terms) => halfOperationCodec.toItem(terms),
  fromItem: (item, at) => {
    const operation = halfOperationCodec.fromItem(item, at);
    if (!operation.ok) return operation;
    return operation.value.type === 'genesis'
      ? ok(operation.value)
      : fail('E_FORMAT', 'REL-1', `${at}: terms expected`);
  },
};

/** What both halves have in common: the two accounts in ascending order and the agreed terms (spec REL-1). */
export function relationshipId(suite: CryptoSuite, half: HalfGenesis): Uint8Array {
  const accounts = [half.owner, half.peer].toSorted(compareBytes);
  const { grades, maxAmount, expiryMs } = half.rules;
  return hashItem(suite, 'relationship', [accounts, half.purpose, [grades, maxAmount, expiryMs], half.nonce]);
}

export function applyHalf(step: Step<HalfOperation>): Result<Applied> {
  const { operation, leaves, context, parent } = step;
  if (operation.type === 'genesis') return fail('E_OPERATION', 'CHN-4', 'a genesis has no predecessor');
  const terms = readRequired(leaves, [...TERMS_LEAF.half], halfTermsCodec);
  if (!terms.ok) return terms;
  const { window } = operation;
  const applied = checkAll(
    () => requireTerms(context.suite, parent, { kind: 'half', operation: terms.value }),
    () => check(window.from <= window.until, 'E_WINDOW', 'CHN-7', 'the window ends before it begins'),
    () =>
      check(
        window.until - window.from <= terms.value.rules.expiryMs,
        'E_WINDOW',
        'REL-4',
        'a longer expiry than agreed',
      ),
    () => (operation.type === 'pay' ? pay({ ...step, operation }, terms.value) : accept({ ...step, operation })),
  );
  if (!applied.ok) return applied;
  return ok({ k: terms.value.k, authority: ownerSigns(step, terms.value.key) });
}

/** The total grows by exactly the amount (spec REL-5). */
function pay({ leaves, operation }: Step<Pay>, terms: HalfGenesis): Result<undefined> {
  const name = totalLeaf(operation.vault);
  const total = leaves.read(name, amount);
  if (!total.ok) return total;
  const limit = terms.rules.maxAmount;
  return checkAll(
    () => check(operation.amount > 0n, 'E_AMOUNT', 'REL-5', 'the amount is zero'),
    () => check(limit === null || operation.amount <= limit, 'E_AMOUNT', 'REL-4', 'more than the relationship allows'),
    () =>
      check(operation.total === (total.value ?? 0n) + operation.amount, 'E_TOTAL', 'REL-5', 'not the running total'),
    () => leaves.write(name, amount, operation.total),
  );
}

function accept({ leaves, operation }: Step<Accept>): Result<undefined> {
  const ascending = operation.outcomes.every(
    (entry, i, all) => i === 0 || compareBytes(all[i - 1]!.precommit, entry.precommit) < 0,
  );
  return checkAll(
    () => check(ascending, 'E_ENCODING', 'REL-7', 'outcomes not in ascending order'),
    () => leaves.write(ACCEPTED_LEAF, hash(), operation.precommit),
    ...operation.outcomes.map(
      ({ precommit, outcome }) =>
        () =>
          leaves.write(outcomeLeaf(precommit), outcomeCodec, outcome),
    ),
  );
}

/** True when the two geneses belong to one relationship of the two accounts. */
export const arePartners = (suite: CryptoSuite, a: HalfGenesis, b: HalfGenesis): boolean =>
  equalBytes(a.owner, b.peer) &&
  equalBytes(a.peer, b.owner) &&
  equalBytes(relationshipId(suite, a), relationshipId(suite, b));

/**
 * True when the writer's account was restored after this half began: nothing new is agreed on it (spec REL-44).
 * `restoredAt`: index of the newest `restored` state known of that account, 0 for none.
 */
export const isClosedHalf = ({ base }: Pick<HalfGenesis, 'base'>, restoredAt: number): boolean =>
  base.index < restoredAt;

/** True when `next` takes the place of `old` in one relationship: the same writer, restored in between. */
export const succeedsHalf = (suite: CryptoSuite, old: HalfGenesis, next: HalfGenesis): boolean =>
  equalBytes(old.owner, next.owner) &&
  equalBytes(relationshipId(suite, old), relationshipId(suite, next)) &&
  next.base.index > old.base.index;
