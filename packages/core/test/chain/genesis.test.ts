import {
  ALWAYS,
  encodeItem,
  genesisBody,
  hashOperation,
  leafPath,
  listLeaves,
  makeGenesis,
  makeReservation,
  operationCodec,
  requireTerms,
  verifyGenesis,
  type AccountGenesis,
  type Body,
  type BundleItem,
  type ChainKind,
  type Item,
  type NetworkId,
  type Operation,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  contextOf,
  fundOperation,
  makeDevice,
  makeHalf,
  makeNetwork,
  seed,
  windowNow,
} from '../../../../tests/kit/index.ts';
import { bodyMutations } from '../support/chains.ts';
import { codeOf, expectOk, nth } from '../support/results.ts';

const net = makeNetwork();
const { suite, network } = net;
const alice = makeDevice(net, 'alice');
const bob = makeDevice(net, 'bob');
makeHalf(net, alice, bob);
const { terms } = fundOperation(net, alice, bob, seed('token') as never, 100n);

/** The genesis operation of each kind. */
const geneses: Readonly<Record<ChainKind, Operation>> = {
  identity: genesisOf('identity'),
  account: genesisOf('account'),
  half: genesisOf('half'),
  vault: { kind: 'vault', operation: terms },
  strand: {
    kind: 'strand',
    operation: {
      type: 'genesis',
      relationship: seed('relationship') as never,
      k: 64,
      owner: alice.account,
      key: alice.key.publicKey,
      base: { index: 0, hash: seed('base') as never },
    },
  },
};
const kinds = Object.keys(geneses) as ChainKind[];

function genesisOf(kind: ChainKind): Operation {
  const found = [...net.items.values()].find(
    (item) => item.type === 'operation' && item.operation.kind === kind && item.operation.operation.type === 'genesis',
  );
  if (found?.type !== 'operation') throw new Error(`no genesis of kind ${kind}`);
  return found.operation;
}

const verify = (body: Body, kind: ChainKind, operation: Operation, on = network.id): string => {
  const items: BundleItem[] = [{ type: 'operation', operation }];
  const context = contextOf(net, items);
  return codeOf(verifyGenesis({ ...context, network: { ...network, id: on } }, body, kind));
};

describe.each(kinds)('CHN-4: the genesis of kind %s', (kind) => {
  const operation = geneses[kind];
  const { body, tree } = makeGenesis(suite, network.id, operation);

  test('follows from its operation', () => {
    expect(verify(body, kind, operation)).toBe('ok');
    expect(body.op).toEqual(hashOperation(suite, operation));
    expect([body.kind, body.index, body.window]).toEqual([kind, 0, ALWAYS]);
  });

  test('has one leaf: the terms of the chain under the name of the kind', () => {
    const leaves = listLeaves(tree);
    expect(leaves).toHaveLength(1);
    expect(nth(leaves, 0).path).toEqual(leafPath(suite, [kind]));
    const whole = encodeItem(nth(operationCodec.toItem(operation) as readonly Item[], 1));
    const { k, identity, key, nextKey } = geneses.account.operation as AccountGenesis;
    const account = encodeItem([k, identity, [3, key.bytes], nextKey]);
    const expected = { identity: encodeItem(body.op), account, half: whole, vault: whole, strand: whole };
    expect(nth(leaves, 0).value).toEqual(expected[kind]);
  });

  test('is none of another kind', () => {
    for (const other of kinds.filter((name) => name !== kind)) {
      expect(verify(body, other, operation)).toBe('E_CHAIN CHN-4');
    }
  });

  test('is none of another network', () => {
    expect(verify(body, kind, operation, seed('other') as NetworkId)).toBe('E_NETWORK NET-1');
    const elsewhere = makeGenesis(suite, seed('other') as NetworkId, operation).body;
    expect(elsewhere.chain).not.toEqual(body.chain);
    expect(verify({ ...elsewhere, network: network.id }, kind, operation)).toBe('E_CHAIN CHN-4');
  });

  test.each(['chain', 'index', 'prev', 'entropy', 'precommit', 'window', 'root', 'skip'] as const)(
    'with another %s is refused',
    (field) => {
      const changed = new Map(bodyMutations(body)).get(field) as Body;
      expect(verify(changed, kind, operation)).toBe('E_CHAIN CHN-4');
    },
  );

  test('without its operation is incomplete', () => {
    expect(verify({ ...body, op: seed('other') }, kind, operation)).toBe('E_INCOMPLETE BND-2');
  });

  test('with a root of its own making, under the chain id that follows, is refused', () => {
    const own = genesisBody(suite, { kind, network: network.id, op: body.op, window: ALWAYS, root: seed('root') });
    expect(verify(own, kind, operation)).toBe('E_CHAIN CHN-4');
  });
});

describe('CHN-2, CHN-4: operations out of place', () => {
  test('an operation of another kind under a genesis', () => {
    for (const kind of kinds) {
      const other = kind === 'account' ? geneses.identity : geneses.account;
      const body = genesisBody(suite, {
        kind,
        network: network.id,
        op: hashOperation(suite, other),
        window: ALWAYS,
        root: seed('root'),
      });
      expect(verify(body, kind, other)).toBe('E_OPERATION CHN-2');
    }
  });

  test('another operation at index 0', () => {
    const mint: Operation = {
      kind: 'account',
      operation: { type: 'mint', window: windowNow(net), token: seed('token') as never, amount: 1n },
    };
    const op = hashOperation(suite, mint);
    const body = genesisBody(suite, { kind: 'account', network: network.id, op, window: ALWAYS, root: seed('root') });
    expect(verify(body, 'account', mint)).toBe('E_OPERATION CHN-4');
  });
});

describe('CHN-12: terms in a root are those of the chain', () => {
  test.each(['half', 'vault'] as const)('of a %s', (kind) => {
    const { body } = makeGenesis(suite, network.id, geneses[kind]);
    const changed = { ...geneses[kind], operation: { ...geneses[kind].operation, k: 63 } } as Operation;
    expect(codeOf(requireTerms(suite, body, geneses[kind]))).toBe('ok');
    expect(codeOf(requireTerms(suite, { ...body, chain: bob.account }, geneses[kind]))).toBe('E_CHAIN CHN-12');
    expect(codeOf(requireTerms(suite, body, changed))).toBe('E_CHAIN CHN-12');
  });
});

test('RES-1: a reservation has the genesis that its terms make', () => {
  const { body } = makeReservation(suite, network.id, terms);
  expect(
    expectOk(verifyGenesis(contextOf(net, [{ type: 'operation', operation: geneses.vault }]), body, 'vault')),
  ).toEqual(terms);
});
