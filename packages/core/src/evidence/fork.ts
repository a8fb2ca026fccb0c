/**
 * Fork evidence (spec EVD-1 to EVD-4): two tips signed by one key that lead to different bodies at one index of a
 * chain with one writer, unless one is a void, which nobody signed, or the later one a restored state that waited.
 * Self-contained: whoever has the evidence and the network description can check it.
 */
import { missing, type Evidence } from '../bundle/evidence.ts';
import { compareBytes, equalBytes, type ChainId, type StateHash } from '../bytes.ts';
import { stateHash, type Body } from '../chain/body.ts';
import { verifyGenesis } from '../chain/final.ts';
import { hashOperation } from '../chain/operation.ts';
import { stateMessage } from '../chain/rules.ts';
import { isVoid } from '../chain/void.ts';
import type { Context } from '../context.ts';
import { hashItem } from '../crypto/hash.ts';
import type { PublicKey } from '../crypto/keys.ts';
import { keyId, verifyMessage } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { hash, record, uint, type Codec } from '../encoding/schema.ts';
import { LIMITS } from '../limits.ts';
import { check, checkAll, fail, ok, type Result } from '../result.ts';

export interface Fork {
  readonly chain: ChainId;
  /** Where the two bodies differ. */
  readonly index: number;
  /** The signed tips, the smaller hash first. */
  readonly first: StateHash;
  readonly second: StateHash;
}

export const forkCodec: Codec<Fork> = record<Fork>({
  chain: hash<ChainId>(),
  index: uint(),
  first: hash<StateHash>(),
  second: hash<StateHash>(),
});

/** What a fork proves. */
export interface Accusation extends Fork {
  readonly id: Uint8Array;
  readonly key: PublicKey;
  /** `H("key", key)` of the device. */
  readonly device: Uint8Array;
}

export const orderFork = (chain: ChainId, index: number, a: StateHash, b: StateHash): Fork =>
  compareBytes(a, b) < 0 ? { chain, index, first: a, second: b } : { chain, index, first: b, second: a };

/** One fork has one id, however it was found: the place, not the tips that happened to be shown. */
export const forkId = (suite: CryptoSuite, fork: Pick<Fork, 'chain' | 'index'>): Uint8Array =>
  hashItem(suite, 'evidence', [fork.chain, fork.index]);

/** Windows that leave more than the gap between them. */
export const areDisjoint = (a: Body['window'], b: Body['window'], gapMs: number): boolean =>
  a.until + gapMs < b.from || b.until + gapMs < a.from;

export function verifyFork(context: Context, fork: Fork): Result<Accusation> {
  const writer = writerOf(context, fork.chain);
  if (!writer.ok) return writer;
  const ordered = check(
    compareBytes(fork.first, fork.second) < 0,
    'E_ENCODING',
    'EVD-1',
    'tips not in ascending order',
  );
  if (!ordered.ok) return ordered;
  const bodies: Body[] = [];
  for (const tip of [fork.first, fork.second]) {
    const body = signedAncestor(context, writer.value, fork, tip);
    if (!body.ok) return body;
    bodies.push(body.value);
  }
  const [a, b] = bodies as [Body, Body];
  const proven = checkAll(
    () =>
      check(
        !equalBytes(stateHash(context.suite, a), stateHash(context.suite, b)),
        'E_MISMATCH',
        'EVD-2',
        'one and the same state',
      ),
    // Above the true fork everything differs as well: one fork has one place.
    () => check(equalBytes(a.prev, b.prev), 'E_LINK', 'EVD-2', 'the chain forked below this index'),
    () => check(![a, b].some((body) => isVoid(context.suite, body)), 'E_OPERATION', 'EVD-2', 'nobody signs a void'),
    () => check(!isExcused(context, a, b), 'E_WINDOW', 'EVD-3', 'the owner restored its device and waited'),
  );
  if (!proven.ok) return proven;
  const { suite } = context;
  return ok({ ...fork, id: forkId(suite, fork), key: writer.value, device: keyId(suite, writer.value) });
}

/** The later state begins anew after a restore, when no older state can be final any more (spec EVD-3). */
function isExcused({ suite, network }: Context, a: Body, b: Body): boolean {
  const later = a.window.from < b.window.from ? b : a;
  return a.kind === 'account' && areDisjoint(a.window, b.window, network.gapMs) && isRestored(suite, later);
}

/** Whether a body is a `restored` state, which its window alone tells. */
function isRestored(suite: CryptoSuite, { op, window }: Body): boolean {
  return equalBytes(op, hashOperation(suite, { kind: 'account', operation: { type: 'restored', window } }));
}

/** The one writer of an account, a half or a strand. Vaults have several, so nothing there is a fork. */
function writerOf(context: Context, chain: ChainId): Result<PublicKey> {
  const body = context.evidence.genesis(chain);
  if (!body) return missing('genesis', chain);
  if (body.kind === 'vault' || body.kind === 'identity') {
    return fail('E_CHAIN', 'EVD-1', 'not a chain with one writer');
  }
  const genesis = verifyGenesis(context, body, body.kind);
  return genesis.ok ? ok(genesis.value.key) : genesis;
}

/** The body at the index of the fork below a signed tip, by the links shown. */
function signedAncestor(context: Context, key: PublicKey, fork: Fork, tip: StateHash): Result<Body> {
  const { evidence, suite, network } = context;
  const top = evidence.body(tip);
  if (!top) return missing('body', tip);
  const signature = evidence.signature('state', tip);
  if (!signature) return missing('signature state', tip, 0);
  const place = checkAll(
    () => check(equalBytes(top.chain, fork.chain), 'E_CHAIN', 'EVD-1', 'a state of another chain'),
    () => check(equalBytes(top.network, network.id), 'E_NETWORK', 'EVD-1', 'a state of another network'),
    () => check(fork.index > 0 && top.index >= fork.index, 'E_LINK', 'EVD-1', 'the tip is below the fork'),
    () => check(top.index - fork.index < LIMITS.segmentStates, 'E_LIMIT', 'EVD-1', 'too many states above the fork'),
    () =>
      check(
        verifyMessage(suite, key, 'state', stateMessage(context, top.chain, top.index, tip), signature),
        'E_SIGNATURE',
        'EVD-1',
        'a tip is not signed by the writer of the chain',
      ),
  );
  if (!place.ok) return place;
  return descend(evidence, top, fork.index);
}

function descend(evidence: Evidence, top: Body, index: number): Result<Body> {
  let body = top;
  while (body.index > index) {
    const parent = evidence.body(body.prev);
    if (!parent) return missing('body', body.prev);
    if (parent.index !== body.index - 1 || !equalBytes(parent.chain, body.chain)) {
      return fail('E_LINK', 'EVD-1', 'the links do not lead down to the fork');
    }
    body = parent;
  }
  return ok(body);
}
