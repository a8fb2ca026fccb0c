/**
 * The example of spec/chain.md, made from the words of the specification alone: another CBOR library, BLAKE3, and
 * nothing of the protocol's own code. What it gives stands in the specification and comes out of the code.
 */
import {
  bodyCodec,
  draftTransition,
  encodeWith,
  fromHex,
  makeGenesis,
  must,
  NO_EVIDENCE,
  openNetwork,
  pruneTree,
  stateHash,
  toHex,
  witnessToItem,
  encodeItem,
  type ChainId,
  type NetworkDescription,
  type Operation,
  type TokenPolicy,
} from '@dsm/core';
import { nodeCryptoSuite } from '@dsm/platform/node';
import { cdeEncodeOptions, encode } from 'cbor2';
import { describe, expect, test } from 'vitest';
import { deriveKey } from '../packages/platform/src/portable/blake3.ts';
import { readText, ruleText } from './support/spec.ts';

const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
const cbor = (item: unknown): Uint8Array => encode(item, cdeEncodeOptions);
const hash = (tag: string, item: unknown): Uint8Array => deriveKey(`DSM v1 ${tag}`, cbor(item), 32);
const ZERO = fill(32, 0);
const EMPTY = fill(0, 0);
const FOREVER = [0, 2 ** 53 - 1];
const WINDOW = [1_800_000_000_000, 1_800_003_600_000] as const;

/** By the book. */
function byTheBook() {
  const description = [1, 'example', 0, [[1, fill(32, 0x11)]], 10_000, 60_000, 3_600_000, 86_400_000, 5_000, []];
  const network = hash('network', description);
  const key = [1, fill(32, 0x22)];
  const [identity, nextKey] = [fill(32, 0x33), fill(32, 0x44)];
  const genesis = [0, 64, identity, key, nextKey, 0, 1, []];
  const op = hash('op', genesis);
  const path = hash('leaf-path', ['account']);
  const terms = cbor([64, identity, key, nextKey]);
  const accountLeaf = hash('smt-leaf', [path, terms]);
  const start = (chain: Uint8Array, entropy: Uint8Array) => [
    // In the order of CHN-1.
    1,
    2,
    network,
    chain,
    0,
    ZERO,
    entropy,
    ZERO,
    op,
    FOREVER,
    accountLeaf,
    ZERO,
  ];
  const chain = hash('chain', start(EMPTY, EMPTY));
  const entropy = hash('entropy-0', chain);
  const first = start(chain, entropy);
  const firstHash = hash('state', first);

  const policy = [network, chain, 'MEAL', 2, 100_000, 0, 1, [], 0, fill(16, 0x52)];
  const token = hash('token', policy);
  const create = [1, WINDOW, policy];
  const createOp = hash('op', create);
  const issuedPath = hash('leaf-path', ['issued', token]);
  const issuedLeaf = hash('smt-leaf', [issuedPath, cbor([0, 0])]);
  // The first bits of the two paths differ: 0x84 goes right, 0x7b left.
  const root = hash('smt-node', [issuedLeaf, accountLeaf]);
  const nextEntropy = hash('entropy', [entropy, createOp, 1]);
  const precommit = hash('precommit', [firstHash, createOp, nextEntropy]);
  const second = [1, 2, network, chain, 1, firstHash, nextEntropy, precommit, createOp, WINDOW, root, firstHash];
  const secondHash = hash('state', second);
  return {
    'network description': cbor(description),
    'network id': network,
    'genesis operation': cbor(genesis),
    'op of the genesis': op,
    'path of the account': path,
    'its value': terms,
    'root of S_0': accountLeaf,
    'chain id': chain,
    e_0: entropy,
    S_0: cbor(first),
    'H(S_0)': firstHash,
    'token policy': cbor(policy),
    'token id': token,
    operation: cbor(create),
    'op of the operation': createOp,
    witness: cbor([[path, terms]]),
    'path of what is issued': issuedPath,
    e_1: nextEntropy,
    C_pre: precommit,
    'root of S_1': root,
    S_1: cbor(second),
    'H(S_1)': secondHash,
    message: cbor([network, chain, 1, 1, secondHash]),
  };
}

/** By the code. */
function byTheCode() {
  const suite = nodeCryptoSuite();
  const description: NetworkDescription = {
    version: 1,
    name: 'example',
    faults: 0,
    nodes: [{ algorithm: 'slh-dsa-sha2-128f', bytes: fill(32, 0x11) }],
    deltaMs: 10_000,
    gapMs: 60_000,
    marginMs: 3_600_000,
    settleMs: 86_400_000,
    roundMs: 5_000,
    partitions: [],
  };
  const network = must(openNetwork(suite, description));
  const genesis: Operation = {
    kind: 'account',
    operation: {
      type: 'genesis',
      k: 64,
      identity: fill(32, 0x33) as ChainId,
      key: { algorithm: 'slh-dsa-sha2-128f', bytes: fill(32, 0x22) },
      nextKey: fill(32, 0x44),
      device: 0,
      devices: 1,
      proof: [],
    },
  };
  const { body, tree } = makeGenesis(suite, network.id, genesis);
  const policy: TokenPolicy = {
    network: network.id,
    issuer: body.chain,
    symbol: 'MEAL',
    decimals: 2,
    cap: 100_000n,
    expiresAt: 0,
    transferable: true,
    approvers: [],
    threshold: 0,
    salt: fill(16, 0x52),
  };
  const create: Operation = {
    kind: 'account',
    operation: { type: 'createToken', window: { from: WINDOW[0], until: WINDOW[1] }, policy },
  };
  const next = must(draftTransition({ suite, network, evidence: NO_EVIDENCE }, body, create, tree));
  return {
    S_0: encodeWith(bodyCodec, body),
    'H(S_0)': stateHash(suite, body),
    witness: encodeItem(witnessToItem(pruneTree(tree, next.touched))),
    S_1: encodeWith(bodyCodec, next.body),
    'H(S_1)': next.hash,
  };
}

describe('CHN-1, CHN-2, CHN-4, CHN-5, CHN-6, CHN-9: the example of the specification', () => {
  const book = byTheBook();

  test.each(Object.entries(book))('%s stands in spec/chain.md', (_, bytes) => {
    expect(readText('spec/chain.md').text).toContain(`\`${toHex(bytes)}\``);
  });

  test.each(Object.entries(byTheCode()))('%s comes out of the code', (name, bytes) => {
    expect(toHex(bytes)).toBe(toHex(book[name as keyof typeof book]));
  });

  test('every value of the example is made here', () => {
    const { text } = readText('spec/chain.md');
    const shown = [...text.slice(text.indexOf('## Example')).matchAll(/`([0-9a-f]{40,})`/g)].map(([, hex = '']) => hex);
    const made = new Set(Object.values(book).map(toHex));
    expect(shown.length).toBeGreaterThan(20);
    expect(shown.filter((hex) => !made.has(hex))).toEqual([]);
  });
});

describe('ENC-4, ENC-5: the examples of spec/encoding.md', () => {
  const page = readText('spec/encoding.md');

  test.each([
    ['1000', 1000n],
    ['2^64 − 1', 2n ** 64n - 1n],
    ['2^64', 2n ** 64n],
  ])('ENC-4: %s', (written, value) => {
    expect(ruleText(page, 'ENC-4')).toContain(`| ${written} | \`${toHex(encodeItem(value))}\` |`);
  });

  test.each([
    ['H("op", null)', 'op', null],
    ['H("state", [1, "a"])', 'state', [1, 'a']],
  ])('ENC-5: %s', (written, tag, item) => {
    expect(ruleText(page, 'ENC-5')).toContain(`| \`${written}\` | \`${toHex(hash(tag, item))}\` |`);
    expect(fromHex(toHex(hash(tag, item)))).toHaveLength(32);
  });
});
