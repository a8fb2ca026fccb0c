import {
  deviceProof,
  deviceRoot,
  hashItem,
  itemNames,
  publicKeyCodec,
  rootOfDevice,
  verifyAccountGenesis,
  type AccountGenesis,
  type Device,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { makeNetwork, seed, strictContext } from '../../../../tests/kit/index.ts';
import { codeOf, expectFailure, expectOk, flipByte, nth } from '../support/results.ts';
import { makeAccount, makeIdentity, makeLeaf } from '../support/identities.ts';

const net = makeNetwork();
const { suite } = net;

const leafHash = ({ key, nextKey, k }: Device): Uint8Array =>
  hashItem(suite, 'device-leaf', [publicKeyCodec.toItem(key), nextKey, k]);
const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => hashItem(suite, 'device-node', [left, right]);

describe('IDN-3: the device tree', () => {
  const leaves = Array.from({ length: 8 }, (_, i) => makeLeaf(net, 'tree', i));
  const hashes = leaves.map(leafHash);
  const [a, b, c, d, e] = hashes as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];

  test('one leaf is its own root; two, three and five leaves are nodes as in RFC 6962', () => {
    expect(deviceRoot(suite, leaves.slice(0, 1))).toEqual(a);
    expect(deviceRoot(suite, leaves.slice(0, 2))).toEqual(nodeHash(a, b));
    expect(deviceRoot(suite, leaves.slice(0, 3))).toEqual(nodeHash(nodeHash(a, b), c));
    expect(deviceRoot(suite, leaves.slice(0, 5))).toEqual(nodeHash(nodeHash(nodeHash(a, b), nodeHash(c, d)), e));
  });

  test('no devices have the root of an empty node', () => {
    expect(deviceRoot(suite, [])).toEqual(hashItem(suite, 'device-node', []));
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('every one of %s devices is proved, at its place only', (count) => {
    const all = leaves.slice(0, count);
    const root = deviceRoot(suite, all);
    for (const [index, device] of all.entries()) {
      const proof = deviceProof(suite, all, index);
      const leadsTo = (at: number, of = count, one = device): boolean =>
        rootOfDevice(suite, one, at, of, proof)?.join() === root.join();
      expect(leadsTo(index)).toBe(true);
      expect(all.map((_, other) => leadsTo(other))).toEqual(all.map((_, other) => other === index));
      expect(all.map((one) => leadsTo(index, count, one))).toEqual(all.map((one) => one === device));
      expect([-1, count, count + 1].map((at) => leadsTo(at))).toEqual([false, false, false]);
    }
  });
});

describe.each([1, 2, 3, 8])('IDN-3: the accounts of %s devices', (count) => {
  const identity = makeIdentity(net, `of ${count}`, 1, count);
  const verify = (position: number, changes: Partial<AccountGenesis> = {}): string => {
    const { body, items } = makeAccount(net, identity, position, changes);
    return codeOf(verifyAccountGenesis(strictContext(net, items), body.chain));
  };
  const last = count - 1;

  test('each device has one', () => {
    const chains = identity.leaves.map((_, position) => {
      const { body, items } = makeAccount(net, identity, position);
      expectOk(verifyAccountGenesis(strictContext(net, items), body.chain));
      return body.chain.join();
    });
    expect(new Set(chains).size).toBe(count);
  });

  test.each<[string, Partial<AccountGenesis>]>([
    ['another key', { key: makeLeaf(net, 'other', 0).key }],
    ['another next key', { nextKey: seed('other') }],
    ['another checkpoint interval', { k: 63 }],
    ['another place', { device: count }],
    ['another number of devices', { devices: count + 1 }],
    ['a hash too many', { proof: Array.from({ length: 5 }, () => seed('other')) }],
  ])('the leaf determines the account: %s is refused', (_, changes) => {
    expect(verify(last)).toBe('ok');
    expect(verify(last, changes)).toBe('E_CHAIN IDN-3');
  });

  test('a changed proof is refused', () => {
    const proof = deviceProof(suite, identity.leaves, last);
    for (const at of proof.keys()) {
      expect(verify(last, { proof: proof.with(at, flipByte(nth(proof, at), 3)) })).toBe('E_CHAIN IDN-3');
      expect(verify(last, { proof: proof.toSpliced(at, 1) })).toBe('E_CHAIN IDN-3');
    }
  });

  test('a device of another identity is refused', () => {
    const other = makeIdentity(net, `other of ${count}`, 1, count);
    const { body, items } = makeAccount(net, other, last, { identity: identity.body.chain });
    const context = strictContext(net, [...items, ...identity.items]);
    expect(codeOf(verifyAccountGenesis(context, body.chain))).toBe('E_CHAIN IDN-3');
  });
});

test('IDN-3: a leaf has one account: the same hashes read as a tree of another size make no second one', () => {
  const identity = makeIdentity(net, 'sizes', 1, 3);
  const proof = deviceProof(suite, identity.leaves, 2);
  const third = nth(identity.leaves, 2);
  // The third of three and the second of two stand at the same place beside the same hash.
  expect(rootOfDevice(suite, third, 1, 2, proof)).toEqual(identity.genesis.deviceRoot);
  const { body, items } = makeAccount(net, identity, 2, { device: 1, devices: 2, proof });
  expect(codeOf(verifyAccountGenesis(strictContext(net, items), body.chain))).toBe('E_CHAIN IDN-3');
});

describe('IDN-3: an account rests on its identity', () => {
  const identity = makeIdentity(net, 'base', 2, 1);
  const { body, items } = makeAccount(net, identity, 0);

  test('without the identity it is incomplete', () => {
    const context = strictContext(net, items.slice(0, 2));
    expect(expectFailure(verifyAccountGenesis(context, body.chain)).missing).toEqual([
      itemNames.genesis(identity.body.chain),
    ]);
  });

  test('without the account itself, too', () => {
    const context = strictContext(net, identity.items);
    expect(expectFailure(verifyAccountGenesis(context, body.chain)).missing).toEqual([itemNames.genesis(body.chain)]);
  });

  test('an identity that does not verify has no accounts', () => {
    const unsigned = items.filter(({ type }) => type !== 'signature');
    expect(codeOf(verifyAccountGenesis(strictContext(net, unsigned), body.chain))).toBe('E_INCOMPLETE BND-2');
  });

  test('CHN-8: a checkpoint interval of 0 is refused', () => {
    const leaf = { ...makeLeaf(net, 'zero', 0), k: 0 };
    const zero = makeIdentity(net, 'zero', 1, 1, { deviceRoot: deviceRoot(suite, [leaf]) });
    const account = makeAccount(net, zero, 0, { k: 0 });
    expect(codeOf(verifyAccountGenesis(strictContext(net, account.items), account.body.chain))).toBe('E_FORMAT CHN-8');
  });
});
