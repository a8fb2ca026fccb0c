/** What a node tells: nothing here changes anything. */
import {
  consistencyProof,
  fail,
  itemNames,
  LIMITS,
  logHasher,
  nameOf,
  ok,
  requireFinal,
  stateHash,
  verifyAccountGenesis,
  verifyCandidate,
  type BundleItem,
  type Card,
  type Certificate,
  type ChainId,
  type ChainTip,
  type Consistency,
  type Context,
  type CreditPage,
  type EvidenceList,
  type NodeHead,
  type Place,
  type Result,
  type SlotState,
  type SlotStatus,
  type StateAnswer,
  type StateHash,
} from '@dsm/core';
import type { NodeContext } from './context.ts';
import type { SlotRecord } from './slot.ts';
import { findAccounts } from './store/accounts.ts';
import { listEvidence } from './store/evidence.ts';
import { readCertificate, readCredits, readRestored } from './store/finals.ts';
import { loadItem } from './store/items.ts';
import { COLLECTIONS, nodeKey } from './store/keys.ts';
import { newestHead, readLogSize, withSubtrees } from './store/log.ts';
import { readSlot, readTip } from './store/slots.ts';
import { verifyWithStore } from './store/verify.ts';

const notFound = (what: string) => fail('E_NOT_FOUND', 'NET-22', `this node knows no ${what}`);

/**
 * The items that prove something, out of the node's own store. What is there was verified before it was kept, and
 * whoever asks verifies it again: reading must not cost what writing does.
 */
const proofOf = async (node: NodeContext, verify: (context: Context) => Result<unknown>) =>
  verifyWithStore({ ...node, suite: { ...node.suite, verify: () => true } }, () => undefined, verify, {
    trustOwnFinals: false,
  });

/** Accounts by their own id or by that of their identity, with the proof of each. */
export async function getCard(node: NodeContext, id: ChainId): Promise<Result<Card>> {
  const accounts = await findAccounts(node.store, id, 1 << LIMITS.deviceProof);
  if (accounts.length === 0) return notFound('account or identity of this id');
  const items = new Map<string, BundleItem>();
  for (const account of accounts) {
    const { result, used } = await proofOf(node, (context) => verifyAccountGenesis(context, account));
    if (!result.ok) return result;
    for (const item of used) items.set(nameOf(node.suite, item), item);
  }
  return ok({ accounts, items: [...items.values()] });
}

const readBody = async ({ suite, store }: NodeContext, name: string) => {
  const item = await loadItem(suite, store, name);
  return item?.type === 'body' ? item.body : undefined;
};

/** The newest final state; for a chain of which only the genesis is known, that. */
export async function getTip(node: NodeContext, chain: ChainId): Promise<Result<ChainTip>> {
  const index = await readTip(node.store, chain);
  if (index !== undefined) {
    const certificate = await readCertificate(node, { chain, index });
    return certificate
      ? ok({ index, hash: certificate.hash, certificate })
      : fail('E_INTERNAL', 'NET-17', 'the certificate of a final state is not there');
  }
  const genesis = await readBody(node, itemNames.genesis(chain));
  return genesis
    ? ok({ index: 0, hash: stateHash(node.suite, genesis), certificate: null })
    : notFound('final state of this chain');
}

/** The newest final state by which an account was restored. */
export async function getRestored(node: NodeContext, chain: ChainId): Promise<Result<ChainTip>> {
  const index = await readRestored(node.store, chain);
  const certificate = index === undefined ? undefined : await readCertificate(node, { chain, index });
  return certificate
    ? ok({ index: certificate.index, hash: certificate.hash, certificate })
    : notFound('restored state of this account');
}

async function finalHashAt(node: NodeContext, { chain, index }: Place): Promise<StateHash | null> {
  if (index > 0) return (await readSlot(node.store, { chain, index })).final;
  const genesis = await readBody(node, itemNames.genesis(chain));
  return genesis ? stateHash(node.suite, genesis) : null;
}

/** A final state with everything that the node has for it. */
export async function getState(node: NodeContext, place: Place): Promise<Result<StateAnswer>> {
  const state = await finalHashAt(node, place);
  if (state === null) return notFound('final state of this place');
  const { used } = await proofOf(node, (context) => {
    const body = context.evidence.body(state);
    if (!body) return notFound('body of this state');
    if (body.index === 0) return requireFinal(context, body);
    context.evidence.operation(body.op);
    context.evidence.certificate(body.chain, body.index);
    return verifyCandidate(context, state);
  });
  return ok({ state, items: used });
}

export async function getCredits(node: NodeContext, chain: ChainId, after: number): Promise<Result<CreditPage>> {
  const found = await readCredits(node.store, chain, after, LIMITS.pageEntries + 1);
  return ok({ credits: found.slice(0, LIMITS.pageEntries), more: found.length > LIMITS.pageEntries });
}

/** How a slot stands; a body whose time to become final by votes is over is shown as lapsed (spec NET-23). */
export async function getSlot(node: NodeContext, place: Place): Promise<Result<SlotStatus>> {
  const slot = await readSlot(node.store, place);
  const certificate = slot.final === null ? undefined : await readCertificate(node, place);
  const seen = slot.seen === null ? [] : await itemsOf(node, slot.seen);
  const rival = slot.rival === null ? [] : await itemsOf(node, slot.rival.hash);
  return ok({
    state: stateOf(node, slot, seen),
    promise: slot.promise,
    vote: slot.votes.find(({ round }) => round === 0)?.hash ?? null,
    quorum: newestQuorum(slot),
    final: certificate ?? null,
    seen: slot.seen,
    seenMs: slot.seenMs,
    items: [...seen, ...rival],
  });
}

/** That of the highest round, locked or too late to be. */
const newestQuorum = ({ lock, late }: SlotRecord): Certificate | null =>
  lock !== null && (late === null || lock.round >= late.round) ? lock : late;

function stateOf({ network, clock }: NodeContext, slot: SlotRecord, items: readonly BundleItem[]): SlotState {
  if (slot.final !== null) return 'final';
  const seen = items.find((item) => item.type === 'body');
  // A forced vote or a lock needs no body.
  if (!seen) return slot.lock === null && slot.votes.length === 0 ? 'empty' : 'open';
  return clock() > seen.body.window.until + network.gapMs ? 'lapsed' : 'open';
}

/** Body, operation and signature of a state: what shows that it was signed. */
async function itemsOf({ suite, store }: NodeContext, state: StateHash): Promise<readonly BundleItem[]> {
  const body = await loadItem(suite, store, itemNames.body(state));
  if (body?.type !== 'body') return [];
  const others = [
    itemNames.operation(body.body.op),
    itemNames.signature('state', state, 0),
    itemNames.signature('claim', state, 0),
  ];
  const found = await Promise.all(others.map((name) => loadItem(suite, store, name)));
  return [body, ...found.filter((item) => item !== undefined)];
}

export async function getEvidence(node: NodeContext, chain: ChainId): Promise<Result<EvidenceList>> {
  const limits = { files: LIMITS.pageEntries, bytes: LIMITS.submissionBytes };
  return ok({ files: await listEvidence(node.store, chain, limits) });
}

export async function getHead(node: NodeContext): Promise<Result<NodeHead>> {
  const head = await newestHead(node.store);
  return head ? ok({ node: node.nodeIndex, head }) : notFound('tree head: its log is empty');
}

export const getLogSize = ({ store }: NodeContext): Promise<number> =>
  readLogSize({ read: (collection, key) => store.get(collection, key) });

/** Proof that the log of `first` leaves is a prefix of that of `second`. */
export async function getConsistency(node: NodeContext, first: number, second: number): Promise<Result<Consistency>> {
  const { store, suite } = node;
  const size = await getLogSize(node);
  if (first > second || second > size) {
    return fail('E_NOT_FOUND', 'NET-9', `the log has ${size} leaves`);
  }
  const load = (level: number, index: number) => store.get(COLLECTIONS.logNode, nodeKey(level, index));
  const proof = await withSubtrees(load, (read) => consistencyProof(logHasher(suite), read, first, second));
  return ok({ first, second, proof });
}
