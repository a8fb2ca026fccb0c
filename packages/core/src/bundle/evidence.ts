/**
 * Evidence at hand: look-ups over a bundle, over what a device holds, or over both (spec BND-2). A bundle remembers
 * what was used, so that a verifier can refuse surplus and a sender can send exactly what the verifier will need.
 */
import type { TokenPolicy } from '../account/policy.ts';
import { toHex, type ChainId, type StateHash, type TokenId } from '../bytes.ts';
import type { Body } from '../chain/body.ts';
import type { Operation } from '../chain/operation.ts';
import type { Purpose } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Tree } from '../merkle/sparse.ts';
import type { Certificate } from '../network/certificate.ts';
import { done, fail, ok, type Err, type Result } from '../result.ts';
import type { BundleItem } from './items.ts';
import { itemNames, nameOf } from './names.ts';

export interface Evidence {
  body(hash: StateHash): Body | undefined;
  /** First state of a chain. */
  genesis(chain: ChainId): Body | undefined;
  operation(op: Uint8Array): Operation | undefined;
  signature(purpose: Purpose, subject: StateHash, position?: number): Uint8Array | undefined;
  certificate(chain: ChainId, index: number): Certificate | undefined;
  policy(token: TokenId): TokenPolicy | undefined;
  witness(root: Uint8Array): Tree | undefined;
  /** State of the payer's half that shows this total of this vault. */
  total(vault: ChainId, total: bigint): StateHash | undefined;
  /** Hash that the holder of the evidence already knows to be final, having verified it before. */
  knownFinal(chain: ChainId, index: number): StateHash | undefined;
}

/** Finds an item by name. */
export type Finder = (name: string) => BundleItem | undefined;

/** Hash that is known to be final at a place. */
export type KnownFinal = (chain: ChainId, index: number) => StateHash | undefined;

export function evidenceFrom(find: Finder, knownFinal: KnownFinal = () => undefined): Evidence {
  const get = <T extends BundleItem['type']>(type: T, name: string) => {
    const item = find(name);
    return item?.type === type ? (item as Extract<BundleItem, { type: T }>) : undefined;
  };
  return {
    body: (hash) => get('body', itemNames.body(hash))?.body,
    genesis: (chain) => get('body', itemNames.genesis(chain))?.body,
    operation: (op) => get('operation', itemNames.operation(op))?.operation,
    signature: (purpose, subject, position = 0) =>
      get('signature', itemNames.signature(purpose, subject, position))?.signature,
    certificate: (chain, index) => get('certificate', itemNames.certificate(chain, index))?.certificate,
    policy: (token) => get('policy', itemNames.policy(token))?.policy,
    witness: (root) => get('witness', itemNames.witness(root))?.tree,
    total: (vault, total) => get('total', itemNames.total(vault, total))?.state,
    knownFinal,
  };
}

/** A set of items, each found under every name that it has. Later items replace earlier ones of the same name. */
export function indexItems(suite: CryptoSuite, items: readonly BundleItem[]): ReadonlyMap<string, BundleItem> {
  const byName = new Map<string, BundleItem>();
  for (const item of items) {
    byName.set(nameOf(suite, item), item);
    if (item.type === 'body' && item.body.index === 0) byName.set(itemNames.genesis(item.body.chain), item);
  }
  return byName;
}

export interface Bundle {
  readonly find: Finder;
  readonly evidence: Evidence;
  /** Names of the items that no look-up has asked for. */
  unused(): readonly string[];
}

export function openBundle(suite: CryptoSuite, items: readonly BundleItem[]): Result<Bundle> {
  const names = items.map((item) => nameOf(suite, item));
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return fail('E_SURPLUS', 'BND-3', `twice in the bundle: ${name}`);
    seen.add(name);
  }
  const byName = indexItems(suite, items);
  const used = new Set<BundleItem>();
  const find: Finder = (name) => {
    const item = byName.get(name);
    if (item) used.add(item);
    return item;
  };
  const unused = () => names.filter((_, i) => !used.has(items[i] as BundleItem));
  return ok({ find, evidence: evidenceFrom(find), unused });
}

/** Evidence of which nothing is there. */
export const NO_EVIDENCE: Evidence = evidenceFrom(() => undefined);

/** Remembers every item that a verifier used: exactly what a self-contained file must carry. */
export function recordFinder(find: Finder): { readonly find: Finder; used(): readonly BundleItem[] } {
  const used = new Set<BundleItem>();
  return {
    find: (name) => {
      const item = find(name);
      if (item) used.add(item);
      return item;
    },
    used: () => [...used],
  };
}

/** The same evidence, with a list of the names that were asked for in vain, each once. */
export function watchMissing(evidence: Evidence): {
  readonly evidence: Evidence;
  missing(): readonly string[];
} {
  const names = new Set<string>();
  const watch = <T>(found: T | undefined, name: string): T | undefined => {
    if (found === undefined) names.add(name);
    return found;
  };
  return {
    evidence: {
      body: (hash) => watch(evidence.body(hash), itemNames.body(hash)),
      genesis: (chain) => watch(evidence.genesis(chain), itemNames.genesis(chain)),
      operation: (op) => watch(evidence.operation(op), itemNames.operation(op)),
      signature: (purpose, subject, position = 0) =>
        watch(evidence.signature(purpose, subject, position), itemNames.signature(purpose, subject, position)),
      certificate: (chain, index) => watch(evidence.certificate(chain, index), itemNames.certificate(chain, index)),
      policy: (token) => watch(evidence.policy(token), itemNames.policy(token)),
      witness: (root) => watch(evidence.witness(root), itemNames.witness(root)),
      total: (vault, total) => watch(evidence.total(vault, total), itemNames.total(vault, total)),
      knownFinal: (chain, index) => evidence.knownFinal(chain, index),
    },
    missing: () => [...names],
  };
}

/** `E_INCOMPLETE` with one missing reference. */
export function missing(what: string, bytes: Uint8Array, index?: number | bigint): Err {
  const reference = `${what} ${toHex(bytes)}${index === undefined ? '' : ` ${index}`}`;
  return fail('E_INCOMPLETE', 'BND-2', `missing: ${reference}`, { missing: [reference] });
}

/** After a verification: nothing in the bundle that it did not need (spec BND-3). */
export function requireNoSurplus(bundle: Bundle): Result<undefined> {
  const [surplus] = bundle.unused();
  return surplus === undefined ? done : fail('E_SURPLUS', 'BND-3', `nothing needs this: ${surplus}`);
}
