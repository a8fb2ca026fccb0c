/**
 * The network file (spec NET-12): the description in readable JSON, its id, and where the nodes answer. People pin a
 * network by it, so it is read strictly: a field that is missing or unknown is refused, the id is recomputed.
 */
import { equalBytes, fromHex, toHex } from '../bytes.ts';
import { isSignatureAlgorithm, SIGNATURE_ALGORITHMS, type PublicKey } from '../crypto/keys.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Item } from '../encoding/cbor.ts';
import { LIMITS } from '../limits.ts';
import { check, fail, ok, type Err, type Result } from '../result.ts';
import { networkCodec, openNetwork, type Network } from './description.ts';

export interface NetworkFile {
  readonly network: Network;
  /** Base addresses, one a node in the order of the description, without a slash at the end. */
  readonly endpoints: readonly string[];
}

export const NETWORK_FILE_VERSION = 1;

/** In the order of the codec. */
const DESCRIPTION_FIELDS = [
  'version',
  'name',
  'faults',
  'nodes',
  'deltaMs',
  'gapMs',
  'marginMs',
  'settleMs',
  'roundMs',
  'partitions',
] as const;

const wrong = (message: string): Err => fail('E_FORMAT', 'NET-12', message);

type Fields = Readonly<Record<string, unknown>>;

/** The fields of an object that has exactly these. */
function readObject(value: unknown, names: readonly string[], at: string): Result<Fields> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(`${at}: object expected`);
  const found = Object.keys(value);
  const unknown = found.find((name) => !names.includes(name));
  if (unknown !== undefined) return wrong(`${at}: unknown field ${JSON.stringify(unknown.slice(0, 40))}`);
  const absent = names.find((name) => !found.includes(name));
  if (absent !== undefined) return wrong(`${at}: ${absent} is missing`);
  return ok(value as Fields);
}

function keyToItem(value: unknown, at: string): Result<Item> {
  const fields = readObject(value, ['algorithm', 'key'], at);
  if (!fields.ok) return fields;
  const { algorithm, key } = fields.value;
  if (typeof algorithm !== 'string' || !isSignatureAlgorithm(algorithm)) {
    return fail('E_ALGORITHM', 'ENC-6', `${at}: unknown algorithm`);
  }
  const bytes = typeof key === 'string' ? fromHex(key) : undefined;
  return bytes ? ok([SIGNATURE_ALGORITHMS[algorithm].id, bytes]) : wrong(`${at}: key in lower-case hex expected`);
}

/** The description as the item that its codec reads: the codec has the bounds. */
function descriptionToItem(value: unknown): Result<Item> {
  const fields = readObject(value, DESCRIPTION_FIELDS, 'description');
  if (!fields.ok) return fields;
  const { nodes } = fields.value;
  if (!Array.isArray(nodes)) return wrong('description.nodes: list expected');
  const keys: Item[] = [];
  for (const [i, node] of nodes.entries()) {
    const key = keyToItem(node, `description.nodes[${i}]`);
    if (!key.ok) return key;
    keys.push(key.value);
  }
  return ok(DESCRIPTION_FIELDS.map((name) => (name === 'nodes' ? keys : (fields.value[name] as Item))));
}

/** Printable ASCII without anything that would reach a terminal or another host: no user, query or fragment. */
const isEndpoint = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= LIMITS.endpointBytes &&
  /^https?:\/\/[a-zA-Z0-9.:[\]-]+(\/[a-zA-Z0-9._~/-]*[a-zA-Z0-9._~-])?$/.test(value);

function parseJson(text: string): Result<unknown> {
  if (text.length > LIMITS.networkFileBytes) return fail('E_LIMIT', 'NET-12', 'the network file is too large');
  try {
    return ok(JSON.parse(text));
  } catch {
    return wrong('the network file is not JSON');
  }
}

/** Reads a network file; total on any text. */
export function parseNetworkFile(suite: CryptoSuite, text: string): Result<NetworkFile> {
  const json = parseJson(text);
  if (!json.ok) return json;
  const fields = readObject(json.value, ['dsm', 'version', 'id', 'description', 'endpoints'], 'network file');
  if (!fields.ok) return fields;
  const { dsm, version, id, description, endpoints } = fields.value;
  if (dsm !== 'network') return wrong('not a network file');
  if (version !== NETWORK_FILE_VERSION) return fail('E_VERSION', 'NET-12', 'unknown version of the network file');
  const item = descriptionToItem(description);
  if (!item.ok) return item;
  const decoded = networkCodec.fromItem(item.value, 'description');
  if (!decoded.ok) return decoded;
  const network = openNetwork(suite, decoded.value);
  if (!network.ok) return network;
  const given = typeof id === 'string' ? fromHex(id) : undefined;
  const same = check(
    given !== undefined && equalBytes(given, network.value.id),
    'E_NETWORK',
    'NET-12',
    'the id is not that of the description',
  );
  if (!same.ok) return same;
  if (!Array.isArray(endpoints) || endpoints.length !== network.value.nodes.length) {
    return wrong('endpoints: one a node expected');
  }
  return endpoints.every(isEndpoint) ? ok({ network: network.value, endpoints }) : wrong('endpoints: not an address');
}

const keyToJson = ({ algorithm, bytes }: PublicKey) => ({ algorithm, key: toHex(bytes) });

/** The text of a network file; `parseNetworkFile` reads it back. */
export function printNetworkFile({ network, endpoints }: NetworkFile): string {
  const description = Object.fromEntries(
    DESCRIPTION_FIELDS.map((name) => [name, name === 'nodes' ? network.nodes.map(keyToJson) : network[name]]),
  );
  const file = { dsm: 'network', version: NETWORK_FILE_VERSION, id: toHex(network.id), description, endpoints };
  return `${JSON.stringify(file, null, 2)}\n`;
}
