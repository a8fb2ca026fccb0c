/** The directory of a network: made once, then only read. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import {
  fail,
  ok,
  openNetwork,
  printNetworkFile,
  type CryptoSuite,
  type Entropy,
  type KeyPair,
  type Network,
  type NetworkDescription,
  type NetworkFile,
  type Result,
} from '@dsm/core';
import { formatDuration } from '../input/duration.ts';
import { describeSystemError } from '../input/system-error.ts';
import { replaceFile } from '../output/file.ts';
import { readConfig, writeConfig } from './config.ts';
import { configPath, isNodeFolder, networkPath, nodeFolder } from './layout.ts';
import { choosePorts, HOST, requireAllFree } from './ports.ts';

export type NetworkTimes = Pick<NetworkDescription, 'deltaMs' | 'gapMs' | 'marginMs' | 'settleMs' | 'roundMs'>;

export interface SetupOptions {
  readonly suite: CryptoSuite;
  readonly entropy: Entropy;
  readonly dir: string;
  /** What was asked for; undefined: whatever is kept there, or the default. */
  readonly name: string | undefined;
  readonly nodes: number | undefined;
  readonly port: number | undefined;
  readonly times: Partial<NetworkTimes>;
  readonly defaultNodes: number;
  readonly defaultTimes: NetworkTimes;
}

/** Tree heads are signed with ML-DSA-44 (DESIGN section 9). */
const NODE_ALGORITHM = 'ml-dsa-44';
const SEED_BYTES = 32;

/**
 * The network of this directory. What is kept there cannot be changed by options: `E_EXISTS` when they say otherwise.
 * `E_BUSY` when a port is taken.
 */
export async function prepareNetwork(options: SetupOptions): Promise<Result<NetworkFile>> {
  try {
    mkdirSync(options.dir, { recursive: true });
    // The first config is written last: with it the directory is complete.
    if (existsSync(configPath(options.dir, 0))) return await reopen(options);
    if (existsSync(networkPath(options.dir))) return incomplete(options.dir);
    const other = readdirSync(options.dir).find((name) => !isNodeFolder(name));
    return other === undefined ? await create(options) : occupied(options.dir, other);
  } catch (thrown) {
    return fail('E_STORE', 'CLI-6', `${options.dir} cannot be used: ${describeSystemError(thrown)}`);
  }
}

/** A wallet, say: a network in its home would be moved, copied and deleted with it. */
const occupied = (dir: string, other: string): Result<never> =>
  fail('E_EXISTS', 'CLI-6', `${dir} holds something else (${other}); choose an empty directory`);

/** Something else, or what is left of a network: nothing there is overwritten. */
const incomplete = (dir: string): Result<never> =>
  fail('E_EXISTS', 'CLI-6', `${networkPath(dir)} is there, but not the nodes that belong to it`);

async function reopen(options: SetupOptions): Promise<Result<NetworkFile>> {
  const first = readConfig(options.suite, configPath(options.dir, 0));
  if (!first.ok) return first;
  const { file } = first.value;
  const ports: number[] = [];
  for (const node of file.endpoints.keys()) {
    const config = readConfig(options.suite, configPath(options.dir, node));
    if (!config.ok) return config;
    ports.push(config.value.port);
  }
  const same = requireSame(options, file.network, ports);
  if (!same.ok) return same;
  const free = await requireAllFree(ports);
  return free.ok ? ok(file) : free;
}

function requireSame(options: SetupOptions, network: Network, ports: readonly number[]): Result<undefined> {
  const differs = (what: string): Result<never> =>
    fail('E_EXISTS', 'CLI-6', `${options.dir} holds a network ${what}; that cannot be changed`);
  const { name, nodes, port, times } = options;
  if (name !== undefined && name !== network.name) return differs(`of the name ${network.name}`);
  if (nodes !== undefined && nodes !== ports.length) return differs(`of ${ports.length} nodes`);
  if (port !== undefined && port !== ports[0]) return differs(`whose first port is ${ports[0]}`);
  for (const [field, timeMs] of Object.entries(times) as [keyof NetworkTimes, number][]) {
    if (network[field] !== timeMs) return differs(`with ${field} ${network[field]}`);
  }
  return ok(undefined);
}

async function create(options: SetupOptions): Promise<Result<NetworkFile>> {
  const { suite, entropy, dir, name = 'local', nodes: count = options.defaultNodes } = options;
  const times = checkTimes(options);
  if (!times.ok) return times;
  const keys = Array.from({ length: count }, () => suite.signatureKeyPair(NODE_ALGORITHM, entropy(SEED_BYTES)));
  const network = openNetwork(suite, {
    version: 1,
    name,
    faults: Math.floor((count - 1) / 3),
    nodes: keys.map(({ publicKey }) => publicKey),
    partitions: [],
    ...options.defaultTimes,
    ...options.times,
  });
  if (!network.ok) return network;
  const ports = await choosePorts(count, options.port);
  if (!ports.ok) return ports;
  const file = { network: network.value, endpoints: ports.value.map((port) => `http://${HOST}:${port}`) };
  keepConfigs(dir, file, keys, ports.value);
  return ok(file);
}

/** What NET-1 asks of the times, in the words of the options. */
function checkTimes({ times, defaultTimes }: SetupOptions): Result<undefined> {
  const { deltaMs, gapMs, marginMs, settleMs, roundMs } = { ...defaultTimes, ...times };
  const usage = (rule: string): Result<never> => {
    const [delta, gap, margin] = [defaultTimes.deltaMs, defaultTimes.gapMs, defaultTimes.marginMs].map(formatDuration);
    const defaults = `--delta ${delta}, --gap ${gap}, --margin ${margin}`;
    return fail('E_USAGE', 'CLI-6', `${rule} (without the options: ${defaults})`);
  };
  if (gapMs <= 2 * deltaMs) return usage('--gap must be longer than twice --delta');
  if (marginMs <= deltaMs) return usage('--margin must be longer than --delta');
  if (settleMs === 0) return usage('--settle must be longer than 0s');
  return roundMs === 0 ? usage('--round must be longer than 0s') : ok(undefined);
}

function keepConfigs(dir: string, file: NetworkFile, keys: readonly KeyPair[], ports: readonly number[]): void {
  for (let node = keys.length - 1; node >= 0; node--) {
    mkdirSync(nodeFolder(dir, node), { recursive: true });
    writeConfig(configPath(dir, node), {
      file,
      node,
      secretKey: (keys[node] as KeyPair).secretKey,
      host: HOST,
      port: ports[node] as number,
      store: 'node.sqlite',
      log: 'node.log',
    });
  }
}

/** Other programs wait for this file: it appears whole, once all nodes answer. */
export const publishNetworkFile = (dir: string, file: NetworkFile): void =>
  replaceFile(networkPath(dir), new TextEncoder().encode(printNetworkFile(file)), 0o644);
