/** The config file of one directory node: JSON with its secret key, readable by its owner only. */
import {
  fail,
  fromHex,
  ok,
  parseNetworkFile,
  printNetworkFile,
  toHex,
  type CryptoSuite,
  type NetworkFile,
  type Result,
  type SecretKey,
} from '@dsm/core';
import { readInput } from '../input/file.ts';
import { replaceFile } from '../output/file.ts';

export interface NodeConfig {
  /** The network, with the endpoint of every node. */
  readonly file: NetworkFile;
  /** Position in the description, from 0. */
  readonly node: number;
  readonly secretKey: SecretKey;
  readonly host: string;
  readonly port: number;
  /** Paths, relative to the config file. */
  readonly store: string;
  readonly log: string;
}

/** The network file and a little more. */
const MAX_BYTES = 2_097_152;
const FIELDS = new Set(['dsm', 'version', 'node', 'host', 'port', 'store', 'log', 'secretKey', 'network']);

const wrong = (path: string, what: string): Result<never> => fail('E_FORMAT', 'CLI-7', `${path}: ${what}`);

export function writeConfig(path: string, config: NodeConfig): void {
  const { node, host, port, store, log, secretKey } = config;
  const json = {
    dsm: 'directory-node',
    version: 1,
    node: node + 1,
    host,
    port,
    store,
    log,
    secretKey: toHex(secretKey.bytes),
    network: JSON.parse(printNetworkFile(config.file)) as unknown,
  };
  replaceFile(path, new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`), 0o600);
}

export function readConfig(suite: CryptoSuite, path: string): Result<NodeConfig> {
  const bytes = readInput(path, MAX_BYTES);
  if (!bytes.ok) return bytes;
  const json = parseObject(new TextDecoder().decode(bytes.value));
  if (json?.['dsm'] !== 'directory-node') return wrong(path, 'not the config of a directory node');
  if (json['version'] !== 1) return fail('E_VERSION', 'CLI-7', `${path}: unknown version`);
  const unknown = Object.keys(json).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) return wrong(path, `unknown field ${JSON.stringify(unknown)}`);
  const file = parseNetworkFile(suite, JSON.stringify(json['network'] ?? null));
  if (!file.ok) return file;
  return readFields(path, json, file.value);
}

function readFields(path: string, json: Readonly<Record<string, unknown>>, file: NetworkFile): Result<NodeConfig> {
  const { node, host, port, store, log, secretKey } = json;
  const { nodes } = file.network;
  if (!isWhole(node, 1, nodes.length)) return wrong(path, `node is a number from 1 to ${nodes.length}`);
  if (!isWhole(port, 1, 65_535)) return wrong(path, 'port is a number from 1 to 65535');
  if (!isText(host) || !isText(store) || !isText(log)) return wrong(path, 'host, store and log are texts');
  const key = typeof secretKey === 'string' ? fromHex(secretKey) : undefined;
  if (key === undefined || key.length === 0) return wrong(path, 'secretKey is hexadecimal');
  const algorithm = nodes[node - 1]?.algorithm as SecretKey['algorithm'];
  return ok({ file, node: node - 1, secretKey: { algorithm, bytes: key }, host, port, store, log });
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const isWhole = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
