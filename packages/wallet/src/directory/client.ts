/** Questions to directory nodes. Whatever a node answers is hearsay until it is verified. */
import { decodeWith, type Codec, type Result } from '@dsm/core';
import type { Device } from '../device.ts';

type Nodes = Pick<Device, 'transport' | 'network'>;

/** Asks one node. `body` null: a question without one. */
export async function askNode<T>(
  { transport }: Nodes,
  node: number,
  path: string,
  body: Uint8Array | null,
  codec: Codec<T>,
  signal?: AbortSignal,
): Promise<Result<T>> {
  const answer = await transport.request(node, path, body, signal);
  return answer.ok ? decodeWith(codec, answer.value, `answer of node ${node}`) : answer;
}

/** Asks all nodes at once; the answers stand in the order of the nodes. */
export const askAll = <T>(
  client: Nodes,
  path: string,
  body: Uint8Array | null,
  codec: Codec<T>,
): Promise<readonly Result<T>[]> =>
  Promise.all(client.network.nodes.map((_, node) => askNode(client, node, path, body, codec)));

/** What the nodes that answered said. */
export const answersOf = <T>(results: readonly Result<T>[]): readonly T[] =>
  results.flatMap((result) => (result.ok ? [result.value] : []));
