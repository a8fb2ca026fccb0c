/** Directory nodes of a world: the shipped node over simulated ports. */
import { CBOR_TYPE, type KeyPair, type Network as NetworkFacts } from '@dsm/core';
import { answer, openNode } from '@dsm/directory';
import type { NodePort } from './network.ts';
import {
  clockOf,
  killProcess,
  openStore,
  startProcess,
  suiteOf,
  whileAlive,
  type Participant,
  type Surroundings,
} from './participant.ts';

export interface NodeSeat {
  readonly who: Participant;
  readonly index: number;
  readonly key: KeyPair;
  /** It has run before: an empty disk is a lost one. */
  hasRun: boolean;
}

export interface NodeWorld extends Surroundings {
  readonly facts: NetworkFacts;
}

/** Starts the node's process. Undefined: it refuses to run, which is right where its disk is damaged. */
export async function startNode(world: NodeWorld, seat: NodeSeat): Promise<NodePort | undefined> {
  const { who, index, key } = seat;
  const process = startProcess(who);
  const store = await openStore(world, process);
  if (!store.ok) {
    process.end();
    who.lost = true;
    return undefined;
  }
  const opened = await whileAlive(
    process,
    openNode({
      network: world.facts,
      nodeIndex: index,
      secretKey: key.secretKey,
      store: store.value,
      suite: suiteOf(world, process),
      clock: clockOf(world, who),
      emptyStore: seat.hasRun ? 'refuse' : 'claim',
    }),
  );
  if (!opened.ok) {
    killProcess(world, who, false);
    who.lost ||= opened.error.code !== 'E_STORE';
    return undefined;
  }
  seat.hasRun = true;
  return (_from, path, body) => {
    if (!process.alive) return undefined;
    const method = body === null ? 'GET' : 'POST';
    const asked = answer(opened.value.node, { method, path, body, ...(body && { type: CBOR_TYPE }) });
    return whileAlive(process, asked).then((given) => {
      world.note({ type: 'answer', by: who, path, request: body, status: given.status, body: given.body });
      return given;
    });
  };
}
