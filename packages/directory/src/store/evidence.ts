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

/**
 * Evidence against the writer of a chain: one file at least, and no more than the limits allow together. Whoever forks
 * makes each as long as a request can be, and one proves as much as all.
 */
export async function listEvidence(
  store: Store,
  chain: ChainId,
  limits: { readonly files: number; readonly bytes: number },
): Promise<readonly Uint8Array[]> {
  const files: Uint8Array[] = [];
  let bytes = 0;
  for (let after: Uint8Array | undefined; files.length < limits.files;) {
    const [found] = await store.scan(COLLECTIONS.evidence, { prefix: chain, limit: 1, ...(after && { after }) });
    if (!found) break;
    bytes += found.value.length;
    if (files.length > 0 && bytes > limits.bytes) break;
    files.push(found.value);
    after = found.key;
  }
  return files;
}
