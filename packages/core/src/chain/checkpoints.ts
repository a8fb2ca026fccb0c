/**
 * The sparse index `SI = {S_0, S_k, S_2k, …}` (spec CHN-8). Every state's `skip` names the last checkpoint before it,
 * so from a trusted tip any state is reached by walking back over checkpoints and then over at most k links, and
 * anybody can check the index: a checkpoint that is not on the chain cannot be planted.
 */
import { equalBytes, type StateHash } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { fail, ok, type Result } from '../result.ts';
import { stateHash, type Body } from './body.ts';
import { verifyLinks } from './links.ts';

/** `GetCheckpoint(m) = max{ik ≤ m}`: the seed's `<` leaves m = 0 undefined. */
export const getCheckpoint = (m: number, k: number): number => m - (m % k);

/** Reads a body by index from wherever the chain is kept. */
export type BodyReader = (index: number) => Body | undefined;

/** The states from the checkpoint to m, by place: at most k. */
function readRun(read: BodyReader, m: number, k: number): Result<readonly [Body, ...Body[]]> {
  const states: Body[] = [];
  for (let index = getCheckpoint(m, k); index <= m; index++) {
    const body = read(index);
    if (!body) return fail('E_NOT_FOUND', 'CHN-8', `state ${index} is not there`);
    if (body.index !== index) return fail('E_LINK', 'CHN-8', `state ${body.index} stands in the place of ${index}`);
    states.push(body);
  }
  const [first, ...rest] = states;
  return first ? ok([first, ...rest]) : fail('E_NOT_FOUND', 'CHN-8', `there is no state ${m}`);
}

/** `Traverse(S_ik, m) = [S_ik, S_ik+1, …, S_m]`, links verified. At most k states. */
export function traverse(suite: CryptoSuite, read: BodyReader, m: number, k: number): Result<readonly Body[]> {
  const states = readRun(read, m, k);
  if (!states.ok) return states;
  const links = verifyLinks(suite, states.value, k);
  return links.ok ? states : links;
}

/** A state with its hash. */
export interface Found {
  readonly body: Body;
  readonly hash: StateHash;
}

/**
 * State m of the chain whose checkpoints are trusted by hash (an index that was verified once). Costs one hash a state
 * on the walk from the checkpoint, at most k, and nothing that grows with the chain: the links were verified in full
 * when the chain was, and a state that was changed since has another hash. What names state m itself (its successor, a
 * certificate, the owner's record) is compared with the hash that is answered.
 */
export function lookUp(
  suite: CryptoSuite,
  read: BodyReader,
  checkpointHash: StateHash,
  m: number,
  k: number,
): Result<Found> {
  const states = readRun(read, m, k);
  if (!states.ok) return states;
  const [checkpoint, ...rest] = states.value;
  let found: Found = { body: checkpoint, hash: stateHash(suite, checkpoint) };
  if (!equalBytes(found.hash, checkpointHash)) {
    return fail('E_LINK', 'CHN-8', `state ${checkpoint.index} is not the checkpoint of the index`);
  }
  for (const body of rest) {
    if (!equalBytes(body.prev, found.hash) || !equalBytes(body.chain, checkpoint.chain)) {
      return fail('E_LINK', 'CHN-3', `state ${body.index} does not follow from its predecessor`);
    }
    found = { body, hash: stateHash(suite, body) };
  }
  return ok(found);
}

/** Verifies the checkpoints [S_tip, …, S_2k, S_k, S_0] from a trusted tip back to the genesis by their skips. */
export function verifyCheckpoints(
  suite: CryptoSuite,
  tip: Body,
  checkpoints: readonly Body[],
  k: number,
): Result<undefined> {
  let expected = tip.skip;
  let index = tip.index === 0 ? -1 : getCheckpoint(tip.index - 1, k);
  for (const body of checkpoints) {
    if (body.index !== index || !equalBytes(stateHash(suite, body), expected)) {
      return fail('E_LINK', 'CHN-8', `state ${body.index} is not the checkpoint that the skip names`);
    }
    expected = body.skip;
    index = body.index === 0 ? -1 : getCheckpoint(body.index - 1, k);
  }
  return index === -1 ? ok(undefined) : fail('E_INCOMPLETE', 'CHN-8', `checkpoint ${index} is missing`);
}
