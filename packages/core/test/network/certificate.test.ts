import {
  certificateCodec,
  encodeItem,
  inclusionProof,
  keyId,
  logHasher,
  logLeafHash,
  hashItem,
  signMessage,
  statementToItem,
  subtreeHash,
  treeHeadMessage,
  verifyCertificate,
  verifyQuorum,
  verifyReceipt,
  verifyWaiver,
  type Certificate,
  type ChainId,
  type Item,
  type Network,
  type NetworkId,
  type Receipt,
  type StateHash,
  type Statement,
  type SubtreeReader,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  certify,
  certifyByAcks,
  contextOf,
  makeCertificate,
  makeKey,
  makeNetwork,
  makeQuorum,
  makeReceipt,
  seed,
  type TestNetwork,
} from '../../../../tests/kit/index.ts';
import { codeOf, flipByte, nth, spread } from '../support/results.ts';

const net = makeNetwork();
const { suite, network } = net;
const place = { chain: seed('chain') as ChainId, index: 7, hash: seed('state') as StateHash };
const vote: Statement = { form: 'votes', ...place, round: 0 };

const verify = (certificate: Certificate, of: TestNetwork = net): string => codeOf(verifyCertificate(of, certificate));
const votesOf = (nodes: readonly number[], statement: Statement = vote): Certificate =>
  makeCertificate(net, statement, nodes);
const acksOf = (nodes: readonly number[], round = 0): Certificate => votesOf(nodes, { ...vote, form: 'acks', round });

describe('NET-8: Final is n equal votes of round 0, or q acks of one round', () => {
  test.each<[string, Certificate, string]>([
    ['the votes of all nodes', certify(net, place), 'ok'],
    ['acks of a quorum', certifyByAcks(net, place), 'ok'],
    ['acks of another quorum', acksOf([1, 2, 3]), 'ok'],
    ['acks of a later round', acksOf([0, 1, 3], 5), 'ok'],
    ['votes of a quorum', makeQuorum(net, place), 'E_CERTIFICATE NET-6'],
    ['the votes of all nodes in a later round', votesOf([0, 1, 2, 3], { ...vote, round: 1 }), 'E_CERTIFICATE NET-8'],
    ['acks of fewer than a quorum', acksOf([0, 1]), 'E_CERTIFICATE NET-6'],
    ['acks of more than a quorum', acksOf([0, 1, 2, 3]), 'E_SURPLUS NET-6'],
    ['a vote twice', votesOf([0, 1, 1, 2]), 'E_CERTIFICATE NET-6'],
    ['an ack twice', acksOf([0, 1, 1]), 'E_CERTIFICATE NET-6'],
    ['votes out of order', votesOf([0, 2, 1, 3]), 'E_CERTIFICATE NET-6'],
    ['a vote too many', votesOf([0, 1, 2, 3, 3]), 'E_SURPLUS NET-6'],
    ['nothing', votesOf([]), 'E_CERTIFICATE NET-6'],
    ['votes for a genesis', votesOf([0, 1, 2, 3], { ...vote, index: 0 }), 'E_CERTIFICATE NET-8'],
    ['acks for a genesis', votesOf([0, 1, 2], { ...vote, form: 'acks', index: 0 }), 'E_CERTIFICATE NET-8'],
  ])('%s: %s', (_, certificate, expected) => {
    expect(verify(certificate)).toBe(expected);
  });

  test('a receipt of a node that the network does not have', () => {
    const receipts = certify(net, place).receipts.map((receipt, i) =>
      i === 3 ? Object.assign({}, receipt, { node: 4 }) : receipt,
    );
    expect(verify({ ...vote, receipts })).toBe('E_CERTIFICATE NET-5');
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('n = %s: exactly n votes, exactly q acks', (n) => {
    const of = makeNetwork(n, { name: `of ${n}` });
    const { quorum } = of.network;
    const all = Array.from({ length: n }, (_, i) => i);
    expect(verify(makeCertificate(of, vote, all), of)).toBe('ok');
    expect(verify(makeCertificate(of, vote, all.slice(1)), of)).toBe('E_CERTIFICATE NET-6');
    const acks = (count: number): string =>
      verify(makeCertificate(of, { ...vote, form: 'acks' }, all.slice(0, count)), of);
    expect(acks(quorum)).toBe('ok');
    expect(acks(quorum - 1)).toBe('E_CERTIFICATE NET-6');
    expect([...all, n].slice(quorum + 1).length === 0 || acks(quorum + 1) === 'E_SURPLUS NET-6').toBe(true);
  });
});

describe('NET-7: a quorum is q votes of one round', () => {
  test('of any round, and nothing but votes', () => {
    expect(codeOf(verifyQuorum(net, makeQuorum(net, place)))).toBe('ok');
    expect(codeOf(verifyQuorum(net, makeQuorum(net, place, 9)))).toBe('ok');
    expect(codeOf(verifyQuorum(net, certifyByAcks(net, place)))).toBe('E_CERTIFICATE NET-7');
    expect(codeOf(verifyQuorum(net, votesOf([0, 1])))).toBe('E_CERTIFICATE NET-6');
    expect(codeOf(verifyQuorum(net, votesOf([0, 1, 2, 3])))).toBe('E_SURPLUS NET-6');
  });
});

describe('NET-11: f + 1 votes of round 0 waive the clock', () => {
  const waive = (statement: Statement, nodes: readonly number[], of = vote): string =>
    codeOf(verifyWaiver(contextOf(net), statement, makeCertificate(net, of, nodes).receipts));

  test('and nothing else does', () => {
    expect(waive(vote, [0, 2])).toBe('ok');
    expect(waive(vote, [0])).toBe('E_CERTIFICATE NET-6');
    expect(waive(vote, [0, 1, 2])).toBe('E_SURPLUS NET-6');
    expect(waive(vote, [1, 1])).toBe('E_CERTIFICATE NET-6');
    expect(waive({ ...vote, round: 1 }, [0, 1])).toBe('E_CERTIFICATE NET-11');
    expect(waive({ ...vote, form: 'acks' }, [0, 1])).toBe('E_CERTIFICATE NET-11');
    expect(waive(vote, [0, 1], { ...vote, hash: seed('other') as StateHash })).toBe('E_CERTIFICATE NET-5');
  });
});

describe('NET-4, NET-5: a receipt says one thing of one slot', () => {
  const receipt = makeReceipt(net, 2, vote);
  const read = (statement: Statement, of: Receipt = receipt, context: TestNetwork = net): string =>
    codeOf(verifyReceipt(context, statement, of));

  test('a leaf is [network, form, chain, index, round, hash]', () => {
    expect(statementToItem(network, vote)).toEqual([network.id, 1, place.chain, 7, 0, place.hash]);
    expect(statementToItem(network, { ...vote, form: 'acks', round: 3 })).toEqual([
      network.id,
      2,
      place.chain,
      7,
      3,
      place.hash,
    ]);
  });

  test('a head signs H("tree-head", [network, log, size, root, timeMs]) under the key id of the node', () => {
    const { head } = receipt;
    const log = keyId(suite, nth(network.nodes, 2));
    expect(treeHeadMessage(suite, network, 2, head)).toEqual({
      network: network.id,
      chain: log,
      from: 0,
      to: head.size,
      hash: hashItem(suite, 'tree-head', [network.id, log, head.size, head.root, head.timeMs]),
    });
    expect(read(vote)).toBe('ok');
  });

  test.each<[string, Partial<Statement>]>([
    ['an ack', { form: 'acks' }],
    ['another chain', { chain: seed('other') as ChainId }],
    ['another index', { index: 8 }],
    ['another round', { round: 1 }],
    ['another state', { hash: seed('other') as StateHash }],
  ])('a receipt of a vote is none for %s', (_, change) => {
    expect(read({ ...vote, ...change })).toBe('E_CERTIFICATE NET-5');
  });

  test('a receipt of one network or node is none of another', () => {
    const other = { ...net, network: { ...network, id: seed('other') as NetworkId } as Network };
    expect(read(vote, receipt, other)).toBe('E_CERTIFICATE NET-5');
    expect(read(vote, { ...receipt, node: 1 })).toBe('E_SIGNATURE NET-5');
    expect(read(vote, { ...receipt, node: 99 })).toBe('E_CERTIFICATE NET-5');
    const sameKeys = { ...net, network: { ...network, id: seed('other') as NetworkId } as Network };
    const theirs = makeReceipt(sameKeys, 2, vote);
    expect(read(vote, theirs)).toBe('E_CERTIFICATE NET-5');
    expect(read(vote, { ...receipt, head: theirs.head })).toBe('E_CERTIFICATE NET-5');
  });

  test('a head that another key signed, or whose size, root or time was changed', () => {
    const { head } = receipt;
    const message = treeHeadMessage(suite, network, 2, head);
    const signature = signMessage(suite, makeKey('stranger').secretKey, 'head', message);
    expect(read(vote, { ...receipt, head: { ...head, signature } })).toBe('E_SIGNATURE NET-5');
    const asState = signMessage(suite, nth(net.nodeKeys, 2).secretKey, 'state', message);
    expect(read(vote, { ...receipt, head: { ...head, signature: asState } })).toBe('E_SIGNATURE NET-5');
    expect(read(vote, { ...receipt, head: { ...head, timeMs: head.timeMs + 1 } })).toBe('E_SIGNATURE NET-5');
    expect(read(vote, { ...receipt, head: { ...head, size: 2 } })).toBe('E_CERTIFICATE NET-5');
    expect(read(vote, { ...receipt, head: { ...head, root: seed('root') } })).toBe('E_CERTIFICATE NET-5');
    for (const at of spread(head.signature.length, 30)) {
      expect(read(vote, { ...receipt, head: { ...head, signature: flipByte(head.signature, at) } })).toBe(
        'E_SIGNATURE NET-5',
      );
    }
  });
});

describe('NET-9: receipts out of a log with other leaves', () => {
  const others: readonly Item[] = [
    1,
    ['x'],
    statementToItem(network, { ...vote, index: 6 }),
    statementToItem(network, vote),
    'y',
  ];
  const hashes = others.map((leaf) => logLeafHash(suite, leaf));
  const hasher = logHasher(suite);
  const read: SubtreeReader = (level, index) =>
    level === 0 ? nth(hashes, index) : hasher.node(read(level - 1, 2 * index), read(level - 1, 2 * index + 1));
  const root = subtreeHash(hasher, read, 0, hashes.length);
  const head = { size: hashes.length, root, timeMs: net.nowMs };
  const message = treeHeadMessage(suite, network, 0, head);
  const signature = signMessage(suite, nth(net.nodeKeys, 0).secretKey, 'head', message);
  const receiptAt = (leaf: number): Receipt => ({
    node: 0,
    leaf,
    head: { ...head, signature },
    proof: inclusionProof(hasher, read, leaf, hashes.length),
  });

  test('the leaf is proved at its position', () => {
    expect(codeOf(verifyReceipt(net, vote, receiptAt(3)))).toBe('ok');
    expect(codeOf(verifyReceipt(net, { ...vote, index: 6 }, receiptAt(2)))).toBe('ok');
    for (const leaf of [0, 1, 2, 4])
      expect(codeOf(verifyReceipt(net, vote, receiptAt(leaf)))).toBe('E_CERTIFICATE NET-5');
    expect(codeOf(verifyReceipt(net, vote, { ...receiptAt(3), leaf: 2 }))).toBe('E_CERTIFICATE NET-5');
    expect(codeOf(verifyReceipt(net, vote, { ...receiptAt(3), leaf: 5 }))).toBe('E_CERTIFICATE NET-5');
  });

  test('with every hash of the proof, and none too many', () => {
    const good = receiptAt(3);
    for (const at of good.proof.keys()) {
      const changed = good.proof.with(at, flipByte(nth(good.proof, at), 0));
      expect(codeOf(verifyReceipt(net, vote, { ...good, proof: changed }))).toBe('E_CERTIFICATE NET-5');
      expect(codeOf(verifyReceipt(net, vote, { ...good, proof: good.proof.toSpliced(at, 1) }))).toBe(
        'E_CERTIFICATE NET-5',
      );
    }
    expect(codeOf(verifyReceipt(net, vote, { ...good, proof: [...good.proof, root] }))).toBe('E_CERTIFICATE NET-5');
  });
});

describe('NET-4: the shape of a certificate', () => {
  const items = certificateCodec.toItem(certify(net, place)) as readonly Item[];
  const read = (item: Item): string => codeOf(certificateCodec.fromItem(item, 'certificate'));

  test('votes or acks, bounded rounds and receipts', () => {
    expect(read(items)).toBe('ok');
    for (const form of [0, 3, 'votes', null]) expect(read(items.with(0, form))).toBe('E_FORMAT NET-4');
    expect(read(items.with(3, 1_024))).toBe('ok');
    expect(read(items.with(3, 1_025))).toBe('E_FORMAT ENC-3');
    expect(read(items.with(5, []))).toBe('E_LIMIT ENC-2');
    const receipt = nth(nth(items, 5) as readonly Item[], 0);
    expect(
      read(
        items.with(
          5,
          Array.from({ length: 65 }, () => receipt),
        ),
      ),
    ).toBe('E_LIMIT ENC-2');
    expect(read(items.slice(1))).toBe('E_FORMAT ENC-3');
  });

  test('a receipt of node 64 or with 65 hashes is none', () => {
    const receipt = nth(nth(items, 5) as readonly (readonly Item[])[], 0);
    const changed = (at: number, item: Item): string => read(items.with(5, [receipt.with(at, item)]));
    expect(changed(0, 64)).toBe('E_FORMAT ENC-3');
    expect(
      changed(
        3,
        Array.from({ length: 65 }, () => seed('x')),
      ),
    ).toBe('E_LIMIT ENC-2');
    expect(encodeItem(items).length).toBeGreaterThan(4 * 2_420);
  });
});
