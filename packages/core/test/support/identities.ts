/** Identities of any number of participants and devices; the kit's devices have one of each. */
import {
  deviceProof,
  deviceRoot,
  genesisCommitment,
  makeGenesis,
  nextKeyDigest,
  signMessage,
  stateHash,
  type AccountGenesis,
  type Body,
  type BundleItem,
  type Device as Leaf,
  type IdentityGenesis,
  type KeyPair,
  type Operation,
} from '@dsm/core';
import { makeKey, seed, type TestNetwork } from '../../../../tests/kit/index.ts';
import { nth } from './results.ts';

export interface TestIdentity {
  readonly body: Body;
  readonly genesis: IdentityGenesis;
  readonly leaves: readonly Leaf[];
  /** Body, operation and the signature of every participant. */
  readonly items: readonly BundleItem[];
}

export const participantKey = (name: string, position: number): KeyPair => makeKey(`${name} participant ${position}`);

export const makeLeaf = (net: TestNetwork, name: string, position: number): Leaf => ({
  key: makeKey(`${name} device ${position}`).publicKey,
  nextKey: nextKeyDigest(net.suite, makeKey(`${name} next ${position}`).publicKey),
  k: 64,
});

export function makeIdentity(
  net: TestNetwork,
  name: string,
  participants: number,
  devices: number,
  changes: Partial<IdentityGenesis> = {},
): TestIdentity {
  const { suite, network } = net;
  const keys = Array.from({ length: participants }, (_, i) => participantKey(name, i));
  const leaves = Array.from({ length: devices }, (_, i) => makeLeaf(net, name, i));
  const genesis: IdentityGenesis = {
    type: 'genesis',
    k: 64,
    participants: keys.map(({ publicKey: key }, i) => {
      const nonce = seed('nonce', name, i);
      return { commitment: genesisCommitment(suite, key, nonce), key, nonce };
    }),
    controller: makeKey(`${name} controller`).publicKey,
    nextKey: seed('next', name),
    deviceRoot: deviceRoot(suite, leaves),
    devices,
    recovery: null,
    kemKey: suite.kemKeyPair(seed('kem', name)).publicKey,
    name,
    ...changes,
  };
  const operation: Operation = { kind: 'identity', operation: genesis };
  const { body } = makeGenesis(suite, network.id, operation);
  const subject = stateHash(suite, body);
  const message = { network: network.id, chain: body.chain, from: 0, to: 0, hash: subject };
  const signatures = keys.map(({ secretKey }, position): BundleItem => ({
    type: 'signature',
    purpose: 'genesis',
    subject,
    position,
    signature: signMessage(suite, secretKey, 'genesis', message),
  }));
  return { body, genesis, leaves, items: [{ type: 'body', body }, { type: 'operation', operation }, ...signatures] };
}

/** Account of the device at this position, and what proves it beside the identity. */
export function makeAccount(
  net: TestNetwork,
  identity: TestIdentity,
  position: number,
  changes: Partial<AccountGenesis> = {},
): { readonly body: Body; readonly items: readonly BundleItem[] } {
  const operation: Operation = {
    kind: 'account',
    operation: {
      type: 'genesis',
      identity: identity.body.chain,
      ...nth(identity.leaves, position),
      device: position,
      devices: identity.leaves.length,
      proof: deviceProof(net.suite, identity.leaves, position),
      ...changes,
    },
  };
  const { body } = makeGenesis(net.suite, net.network.id, operation);
  return { body, items: [{ type: 'body', body }, { type: 'operation', operation }, ...identity.items] };
}
