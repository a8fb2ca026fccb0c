/**
 * Evidence in the store, found by name, and verifiers run over what came along and what is there (spec NET-20). Only
 * items that a verification used are kept.
 */
import {
  bundleItemCodec,
  decodeWith,
  encodeWith,
  nameOf,
  itemNames,
  openBundle,
  runWithItems,
  StoreError,
  toHex,
  type BundleItem,
  type ChainId,
  type Context,
  type CryptoSuite,
  type Finder,
  type Result,
  type StateHash,
  type Store,
} from '@dsm/core';
import type { NodeContext } from '../context.ts';
import { COLLECTIONS, textKey } from './keys.ts';
import { readSlot } from './slots.ts';
import type { Transaction } from './transaction.ts';

export async function loadItem(suite: CryptoSuite, store: Store, name: string): Promise<BundleItem | undefined> {
  const bytes = await store.get(COLLECTIONS.item, textKey(name));
  if (bytes === undefined) return undefined;
  const item = decodeWith(bundleItemCodec(suite), bytes, 'item');
  if (item.ok) return item.value;
  throw new StoreError({ code: 'E_DAMAGED', rule: 'STO-5', message: `the item ${name} cannot be read` });
}

/** Named by their content: whatever is there already is the same. */
const BY_CONTENT: ReadonlySet<BundleItem['type']> = new Set([
  'body',
  'operation',
  'policy',
  'signature',
  'certificate',
]);

/** Keeps verified items. A witness or a total replaces another of its name: it is that of the newest decision. */
export async function keepItems(
  { suite }: NodeContext,
  transaction: Transaction,
  items: readonly BundleItem[],
): Promise<void> {
  for (const item of items) {
    const key = textKey(nameOf(suite, item));
    if (BY_CONTENT.has(item.type) && (await transaction.peek(COLLECTIONS.item, key)) !== undefined) continue;
    transaction.write(COLLECTIONS.item, key, encodeWith(bundleItemCodec(suite), item));
    if (item.type === 'body' && item.body.index === 0) {
      const genesis = textKey(itemNames.genesis(item.body.chain));
      transaction.write(COLLECTIONS.item, genesis, encodeWith(bundleItemCodec(suite), item));
    }
  }
}

export interface Verified<T> {
  readonly result: Result<T>;
  /** Every item that the verification used, whatever its origin. */
  readonly used: readonly BundleItem[];
}

export interface VerifyOptions {
  /** Take the node's own word for what is final, instead of its certificate. Default: true. */
  readonly trustOwnFinals?: boolean;
}

/** Runs a verifier over `overlay` and the store. */
export async function verifyWithStore<T>(
  node: NodeContext,
  overlay: Finder,
  verify: (context: Context) => Result<T>,
  { trustOwnFinals = true }: VerifyOptions = {},
): Promise<Verified<T>> {
  const { suite, network, store } = node;
  const finals = new Map<string, StateHash | null>();
  for (;;) {
    const wanted = new Map<string, readonly [ChainId, number]>();
    const knownFinal = (chain: ChainId, index: number): StateHash | undefined => {
      if (!trustOwnFinals) return undefined;
      const name = `${toHex(chain)} ${index}`;
      const known = finals.get(name);
      if (known === undefined) wanted.set(name, [chain, index]);
      return known ?? undefined;
    };
    const verified = await runWithItems(
      suite,
      (name) => loadItem(suite, store, name),
      overlay,
      (evidence) => verify({ suite, network, evidence }),
      knownFinal,
    );
    let progress = false;
    for (const [name, [chain, index]] of wanted) {
      const { final } = await readSlot(store, { chain, index });
      finals.set(name, final);
      progress ||= final !== null;
    }
    if (!progress) return verified;
  }
}

/** The items that came along with a request, as a finder. `E_SURPLUS` when one comes twice. */
export function overlayOf(suite: CryptoSuite, items: readonly BundleItem[]): Result<Finder> {
  const bundle = openBundle(suite, items);
  return bundle.ok ? { ok: true, value: bundle.value.find } : bundle;
}
