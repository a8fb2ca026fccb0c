/**
 * Runs a synchronous verifier over what came along with a request and what is in the store (spec NET-20): run, load
 * what it asked for in vain, run again until nothing new turns up. What the node knows to be final is looked up before
 * any certificate is verified, and no signature is verified twice.
 */
import {
  evidenceFrom,
  itemNames,
  verifyOnce,
  type BundleItem,
  type ChainId,
  type Context,
  type Evidence,
  type Finder,
  type Result,
  type StateHash,
} from '@dsm/core';
import type { NodeContext } from '../context.ts';
import { loadItem } from './items.ts';
import { readSlot } from './slots.ts';

export interface Verified<T> {
  readonly result: Result<T>;
  /** Every item that the last run used, whatever its origin. */
  readonly used: readonly BundleItem[];
}

export interface VerifyOptions {
  /** Take the node's own word for what is final, instead of a certificate. Default: true. */
  readonly trustOwnFinals?: boolean;
}

export async function verifyWithStore<T>(
  node: NodeContext,
  overlay: Finder,
  verify: (context: Context) => Result<T>,
  { trustOwnFinals = true }: VerifyOptions = {},
): Promise<Verified<T>> {
  const { network } = node;
  const suite = verifyOnce(node.suite);
  const loaded = new Map<string, BundleItem | undefined>();
  const finals = new Map<string, StateHash | null>();
  for (;;) {
    const wantedItems = new Set<string>();
    const wantedFinals = new Map<string, readonly [ChainId, number]>();
    const used = new Set<BundleItem>();
    const find: Finder = (name) => {
      const item = overlay(name) ?? loaded.get(name);
      if (item) used.add(item);
      else if (!loaded.has(name)) wantedItems.add(name);
      return item;
    };
    const knownFinal = (chain: ChainId, index: number): StateHash | undefined => {
      const name = itemNames.certificate(chain, index);
      const known = finals.get(name);
      if (known === undefined && trustOwnFinals) wantedFinals.set(name, [chain, index]);
      return known ?? undefined;
    };
    const plain = evidenceFrom(find, knownFinal);
    const evidence: Evidence = {
      ...plain,
      // Not before it is certain that the node does not know better.
      certificate: (chain, index) =>
        wantedFinals.has(itemNames.certificate(chain, index)) ? undefined : plain.certificate(chain, index),
    };
    const result = verify({ suite, network, evidence });
    if (wantedItems.size + wantedFinals.size === 0) return { result, used: [...used] };
    const found = await loadWanted(node, wantedItems, wantedFinals, loaded, finals);
    if (!found) return { result, used: [...used] };
  }
}

/** True when another run may come further. */
async function loadWanted(
  { suite, store }: NodeContext,
  items: ReadonlySet<string>,
  places: ReadonlyMap<string, readonly [ChainId, number]>,
  loaded: Map<string, BundleItem | undefined>,
  finals: Map<string, StateHash | null>,
): Promise<boolean> {
  let found = places.size > 0;
  for (const name of items) {
    const item = await loadItem(suite, store, name);
    loaded.set(name, item);
    found ||= item !== undefined;
  }
  for (const [name, [chain, index]] of places) {
    finals.set(name, (await readSlot(store, { chain, index })).final);
  }
  return found;
}
