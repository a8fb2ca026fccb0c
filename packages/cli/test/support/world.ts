/** A network of four nodes in this process, and homes that use it, in one temporary directory. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore, openNetwork, printNetworkFile, type Network } from '@dsm/core';
import { startNode, type RunningNode } from '@dsm/directory';
import { nodeCryptoSuite, systemClock } from '@dsm/platform/node';
import { onlyError, onlyObject, run, type Ran } from './call.ts';

export const PASSPHRASE = 'correct horse battery staple';

type Answer = Record<string, unknown>;

export interface World {
  readonly dir: string;
  readonly network: Network;
  /** `network.json`. */
  readonly file: string;
  readonly path: (name: string) => string;
  /** Runs `dsm … --home NAME --json`. */
  readonly run: (home: string, ...args: readonly string[]) => Promise<Ran>;
  /** The answer; fails when the command does. */
  readonly ask: (home: string, ...args: readonly string[]) => Promise<Answer>;
  /** The error; fails when the command does not. */
  readonly refusal: (
    home: string,
    ...args: readonly string[]
  ) => Promise<{ readonly code: string; readonly message: string }>;
  readonly stopNodes: () => Promise<void>;
  readonly startNodes: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const MINUTE_MS = 60_000;
/** ML-DSA keys are quick to make and to sign with; the suite is beside the point here. */
const ALGORITHM = 'ml-dsa-44';

/**
 * Nodes and commands share a process here, which blocks while it signs: a connection that a node has closed meanwhile
 * is noticed too late. Commands of their own process never keep one that long.
 */
function forgiveStaleConnections(): () => void {
  const { fetch } = globalThis;
  globalThis.fetch = (...request) => fetch(...request).catch(() => fetch(...request));
  return () => {
    globalThis.fetch = fetch;
  };
}

export async function openWorld({ marginMs = 5_000 } = {}): Promise<World> {
  const restoreFetch = forgiveStaleConnections();
  const dir = mkdtempSync(join(tmpdir(), 'dsm-world-'));
  const suite = nodeCryptoSuite();
  const keys = [1, 2, 3, 4].map((n) => suite.signatureKeyPair('ml-dsa-44', new Uint8Array(32).fill(n)));
  const network = openNetwork(suite, {
    version: 1,
    name: 'test',
    faults: 1,
    nodes: keys.map(({ publicKey }) => publicKey),
    deltaMs: 1_000,
    gapMs: 3_000,
    marginMs,
    settleMs: 60 * MINUTE_MS,
    roundMs: 1_000,
    partitions: [],
  });
  if (!network.ok) throw new Error(network.error.message);
  // Nodes close their store when they stop; what they decided must outlive that here.
  const stores = keys.map(() => ({ ...memoryStore(), close: async () => undefined }));
  let nodes: RunningNode[] = [];
  let ports = keys.map(() => 0);
  const startNodes = async (): Promise<void> => {
    for (const [nodeIndex, { secretKey }] of keys.entries()) {
      const node = await startNode({
        network: network.value,
        nodeIndex,
        secretKey,
        store: stores[nodeIndex] ?? memoryStore(),
        suite,
        clock: systemClock,
        emptyStore: 'claim',
        port: ports[nodeIndex] ?? 0,
      });
      if (!node.ok) throw new Error(node.error.message);
      nodes.push(node.value);
    }
    ports = nodes.map(({ port }) => port);
  };
  const stopNodes = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.close()));
    nodes = [];
  };
  await startNodes();
  const path = (name: string): string => join(dir, name);
  const file = path('network.json');
  const endpoints = ports.map((port) => `http://127.0.0.1:${port}`);
  writeFileSync(file, printNetworkFile({ network: network.value, endpoints }));
  const runIn = (home: string, ...args: readonly string[]): Promise<Ran> =>
    run([...args, '--home', path(home), '--json'], { DSM_PASSPHRASE: PASSPHRASE });
  return {
    dir,
    network: network.value,
    file,
    path,
    run: runIn,
    ask: async (home, ...args) => onlyObject(await runIn(home, ...args)),
    refusal: async (home, ...args) => onlyError(await runIn(home, ...args)),
    stopNodes,
    startNodes,
    close: async () => {
      restoreFetch();
      await stopNodes();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Makes a wallet. */
export const initWallet = (world: World, name: string): Promise<Answer> =>
  world.ask(name, 'init', '--name', name, '--network', world.file, '--suite', ALGORITHM);

/** Makes two wallets contacts of each other. */
export async function introduce(world: World, a: string, b: string): Promise<void> {
  for (const name of [a, b]) await world.ask(name, 'card', '--out', world.path(`${name}.card`));
  await world.ask(a, 'contact', 'add', world.path(`${b}.card`));
  await world.ask(b, 'contact', 'add', world.path(`${a}.card`));
}

/** Alice with 130 MEAL of her own, and the till. */
export async function openShop(world: World): Promise<void> {
  await initWallet(world, 'alice');
  await initWallet(world, 'till');
  await introduce(world, 'alice', 'till');
  await world.ask('alice', 'token', 'create', 'MEAL', '--decimals', '2', '--max', '100000');
  await world.ask('alice', 'token', 'mint', 'MEAL', '130');
}
