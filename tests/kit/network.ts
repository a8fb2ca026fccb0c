/**
 * A network in memory: node keys, the description, and certificates made straight from the node keys, without HTTP
 * and without a log that grows. Everything is deterministic but the signatures, which are hedged.
 */
import {
  encodeItem,
  evidenceFrom,
  indexItems,
  logLeafHash,
  must,
  openNetwork,
  signMessage,
  statementToItem,
  treeHeadMessage,
  type BundleItem,
  type Certificate,
  type ChainId,
  type Context,
  type CryptoSuite,
  type KeyPair,
  type Network,
  type NetworkDescription,
  type Receipt,
  type SignatureAlgorithm,
  type StateHash,
  type Statement,
} from '@dsm/core';
import { nodeCryptoSuite } from '@dsm/platform/node';

/** One suite for a test file: key imports are cached in it. */
export const suite: CryptoSuite = nodeCryptoSuite();

/** Where the clocks of the tests begin. */
export const START_MS = 1_800_000_000_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS: number = 60 * MINUTE_MS;
export const DAY_MS: number = 24 * HOUR_MS;

/** 32 bytes that follow from the words: seeds of keys, salts, nonces. */
export const seed = (...words: (string | number)[]): Uint8Array => suite.hash('test-seed', encodeItem(words));

/** `ml-dsa-44` signs and verifies in well under a millisecond. */
export const makeKey = (
  name: string,
  algorithm: SignatureAlgorithm = 'ml-dsa-44',
  using: CryptoSuite = suite,
): KeyPair => using.signatureKeyPair(algorithm, seed('key', name));

/** Entry of a list that is there. */
export function entry<T>(list: readonly T[], index: number): T {
  const value = list.at(index);
  if (value === undefined) throw new Error(`there is no entry ${index}`);
  return value;
}

export interface TestNetwork {
  readonly suite: CryptoSuite;
  readonly network: Network;
  /** Keys of the nodes, in the order of the description. */
  readonly nodeKeys: readonly KeyPair[];
  /** The clock: set it to move time. */
  nowMs: number;
  /**
   * Everything that was built so far and that is found by its content, under every name. Witnesses and totals are
   * not here: several of one name may exist, so each step carries its own.
   */
  readonly items: Map<string, BundleItem>;
}

/**
 * `changes` go into the description, for example `{ settleMs: HOUR_MS }`; f is (n − 1) / 3 rounded down. Everything
 * on the network signs with `using`.
 */
export function makeNetwork(
  nodes = 4,
  changes: Partial<NetworkDescription> = {},
  using: CryptoSuite = suite,
): TestNetwork {
  const name = changes.name ?? 'test';
  const nodeKeys = Array.from({ length: nodes }, (_, i) => makeKey(`${name} node ${i}`, undefined, using));
  const network = must(
    openNetwork(using, {
      version: 1,
      name,
      faults: Math.floor((nodes - 1) / 3),
      nodes: nodeKeys.map(({ publicKey }) => publicKey),
      deltaMs: 10_000,
      gapMs: MINUTE_MS,
      marginMs: HOUR_MS,
      settleMs: DAY_MS,
      roundMs: 5_000,
      partitions: [],
      ...changes,
    }),
  );
  return { suite: using, network, nodeKeys, nowMs: START_MS, items: new Map() };
}

/** Puts items where `contextOf` finds them. */
export function remember(net: TestNetwork, items: readonly BundleItem[]): void {
  const lasting = items.filter(({ type }) => type !== 'witness' && type !== 'total');
  for (const [name, item] of indexItems(net.suite, lasting)) net.items.set(name, item);
}

/** What a verifier needs, with everything built so far as evidence and `own` items before it. */
export function contextOf(net: TestNetwork, own: readonly BundleItem[] = []): Context {
  const first = indexItems(net.suite, own);
  return {
    suite: net.suite,
    network: net.network,
    evidence: evidenceFrom((name) => first.get(name) ?? net.items.get(name)),
  };
}

/** A context that has exactly these items and nothing else. */
export function strictContext(net: TestNetwork, items: readonly BundleItem[]): Context {
  const byName = indexItems(net.suite, items);
  return { suite: net.suite, network: net.network, evidence: evidenceFrom((name) => byName.get(name)) };
}

/** Receipt of one node for a statement: the only leaf of a log of its own. */
export function makeReceipt(net: TestNetwork, node: number, statement: Statement): Receipt {
  const root = logLeafHash(net.suite, statementToItem(net.network, statement));
  const head = { size: 1, root, timeMs: net.nowMs };
  const { secretKey } = entry(net.nodeKeys, node);
  const signature = signMessage(net.suite, secretKey, 'head', treeHeadMessage(net.suite, net.network, node, head));
  return { node, leaf: 0, head: { ...head, signature }, proof: [] };
}

/** Receipts of the named nodes as a certificate, valid or not. */
export const makeCertificate = (net: TestNetwork, statement: Statement, nodes: readonly number[]): Certificate => ({
  ...statement,
  receipts: nodes.map((node) => makeReceipt(net, node, statement)),
});

export interface Place {
  readonly chain: ChainId;
  readonly index: number;
  readonly hash: StateHash;
}

const first = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Final(h) in one trip: the votes of all nodes. */
export const certify = (net: TestNetwork, { chain, index, hash }: Place): Certificate =>
  makeCertificate(net, { form: 'votes', chain, index, round: 0, hash }, first(net.network.nodes.length));

/** QC(r, h): q votes. */
export const makeQuorum = (net: TestNetwork, { chain, index, hash }: Place, round = 0): Certificate =>
  makeCertificate(net, { form: 'votes', chain, index, round, hash }, first(net.network.quorum));

/** Final(h) in two trips: q acks of one round. */
export const certifyByAcks = (net: TestNetwork, { chain, index, hash }: Place, round = 0): Certificate =>
  makeCertificate(net, { form: 'acks', chain, index, round, hash }, first(net.network.quorum));
