/** Devices: an identity of one participant with one device, and the account of that device. */
import {
  deviceProof,
  deviceRoot,
  genesisCommitment,
  makeGenesis,
  nextKeyDigest,
  signMessage,
  stateHash,
  type Body,
  type BundleItem,
  type ChainId,
  type KeyPair,
  type Operation,
  type Purpose,
  type SignatureAlgorithm,
  type SignedMessage,
  type StateHash,
  type Tree,
} from '@dsm/core';
import { makeKey, remember, seed, type TestNetwork } from './network.ts';

export interface Device {
  readonly name: string;
  readonly key: KeyPair;
  readonly controller: KeyPair;
  readonly identity: ChainId;
  readonly account: ChainId;
  /** Identity and account with their proofs: what contacts exchange and what is published. */
  readonly card: readonly BundleItem[];
  /** Newest state of the account and all its leaves. Steps move both. */
  tip: Body;
  tree: Tree;
}

/** A signature as an item. */
export const signItem = (
  net: TestNetwork,
  key: KeyPair,
  purpose: Purpose,
  subject: StateHash,
  message: SignedMessage,
): BundleItem => ({
  type: 'signature',
  purpose,
  subject,
  position: 0,
  signature: signMessage(net.suite, key.secretKey, purpose, message),
});

export interface DeviceOptions {
  readonly algorithm?: SignatureAlgorithm;
  /** Checkpoint interval of the account. */
  readonly k?: number;
}

/** A device of this name; the same name always has the same keys. Its card is known to `contextOf(net)`. */
export function makeDevice(net: TestNetwork, name: string, { algorithm, k = 64 }: DeviceOptions = {}): Device {
  const { suite, network } = net;
  const key = makeKey(`${name} device`, algorithm, suite);
  const controller = makeKey(`${name} controller`, algorithm, suite);
  const nextKey = nextKeyDigest(suite, makeKey(`${name} next`, algorithm, suite).publicKey);
  const devices = [{ key: key.publicKey, nextKey, k }];
  const nonce = seed('nonce', name);
  const identityOperation: Operation = {
    kind: 'identity',
    operation: {
      type: 'genesis',
      k: 64,
      participants: [
        { commitment: genesisCommitment(suite, controller.publicKey, nonce), key: controller.publicKey, nonce },
      ],
      controller: controller.publicKey,
      nextKey,
      deviceRoot: deviceRoot(suite, devices),
      devices: 1,
      recovery: null,
      kemKey: suite.kemKeyPair(seed('kem', name)).publicKey,
      name,
    },
  };
  const identity = makeGenesis(suite, network.id, identityOperation).body;
  const accountOperation: Operation = {
    kind: 'account',
    operation: {
      type: 'genesis',
      k,
      identity: identity.chain,
      key: key.publicKey,
      nextKey,
      device: 0,
      devices: 1,
      proof: deviceProof(suite, devices, 0),
    },
  };
  const account = makeGenesis(suite, network.id, accountOperation);
  const subject = stateHash(suite, identity);
  const message = { network: network.id, chain: identity.chain, from: 0, to: 0, hash: subject };
  const card: BundleItem[] = [
    { type: 'body', body: identity },
    { type: 'operation', operation: identityOperation },
    signItem(net, controller, 'genesis', subject, message),
    { type: 'body', body: account.body },
    { type: 'operation', operation: accountOperation },
  ];
  remember(net, card);
  return {
    name,
    key,
    controller,
    identity: identity.chain,
    account: account.body.chain,
    card,
    tip: account.body,
    tree: account.tree,
  };
}

/** A byte copy of the device's home: same keys, same tip, from here on it goes its own way. */
export const copyDevice = (device: Device): Device => ({ ...device });
