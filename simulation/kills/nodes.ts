/** Four directory nodes, each a `dsm directory run` of its own: killed and started again one by one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  consistencyCodec,
  decodeWith,
  logHasher,
  nodeHeadCodec,
  parseNetworkFile,
  pathTo,
  ROUTES,
  verifyConsistency,
  type Codec,
  type CryptoSuite,
  type NetworkFile,
  type NodeHead,
} from '@dsm/core';
import type { HeadBook } from './check/heads.ts';
import type { Violations } from './check/violations.ts';
import { startDsm, type Process } from './process.ts';
import { sleep } from './random.ts';

/** Short waits, so that a round opens within a run; reservations last longer than any run. */
const TIMES = ['--delta', '2s', '--gap', '6s', '--margin', '10s', '--settle', '6h', '--round', '1s'];
const READY_MS = 60_000;
const ASK_MS = 5_000;

export const nodeFolder = (dir: string, node: number): string => join(dir, 'net', `node-${node + 1}`);
export const nodeStore = (dir: string, node: number): string => join(nodeFolder(dir, node), 'node.sqlite');
export const networkPath = (dir: string): string => join(dir, 'net', 'network.json');

/** Makes the network as a person does, and ends it again: from here on each node is a process of its own. */
export async function makeNetwork(dir: string): Promise<void> {
  const state = { ready: false };
  const up = startDsm(dir, ['network', 'up', '--nodes', '4', '--dir', 'net', ...TIMES, '--json'], {
    onLine: (line) => {
      state.ready ||= line.includes('"ready":true');
    },
  });
  const deadlineMs = Date.now() + READY_MS;
  while (!state.ready) {
    if (up.hasEnded() || Date.now() > deadlineMs) throw new Error(`dsm network up: ${(await up.stop()).stderr}`);
    await sleep(20);
  }
  const { code, stderr } = await up.stop();
  if (code !== 0) throw new Error(`dsm network up ended with ${code}: ${stderr}`);
}

export function readNetwork(suite: CryptoSuite, dir: string): NetworkFile {
  const file = parseNetworkFile(suite, readFileSync(networkPath(dir), 'utf8'));
  if (!file.ok) throw new Error(file.error.message);
  return file.value;
}

/** Resolves once the node answers. Rejects when it ends by itself instead; undefined when it was killed meanwhile. */
export async function startNode(
  dir: string,
  node: number,
  onStart: (process: Process) => void,
): Promise<Process | undefined> {
  const state = { ready: false };
  const process = startDsm(dir, ['directory', 'run', '--config', `net/node-${node + 1}/config.json`, '--json'], {
    attached: true,
    log: join(dir, `node-${node + 1}.stderr`),
    onLine: (line) => {
      state.ready ||= line.includes('"endpoint"');
    },
  });
  onStart(process);
  const deadlineMs = Date.now() + READY_MS;
  while (!state.ready) {
    if (process.hasEnded() || Date.now() > deadlineMs) {
      if (process.wasKilled()) return undefined;
      const { stderr, code } = await process.stop();
      throw new Error(`node ${node + 1} does not start (${code}): ${stderr}`);
    }
    await sleep(10);
  }
  return process;
}

async function ask<T>(endpoint: string, path: string, codec: Codec<T>): Promise<T | undefined> {
  try {
    const response = await fetch(`${endpoint}${path}`, { signal: AbortSignal.timeout(ASK_MS) });
    if (!response.ok) return undefined;
    const answer = decodeWith(codec, new Uint8Array(await response.arrayBuffer()), 'answer');
    return answer.ok ? answer.value : undefined;
  } catch {
    return undefined;
  }
}

/** The newest head of a node, noted. Undefined while it does not answer, or has nothing in its log. */
export async function askHead(
  { endpoints }: NetworkFile,
  node: number,
  heads: HeadBook,
): Promise<NodeHead | undefined> {
  const found = await ask(endpoints[node] ?? '', ROUTES.head, nodeHeadCodec);
  if (found) heads.note(node, found.head, `the answer of node ${node + 1}`);
  return found;
}

/** A node that was started again goes on where it was: its head extends the newest one that anybody has seen. */
export async function checkExtends(
  suite: CryptoSuite,
  file: NetworkFile,
  node: number,
  before: { readonly size: number; readonly root: Uint8Array } | undefined,
  heads: HeadBook,
  violations: Violations,
): Promise<boolean> {
  if (before === undefined) return false;
  const found = await askHead(file, node, heads);
  if (!found) return false;
  const { size, root } = found.head;
  if (size < before.size) {
    violations.add(`node ${node + 1} had signed a head of ${before.size} leaves and now shows ${size}`);
    return true;
  }
  const path = pathTo.consistency(before.size, size);
  const proof = await ask(file.endpoints[node] ?? '', path, consistencyCodec);
  // Killed once more meanwhile.
  if (!proof) return false;
  if (!verifyConsistency(logHasher(suite), before.size, before.root, size, root, proof.proof)) {
    violations.add(`node ${node + 1}: the head of ${size} leaves does not extend that of ${before.size}`);
  }
  return true;
}
