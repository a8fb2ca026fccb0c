import {
  decodeWith,
  encodeWith,
  genesisCommitment,
  hashItem,
  identityOperationCodec,
  itemNames,
  KEM_PUBLIC_KEY_BYTES,
  LIMITS,
  nameOf,
  publicKeyCodec,
  signMessage,
  stateHash,
  verifyIdentity,
  type BundleItem,
  type IdentityGenesis,
  type Item,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { makeKey, makeNetwork, seed, strictContext } from '../../../../tests/kit/index.ts';
import { codeOf, expectFailure, expectOk, flipByte, nth } from '../support/results.ts';
import { makeIdentity, participantKey, type TestIdentity } from '../support/identities.ts';

const net = makeNetwork();
const { suite } = net;

const verify = (identity: TestIdentity, items: readonly BundleItem[] = identity.items): string =>
  codeOf(verifyIdentity(strictContext(net, items), identity.body.chain));

const isSignature = (item: BundleItem, position: number): boolean =>
  item.type === 'signature' && item.position === position;

describe.each([1, 2, 3, LIMITS.genesisParticipants])('IDN-2: a genesis of %s participants', (n) => {
  const identity = makeIdentity(net, `of ${n}`, n, 1);

  test('is made by all of them', () => {
    expect(expectOk(verifyIdentity(strictContext(net, identity.items), identity.body.chain))).toEqual(identity.genesis);
  });

  test('each commitment is H("genesis-commitment", [key, nonce])', () => {
    for (const { commitment, key, nonce } of identity.genesis.participants) {
      expect(commitment).toEqual(hashItem(suite, 'genesis-commitment', [publicKeyCodec.toItem(key), nonce]));
    }
  });

  test('without the signature of any one of them is incomplete', () => {
    for (let position = 0; position < n; position++) {
      const items = identity.items.filter((item) => !isSignature(item, position));
      const { code, missing } = expectFailure(verifyIdentity(strictContext(net, items), identity.body.chain));
      expect([code, missing]).toEqual([
        'E_INCOMPLETE',
        [itemNames.signature('genesis', stateHash(suite, identity.body), position)],
      ]);
    }
  });

  test('with a changed signature of any one of them is refused', () => {
    for (let position = 0; position < n; position++) {
      const items = identity.items.map((item) =>
        item.type === 'signature' && item.position === position
          ? { ...item, signature: flipByte(item.signature, 99) }
          : item,
      );
      expect(verify(identity, items)).toBe('E_SIGNATURE IDN-2');
    }
  });

  test('IDN-2: a participant who reveals another key or nonce than it committed to is refused', () => {
    for (const last of [0, n - 1]) {
      const honest = nth(identity.genesis.participants, last);
      for (const change of [
        { nonce: seed('late') },
        { key: participantKey('late', last).publicKey },
        { commitment: seed('x') },
      ]) {
        const participants = identity.genesis.participants.with(last, { ...honest, ...change });
        expect(verify(makeIdentity(net, `of ${n}`, n, 1, { participants }))).toBe('E_CHAIN IDN-2');
      }
    }
  });
});

describe('IDN-2: signatures of participants', () => {
  const identity = makeIdentity(net, 'three', 3, 1);
  const subject = stateHash(suite, identity.body);
  const message = { network: net.network.id, chain: identity.body.chain, from: 0, to: 0, hash: subject };
  const signed = (signature: Uint8Array): string => {
    const item: BundleItem = { type: 'signature', purpose: 'genesis', subject, position: 1, signature };
    return verify(identity, [...identity.items.filter((one) => !isSignature(one, 1)), item]);
  };
  const key = participantKey('three', 1).secretKey;

  test('count for their own position', () => {
    expect(signed(signMessage(suite, key, 'genesis', message))).toBe('ok');
    expect(signed(signMessage(suite, participantKey('three', 0).secretKey, 'genesis', message))).toBe(
      'E_SIGNATURE IDN-2',
    );
    expect(signed(signMessage(suite, makeKey('three controller').secretKey, 'genesis', message))).toBe(
      'E_SIGNATURE IDN-2',
    );
  });

  test('count for their own network, chain, state and purpose', () => {
    expect(signed(signMessage(suite, key, 'state', message))).toBe('E_SIGNATURE IDN-2');
    for (const change of [{ network: seed('x') }, { chain: seed('x') }, { to: 1 }, { hash: seed('x') }]) {
      expect(signed(signMessage(suite, key, 'genesis', { ...message, ...change } as typeof message))).toBe(
        'E_SIGNATURE IDN-2',
      );
    }
  });

  test('a participant who copies the commitment of another cannot sign', () => {
    const [first, second, third] = identity.genesis.participants;
    const participants = [first, second, second] as IdentityGenesis['participants'];
    expect(third).toBeDefined();
    expect(verify(makeIdentity(net, 'three', 3, 1, { participants }))).toBe('E_SIGNATURE IDN-2');
    expect(second?.commitment).toEqual(
      genesisCommitment(suite, participantKey('three', 1).publicKey, seed('nonce', 'three', 1)),
    );
  });
});

describe('IDN-1: the genesis operation', () => {
  const { genesis } = makeIdentity(net, 'shape', 1, 1);
  const read = (change: Partial<IdentityGenesis>): string =>
    codeOf(decodeWith(identityOperationCodec, encodeWith(identityOperationCodec, { ...genesis, ...change }), 'it'));
  const participant = nth(genesis.participants, 0);

  test('is read back as it was', () => {
    expect(expectOk(decodeWith(identityOperationCodec, encodeWith(identityOperationCodec, genesis), 'it'))).toEqual(
      genesis,
    );
    expect(read({ recovery: seed('recovery') })).toBe('ok');
  });

  test.each<[string, Partial<IdentityGenesis>, string]>([
    ['no participant', { participants: [] }, 'E_LIMIT ENC-2'],
    ['17 participants', { participants: Array.from({ length: 17 }, () => participant) }, 'E_LIMIT ENC-2'],
    ['a nonce of 31 bytes', { participants: [{ ...participant, nonce: new Uint8Array(31) }] }, 'E_FORMAT ENC-3'],
    ['no name', { name: '' }, 'E_FORMAT ENC-3'],
    ['a name of 65 bytes', { name: 'x'.repeat(65) }, 'E_FORMAT ENC-3'],
    ['a name with a control character', { name: 'a\u0007' }, 'E_FORMAT ENC-3'],
    ['a KEM key too short', { kemKey: new Uint8Array(KEM_PUBLIC_KEY_BYTES - 1) }, 'E_FORMAT ENC-3'],
    ['more devices than a tree holds', { devices: 1_025 }, 'E_FORMAT ENC-3'],
    ['a checkpoint interval that is too long', { k: LIMITS.maxSkip + 1 }, 'E_FORMAT ENC-3'],
    [
      'a key of another length',
      { controller: { algorithm: 'ml-dsa-44', bytes: new Uint8Array(32) } },
      'E_FORMAT ENC-6',
    ],
  ])('%s is refused', (_, change, expected) => {
    expect(read(change)).toBe(expected);
  });

  test('ENC-6: an unknown algorithm is E_ALGORITHM', () => {
    const items = identityOperationCodec.toItem(genesis) as readonly Item[];
    for (const id of [0, 4, 255]) {
      expect(codeOf(identityOperationCodec.fromItem(items.with(3, [id, new Uint8Array(32)]), 'it'))).toBe(
        'E_ALGORITHM ENC-6',
      );
    }
    expect(codeOf(identityOperationCodec.fromItem(items.with(3, ['ml-dsa-44', new Uint8Array(32)]), 'it'))).toBe(
      'E_FORMAT ENC-3',
    );
  });

  test('CHN-8: a checkpoint interval of 0 is refused', () => {
    expect(verify(makeIdentity(net, 'k', 1, 1, { k: 0 }))).toBe('E_FORMAT CHN-8');
  });

  test('without body or operation it is incomplete', () => {
    const identity = makeIdentity(net, 'shape', 1, 1);
    const [body, operation] = identity.items as [BundleItem, BundleItem];
    const without = (item: BundleItem) =>
      expectFailure(
        verifyIdentity(
          strictContext(
            net,
            identity.items.filter((one) => one !== item),
          ),
          identity.body.chain,
        ),
      );
    expect(without(body).missing).toEqual([itemNames.genesis(identity.body.chain)]);
    expect(without(operation).missing).toEqual([nameOf(suite, operation)]);
  });
});
