/** Forks that the node has proof of (spec NET-21). */
import {
  encodeFile,
  equalBytes,
  forkId,
  orderFork,
  verifyFork,
  concatBytes,
  type Accusation,
  type BundleItem,
  type ChainId,
  type Finder,
  type Fork,
  type Place,
  type StateHash,
  type Store,
} from '@dsm/core';
import type { NodeContext } from '../context.ts';
import { COLLECTIONS } from './keys.ts';
import { verifyWithStore } from './verify.ts';

/**
 * Evidence that the one writer of a chain signed both states for one place, as a file; undefined where there is no
 * such proof: the chain has several writers, the owner waited, or the node has not seen both signatures.
 */
export async function proveFork(
  node: NodeContext,
  place: Place,
  one: StateHash,
  other: StateHash,
  overlay: Finder,
): Promise<Uint8Array | undefined> {
  if (equalBytes(one, other)) return undefined;
  const known = await node.store.get(COLLECTIONS.evidence, keyOf(node, place));
  if (known) return known;
  const fork = orderFork(place.chain, place.index, one, other);
  const { result, used } = await verifyWithStore<Accusation>(node, overlay, (context) => verifyFork(context, fork));
  return result.ok ? keepEvidence(node, fork, used) : undefined;
}

const keyOf = ({ suite }: NodeContext, place: Place): Uint8Array => concatBytes([place.chain, forkId(suite, place)]);

/** Whether a fork of this place is proved already. */
export const hasEvidence = async (node: NodeContext, place: Place): Promise<boolean> =>
  (await node.store.get(COLLECTIONS.evidence, keyOf(node, place))) !== undefined;

/** Keeps a fork that was verified with these items; the file of the first one stays. */
export async function keepEvidence(node: NodeContext, fork: Fork, used: readonly BundleItem[]): Promise<Uint8Array> {
  const key = keyOf(node, fork);
  const file = encodeFile(node.suite, 'evidence', fork, used);
  const kept = await node.store.commit(
    [{ collection: COLLECTIONS.evidence, key, put: file }],
    [{ collection: COLLECTIONS.evidence, key, is: 'absent' }],
  );
  if (!kept.ok && kept.error.code !== 'E_CONFLICT') {
    node.log({ atMs: node.clock(), level: 'error', event: `evidence was not kept: ${kept.error.message}` });
  }
  return file;
}

export async function listEvidence(store: Store, chain: ChainId, limit: number): Promise<readonly Uint8Array[]> {
  const found = await store.scan(COLLECTIONS.evidence, { prefix: chain, limit });
  return found.map(({ value }) => value);
}
