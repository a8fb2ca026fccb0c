/** The geneses of a new device: its identity (n = 1 of the n-of-n form), and its account in a device tree of one leaf. */
import {
  deviceProof,
  deviceRoot,
  genesisCommitment,
  LIMITS,
  makeGenesis,
  signMessage,
  stateHash,
  type BundleItem,
  type ChainId,
  type CryptoSuite,
  type Device as DeviceLeaf,
  type Genesis,
  type Network,
  type Operation,
  type SignatureAlgorithm,
  type StateHash,
} from '@dsm/core';
import type { WalletKeys } from '../device.ts';
import { deriveNextKeys, deriveSecret } from '../keys/derive.ts';

export interface OwnGenesis {
  readonly identity: ChainId;
  readonly account: Genesis;
  readonly accountHash: StateHash;
  readonly identityHash: StateHash;
  /** Everything that a card of this device is verified with. */
  readonly items: readonly BundleItem[];
}

/** Follows from seed, name and network alone: the 24 words bring the same chains back. */
export function makeOwnGenesis(
  suite: CryptoSuite,
  network: Network,
  algorithm: SignatureAlgorithm,
  name: string,
  keys: WalletKeys,
): OwnGenesis {
  const next = deriveNextKeys(suite, algorithm, keys.seed);
  const device: DeviceLeaf = { key: keys.device.publicKey, nextKey: next.device, k: LIMITS.defaultSkip };
  const nonce = deriveSecret(suite, keys.seed, 'genesis-nonce');
  const controller = keys.controller.publicKey;
  const identityOperation: Operation = {
    kind: 'identity',
    operation: {
      type: 'genesis',
      k: LIMITS.defaultSkip,
      participants: [{ commitment: genesisCommitment(suite, controller, nonce), key: controller, nonce }],
      controller,
      nextKey: next.controller,
      deviceRoot: deviceRoot(suite, [device]),
      devices: 1,
      recovery: null,
      kemKey: keys.kem.publicKey,
      name,
    },
  };
  const identity = makeGenesis(suite, network.id, identityOperation).body;
  const identityHash = stateHash(suite, identity);
  const signature = signMessage(suite, keys.controller.secretKey, 'genesis', {
    network: network.id,
    chain: identity.chain,
    from: 0,
    to: 0,
    hash: identityHash,
  });
  const accountOperation: Operation = {
    kind: 'account',
    operation: {
      type: 'genesis',
      ...device,
      identity: identity.chain,
      device: 0,
      devices: 1,
      proof: deviceProof(suite, [device], 0),
    },
  };
  const account = makeGenesis(suite, network.id, accountOperation);
  return {
    identity: identity.chain,
    identityHash,
    account,
    accountHash: stateHash(suite, account.body),
    items: [
      { type: 'body', body: identity },
      { type: 'operation', operation: identityOperation },
      { type: 'signature', purpose: 'genesis', subject: identityHash, position: 0, signature },
      { type: 'body', body: account.body },
      { type: 'operation', operation: accountOperation },
    ],
  };
}
