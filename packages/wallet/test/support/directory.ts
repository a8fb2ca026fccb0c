/** Four directory nodes in this process, which can be stopped and started, and the way to them. */
import { CBOR_TYPE, decodeFailure, fail, memoryDisk, memoryStore, must, ok, type MemoryDisk } from '@dsm/core';
import { openNode, type OpenNode } from '@dsm/directory';
import type { DirectoryTransport } from '../../src/ports.ts';
import { suite, type TestWorld } from './wallets.ts';

export interface TestDirectory {
  readonly transport: DirectoryTransport;
  /** Nodes that do not answer. */
  readonly down: Set<number>;
  /** Called before each request is handed to a node. */
  onRequest: (node: number, path: string) => void;
  readonly disks: readonly MemoryDisk[];
}

/** `disks`: what the nodes have written before, as after a restart. */
export async function makeDirectory(
  world: TestWorld,
  disks: readonly MemoryDisk[] = world.net.nodeKeys.map(() => memoryDisk()),
): Promise<TestDirectory> {
  const { net, clock } = world;
  const nodes: OpenNode[] = [];
  for (const [nodeIndex, { secretKey }] of net.nodeKeys.entries()) {
    const store = memoryStore(disks[nodeIndex]);
    nodes.push(
      must(await openNode({ network: net.network, nodeIndex, secretKey, store, suite, clock, emptyStore: 'claim' })),
    );
  }
  const down = new Set<number>();
  const directory: TestDirectory = {
    down,
    disks,
    onRequest: () => {},
    transport: {
      async request(node, path, body) {
        directory.onRequest(node, path);
        const app = nodes[node]?.app;
        if (!app || down.has(node)) return fail('E_UNREACHABLE', 'NET-13', `node ${node} is down`);
        const response = await app.request(path, {
          method: body === null ? 'GET' : 'POST',
          ...(body !== null && { body: new Uint8Array(body), headers: { 'content-type': CBOR_TYPE } }),
        });
        const bytes = new Uint8Array(await response.arrayBuffer());
        return response.ok ? ok(bytes) : { ok: false, error: must(decodeFailure(bytes)) };
      },
    },
  };
  return directory;
}

/** A byte copy of a disk. */
export const copyDisk = (disk: MemoryDisk): MemoryDisk =>
  new Map([...disk].map(([name, records]) => [name, records.map(({ key, value }) => ({ key, value }))]));
