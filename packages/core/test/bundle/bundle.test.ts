import {
  bundleCodec,
  bundleItemCodec,
  decodeWith,
  encodeWith,
  evidenceFrom,
  hashOperation,
  indexItems,
  itemNames,
  LIMITS,
  nameOf,
  NO_EVIDENCE,
  openBundle,
  recordFinder,
  requireNoSurplus,
  runWithItems,
  stateHash,
  toHex,
  tokenId,
  treeRoot,
  verifySubmission,
  watchMissing,
  type Body,
  type BundleItem,
  type Item,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  claim,
  createToken,
  fund,
  makeDevice,
  makeFundedDevice,
  makeHalf,
  makeNetwork,
  payOffline,
  seed,
  submissionOf,
} from '../../../../tests/kit/index.ts';
import { codeOf, expectFailure, expectOk, nth } from '../support/results.ts';

const net = makeNetwork();
const { suite } = net;
const canteen = makeDevice(net, 'canteen');
const { token, item: policyItem } = createToken(net, canteen);
const alice = makeFundedDevice(net, 'alice', canteen, token, 1_000n);
const bob = makeDevice(net, 'bob');
const reservation = fund(net, alice, bob, token, 500n);
const half = makeHalf(net, alice, bob);
payOffline(net, half, reservation, 100n);
const step = claim(net, reservation, half);

/** One item of each type. */
const items: readonly BundleItem[] = [
  ...step.items.filter((item, i) => step.items.findIndex(({ type }) => type === item.type) === i),
  { type: 'certificate', certificate: step.certificate },
  policyItem,
];
const types = ['body', 'certificate', 'operation', 'policy', 'signature', 'total', 'witness'];

describe('BND-1: a bundle is a list of items of seven types', () => {
  const codec = bundleItemCodec(suite);

  test('each is read back as it was', () => {
    expect(items.map(({ type }) => type).toSorted()).toEqual(types);
    for (const item of items) {
      const read = expectOk(decodeWith(codec, encodeWith(codec, item), 'item'));
      expect(encodeWith(codec, read)).toEqual(encodeWith(codec, item));
      expect(nameOf(suite, read)).toBe(nameOf(suite, item));
    }
    const read = expectOk(decodeWith(bundleCodec(suite), encodeWith(bundleCodec(suite), items), 'items'));
    expect(read.map((item) => nameOf(suite, item))).toEqual(items.map((item) => nameOf(suite, item)));
  });

  test.each<[string, Item]>([
    ['an unknown type', [8, seed('x')]],
    ['type 0', [0, seed('x')]],
    ['no list', seed('x')],
    ['an empty list', []],
    ['a body that is none', [1, [1, 2, 3]]],
    ['an operation of an unknown kind', [2, [5, [0]]]],
    ['an operation without a kind', [2, [[0]]]],
    ['a policy that is none', [5, []]],
    ['a total without an amount', [7, seed('x'), seed('y')]],
  ])('%s is refused', (_, item) => {
    expect(codeOf(codec.fromItem(item, 'item'))).toMatch(/^E_FORMAT (ENC-3|CHN-1)$/);
  });

  test('a signature names a purpose, a position and no span yet', () => {
    const signature = codec.toItem(
      nth(
        items.filter(({ type }) => type === 'signature'),
        0,
      ),
    ) as readonly Item[];
    const read = (at: number, item: Item): string => codeOf(codec.fromItem(signature.with(at, item), 'item'));
    for (const purpose of [1, 2, 3, 4, 5, 6, 7]) expect(read(1, purpose)).toBe('ok');
    for (const purpose of [0, 8, 'state', null]) expect(read(1, purpose)).toBe('E_FORMAT ENC-7');
    expect(read(3, 17)).toBe('E_FORMAT ENC-3');
    expect(read(4, 1)).toBe('E_FORMAT ENC-3');
    expect(read(5, new Uint8Array(2_419))).toBe('E_FORMAT ENC-3');
    expect(read(5, new Uint8Array(17_089))).toBe('E_FORMAT ENC-3');
  });

  test('ENC-2: at most 20,000 of them, counted before any is read', () => {
    const many = Array.from({ length: LIMITS.bundleItems + 1 }, () => 0);
    expect(codeOf(bundleCodec(suite).fromItem(many, 'items'))).toBe('E_LIMIT ENC-2');
  });
});

describe('BND-2: items are found by what they say', () => {
  const byName = indexItems(suite, items);
  const evidence = evidenceFrom((name) => byName.get(name));

  test('each under the name that follows from its content', () => {
    const expected = {
      body: (item: BundleItem) => item.type === 'body' && `body ${toHex(stateHash(suite, item.body))}`,
      operation: (item: BundleItem) =>
        item.type === 'operation' && `operation ${toHex(hashOperation(suite, item.operation))}`,
      signature: (item: BundleItem) =>
        item.type === 'signature' && `signature ${item.purpose} ${toHex(item.subject)} ${item.position}`,
      certificate: (item: BundleItem) =>
        item.type === 'certificate' && `certificate ${toHex(item.certificate.chain)} ${item.certificate.index}`,
      policy: (item: BundleItem) => item.type === 'policy' && `policy ${toHex(tokenId(suite, item.policy))}`,
      witness: (item: BundleItem) => item.type === 'witness' && `witness ${toHex(treeRoot(item.tree))}`,
      total: (item: BundleItem) => item.type === 'total' && `total ${toHex(item.vault)} ${item.total}`,
    };
    for (const item of items) expect(nameOf(suite, item)).toBe(expected[item.type](item));
  });

  test('a genesis goes by its chain as well', () => {
    const genesis = reservation.funding.items.find((item) => item.type === 'body' && item.body.index > 0);
    expect(genesis).toBeDefined();
    const first = net.items.get(itemNames.genesis(alice.account)) as Extract<BundleItem, { type: 'body' }>;
    const index = indexItems(suite, [first]);
    expect([...index.keys()]).toEqual([itemNames.body(stateHash(suite, first.body)), itemNames.genesis(alice.account)]);
    expect([...indexItems(suite, [genesis as BundleItem]).keys()]).toHaveLength(1);
  });

  test('a body under the name of a signature is no signature', () => {
    const body = nth(items, 0);
    const confused = evidenceFrom(() => body);
    expect(confused.signature('state', step.hash)).toBeUndefined();
    expect(confused.certificate(alice.account, 1)).toBeUndefined();
    expect(confused.policy(token)).toBeUndefined();
    expect(confused.witness(seed('x'))).toBeUndefined();
    expect(confused.total(reservation.vault, 1n)).toBeUndefined();
    expect(confused.operation(seed('x'))).toBeUndefined();
    expect(confused.body(step.hash)).toBeDefined();
  });

  test('of nothing nothing is found', () => {
    expect([NO_EVIDENCE.body(step.hash), NO_EVIDENCE.knownFinal(alice.account, 1)]).toEqual([undefined, undefined]);
  });

  test('what is asked for in vain is remembered by name, once', () => {
    const watch = watchMissing(evidence);
    for (let i = 0; i < 2; i++) {
      expect(watch.evidence.total(reservation.vault, 100n)).toBeDefined();
      watch.evidence.total(reservation.vault, 101n);
      watch.evidence.signature('state', step.hash);
      watch.evidence.signature('genesis', step.hash, 3);
      watch.evidence.witness(seed('root'));
      watch.evidence.knownFinal(alice.account, 1);
    }
    expect(watch.missing()).toEqual([
      `total ${toHex(reservation.vault)} 101`,
      `signature state ${toHex(step.hash)} 0`,
      `signature genesis ${toHex(step.hash)} 3`,
      `witness ${toHex(seed('root'))}`,
    ]);
  });
});

describe('BND-3: nothing twice, nothing that nobody needs', () => {
  test('two items of one name are refused, whatever they say', () => {
    for (const item of items) {
      expect(codeOf(openBundle(suite, [...items, item]))).toBe('E_SURPLUS BND-3');
    }
    const other = {
      ...nth(
        items.filter((item) => item.type === 'signature'),
        0,
      ),
      signature: new Uint8Array(2_420),
    };
    expect(codeOf(openBundle(suite, [...items, other]))).toBe('E_SURPLUS BND-3');
    expect(codeOf(openBundle(suite, items))).toBe('ok');
  });

  test('what no look-up asked for is refused', () => {
    const bundle = expectOk(openBundle(suite, items));
    expect(bundle.unused()).toHaveLength(items.length);
    expect(codeOf(requireNoSurplus(bundle))).toBe('E_SURPLUS BND-3');
    for (const item of items.slice(1)) bundle.find(nameOf(suite, item));
    expect(bundle.unused()).toEqual([nameOf(suite, nth(items, 0))]);
    expect(expectFailure(requireNoSurplus(bundle)).message).toContain(nameOf(suite, nth(items, 0)));
    bundle.find(nameOf(suite, nth(items, 0)));
    expect(codeOf(requireNoSurplus(bundle))).toBe('ok');
  });

  test('a genesis that is asked for by its chain is used', () => {
    const genesis = net.items.get(itemNames.genesis(alice.account)) as BundleItem;
    const bundle = expectOk(openBundle(suite, [genesis]));
    bundle.evidence.genesis(alice.account);
    expect(bundle.unused()).toEqual([]);
  });

  test('a sender sends what the receiver asked for: the recorder gives each item once', () => {
    const byName = indexItems(suite, items);
    const recorder = recordFinder((name) => byName.get(name));
    for (const item of [nth(items, 1), nth(items, 0), nth(items, 1)]) recorder.find(nameOf(suite, item));
    recorder.find('nothing');
    expect(recorder.used()).toEqual([nth(items, 1), nth(items, 0)]);
  });
});

describe('running a verifier over an asynchronous store', () => {
  const { items: all } = submissionOf(net, step);
  const stored = indexItems(suite, all);
  const codec = bundleItemCodec(suite);

  test('loads what it asks for until it has all, and answers what it used', async () => {
    const asked: string[] = [];
    const { result, used } = await runWithItems(
      suite,
      async (name) => {
        asked.push(name);
        // A store decodes afresh: a genesis that is found under two names comes as two objects.
        const item = stored.get(name);
        return item && expectOk(decodeWith(codec, encodeWith(codec, item), name));
      },
      () => undefined,
      (evidence) => verifySubmission({ ...net, evidence }, step.hash),
    );
    expect(codeOf(result)).toBe('ok');
    expect(used.map((item) => nameOf(suite, item)).toSorted()).toEqual(
      all.map((item) => nameOf(suite, item)).toSorted(),
    );
    expect(new Set(asked).size).toBe(asked.length);
  });

  test('ends with what is missing when the store has no more', async () => {
    const { result } = await runWithItems(
      suite,
      async (name) => (name.startsWith('policy') || name.startsWith('total') ? undefined : stored.get(name)),
      () => undefined,
      (evidence) => verifySubmission({ ...net, evidence }, step.hash),
    );
    expect(codeOf(result)).toBe('E_INCOMPLETE BND-2');
  });

  test('what came along goes before the store, and what is known to be final needs no certificate', async () => {
    const overlay = indexItems(suite, step.items);
    const loaded: string[] = [];
    const { result } = await runWithItems(
      suite,
      async (name) => {
        loaded.push(name);
        return stored.get(name);
      },
      (name) => overlay.get(name),
      (evidence) => verifySubmission({ ...net, evidence }, step.hash),
      (chain, index) => (index === 0 ? stateHash(suite, bodyOf(itemNames.genesis(chain))) : undefined),
    );
    expect(codeOf(result)).toBe('ok');
    expect(loaded.filter((name) => overlay.has(name) || name.startsWith('certificate'))).toEqual([]);
  });
});

function bodyOf(name: string): Body {
  const item = net.items.get(name);
  if (item?.type !== 'body') throw new Error(`no ${name}`);
  return item.body;
}
