/** Final states as nodes serve them, verified here. */
import {
  equalBytes,
  fail,
  finalState,
  indexItems,
  ok,
  pathTo,
  stateAnswerCodec,
  chainTipCodec,
  verifyCertificate,
  evidenceFrom,
  type ChainId,
  type Result,
} from '@dsm/core';
import type { FinalState } from '../chain/finalize.ts';
import { contextOf, type Device } from '../device.ts';
import { answersOf, askAll, askNode } from './client.ts';

/** The final state at a place, from the first node that shows one that verifies. `E_NOT_FOUND` if none does. */
export async function fetchFinal(device: Device, chain: ChainId, index: number): Promise<Result<FinalState>> {
  const codec = stateAnswerCodec(device.suite);
  let unreachable = 0;
  for (const node of device.network.nodes.keys()) {
    const answer = await askNode(device, node, pathTo.state(chain, index), null, codec);
    if (!answer.ok) {
      unreachable += answer.error.code === 'E_UNREACHABLE' ? 1 : 0;
      continue;
    }
    const byName = indexItems(device.suite, answer.value.items);
    const evidence = evidenceFrom((name) => byName.get(name));
    const final = finalState(contextOf(device, evidence), chain, index);
    const certificate = evidence.certificate(chain, index);
    if (final.ok && certificate) return ok({ certificate, ...final.value, items: answer.value.items });
  }
  return unreachable > 0
    ? fail('E_UNREACHABLE', 'NET-13', 'not all nodes answered, and the others do not have that state')
    : fail('E_NOT_FOUND', 'NET-13', 'no node has a final state at that place');
}

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
