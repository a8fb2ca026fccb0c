/** Evidence in the store, found by name. Only items that a verification used are kept (spec NET-20). */
import {
  bundleItemCodec,
  decodeWith,
  encodeWith,
  nameOf,
  itemNames,
  openBundle,
  StoreError,
  type BundleItem,
  type CryptoSuite,
  type Finder,
  type Result,
  type Store,
} from '@dsm/core';
import type { NodeContext } from '../context.ts';
import { COLLECTIONS, textKey } from './keys.ts';
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

/** The items that came along with a request, as a finder. `E_SURPLUS` when one comes twice. */
export function overlayOf(suite: CryptoSuite, items: readonly BundleItem[]): Result<Finder> {
  const bundle = openBundle(suite, items);
  return bundle.ok ? { ok: true, value: bundle.value.find } : bundle;
}
