/**
 * The seed's core verification principle: `Verify(S_i, S_j) = ⋀ (S_n.prev_hash = H(S_{n-1}))` for n = i+1 … j
 * (spec CHN-3), with what else binds a link: chain, network, version, kind, index, entropy, pre-commitment, skip.
 */
import { equalBytes, ZERO_HASH, type StateHash } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { check, checkAll, done, fail, ok, type Result } from '../result.ts';
import { stateHash, type Body } from './body.ts';
import { chainIdOf, firstEntropy, nextEntropy, nextSkip, precommitment } from './step.ts';

/** One link; answers the hash of `next`'s parent's successor, that is of `next`. `k` checks the skip too. */
export function verifyLink(
  suite: CryptoSuite,
  parent: Body,
  next: Body,
  k?: number,
  parentHash: StateHash = stateHash(suite, parent),
): Result<undefined> {
  const entropy = nextEntropy(suite, parent.entropy, next.op, next.index);
  return checkAll(
    () => check(equalBytes(parent.network, next.network), 'E_NETWORK', 'CHN-3', 'the network changes'),
    () => check(equalBytes(parent.chain, next.chain), 'E_CHAIN', 'CHN-3', 'the chain changes'),
    () => check(parent.kind === next.kind, 'E_CHAIN', 'CHN-3', 'the kind of chain changes'),
    () => check(next.index === parent.index + 1, 'E_LINK', 'CHN-3', 'the index is not the next one'),
    () => check(equalBytes(next.prev, parentHash), 'E_LINK', 'CHN-3', 'prev is not the hash of the predecessor'),
    () => check(equalBytes(next.entropy, entropy), 'E_LINK', 'CHN-5', 'wrong entropy'),
    () =>
      check(
        equalBytes(next.precommit, precommitment(suite, parentHash, next.op, entropy)),
        'E_LINK',
        'CHN-6',
        'wrong pre-commitment',
      ),
    () => check(next.window.from <= next.window.until, 'E_WINDOW', 'CHN-7', 'the window ends before it begins'),
    () =>
      check(k === undefined || equalBytes(next.skip, nextSkip(parent, parentHash, k)), 'E_LINK', 'CHN-8', 'wrong skip'),
  );
}

/** A run of at least one state, each linked to the one before. Answers the hash of the last. */
export function verifyLinks(suite: CryptoSuite, states: readonly Body[], k?: number): Result<StateHash> {
  let parent = states[0];
  if (!parent) return fail('E_INCOMPLETE', 'CHN-3', 'no states');
  let parentHash = stateHash(suite, parent);
  for (const next of states.slice(1)) {
    const link = verifyLink(suite, parent, next, k, parentHash);
    if (!link.ok) return link;
    parent = next;
    parentHash = stateHash(suite, next);
  }
  return ok(parentHash);
}

/** What holds of every genesis, whatever its kind (spec CHN-4). */
export function verifyGenesisBody(suite: CryptoSuite, body: Body): Result<undefined> {
  return checkAll(
    () => check(body.index === 0, 'E_CHAIN', 'CHN-4', 'not a genesis'),
    () => check(equalBytes(body.chain, chainIdOf(suite, body)), 'E_CHAIN', 'CHN-4', 'wrong chain id'),
    () => check(equalBytes(body.entropy, firstEntropy(suite, body.chain)), 'E_CHAIN', 'CHN-5', 'wrong entropy'),
    () =>
      [body.prev, body.precommit, body.skip].every((field) => equalBytes(field, ZERO_HASH))
        ? done
        : fail('E_CHAIN', 'CHN-4', 'a genesis has no predecessor'),
  );
}
