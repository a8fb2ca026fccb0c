/** Final states as nodes serve them, verified here. */
import {
  chainTipCodec,
  equalBytes,
  evidenceFrom,
  fail,
  finalState,
  indexItems,
  ok,
  outputsOf,
  pathTo,
  recordFinder,
  stateAnswerCodec,
  verifyCertificate,
  type BundleItem,
  type ChainId,
  type Result,
  type StateAnswer,
} from '@dsm/core';
import type { FinalState } from '../chain/finalize.ts';
import { contextOf, type Device } from '../device.ts';
import { answersOf, askAll, askNode } from './client.ts';

/** A final state with what is kept of it: nothing but what was verified, and the policies of the tokens it moves. */
export interface FetchedState extends FinalState {
  readonly items: readonly BundleItem[];
}

/**
 * The final state at a place, as one node or another shows it. A node that has the policies of what the state pays out
 * is preferred. `E_NOT_FOUND`: no node has it. `E_UNREACHABLE`: none of those that answered has it.
 */
export async function fetchFinal(device: Device, chain: ChainId, index: number): Promise<Result<FetchedState>> {
  const codec = stateAnswerCodec(device.suite);
  let best: FetchedState | undefined;
  let unreachable = false;
  for (const node of device.network.nodes.keys()) {
    const answer = await askNode(device, node, pathTo.state(chain, index), null, codec);
    if (!answer.ok) {
      unreachable ||= answer.error.code === 'E_UNREACHABLE';
      continue;
    }
    const state = openAnswer(device, chain, index, answer.value);
    if (state && hasPolicies(device, state)) return ok(state);
    best ??= state;
  }
  if (best) return ok(best);
  return unreachable
    ? fail('E_UNREACHABLE', 'NET-13', 'the nodes that answered do not have that state')
    : fail('E_NOT_FOUND', 'NET-13', 'no node has a final state at that place');
}

/** Undefined unless the answer proves itself. What the proof did not use is dropped, whatever it may be. */
function openAnswer(device: Device, chain: ChainId, index: number, answer: StateAnswer): FetchedState | undefined {
  const byName = indexItems(device.suite, answer.items);
  const recorder = recordFinder((name) => byName.get(name));
  const evidence = evidenceFrom(recorder.find);
  const final = finalState(contextOf(device, evidence), chain, index);
  const certificate = evidence.certificate(chain, index);
  if (!final.ok || !certificate) return undefined;
  for (const { token } of outputsOf(final.value.operation)) evidence.policy(token);
  return { certificate, ...final.value, items: recorder.used() };
}

const hasPolicies = (device: Device, { operation, items }: FetchedState): boolean => {
  const byName = indexItems(device.suite, items);
  const evidence = evidenceFrom((name) => byName.get(name));
  return outputsOf(operation).every(({ token }) => evidence.policy(token) !== undefined);
};

/** Index of the newest state of a chain that any node can prove to be final; 0 if none shows a certificate. */
export async function fetchTipIndex(device: Device, chain: ChainId): Promise<number> {
  const tips = answersOf(await askAll(device, pathTo.tip(chain), null, chainTipCodec));
  let newest = 0;
  for (const { index, hash, certificate } of tips) {
    if (index <= newest || !certificate) continue;
    const about =
      equalBytes(certificate.chain, chain) && certificate.index === index && equalBytes(certificate.hash, hash);
    if (about && verifyCertificate(device, certificate).ok) newest = index;
  }
  return newest;
}
