/** Opening a wallet that is there. Nothing is written, whatever is found. */
import {
  fail,
  keyId,
  ok,
  openNetwork,
  toHex,
  type Clock,
  type CryptoSuite,
  type Entropy,
  type Network,
  type Result,
  type Store,
} from '@dsm/core';
import { openChain } from '../chain/draft.ts';
import type { Device, Storage } from '../device.ts';
import { damaged, guardStore } from '../guard.ts';
import { unsealKeys } from '../keys/seal.ts';
import type { DirectoryTransport, Endpoints } from '../ports.ts';
import { endpointsRecords, keysRecords, SOLE, timeRecords, walletRecords, type WalletRecord } from '../records/meta.ts';
import { makeDevice } from './create.ts';

export interface OpenOptions {
  readonly store: Store;
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly transportFor: (endpoints: Endpoints) => DirectoryTransport;
  readonly passphrase: string;
}

/** What a wallet tells without its passphrase. */
export interface WalletFacts {
  readonly wallet: WalletRecord;
  readonly network: Network;
  readonly endpoints: Endpoints;
}

/** `E_NOT_FOUND`: no wallet here. `E_DAMAGED`: there is one, and it cannot be read. */
export const readWallet = (storage: Storage): Promise<Result<WalletFacts>> =>
  guardStore(async () => {
    const wallet = await walletRecords.read(storage, SOLE);
    if (!wallet) return fail('E_NOT_FOUND', 'WAL-4', 'there is no wallet here');
    const network = openNetwork(storage.suite, wallet.network);
    if (!network.ok) return fail('E_DAMAGED', 'WAL-1', `the network of the wallet: ${network.error.message}`);
    const endpoints = (await endpointsRecords.read(storage, SOLE)) ?? [];
    return ok({ wallet, network: network.value, endpoints });
  });

/** `E_PASSPHRASE`, `E_DAMAGED`, `E_NOT_FOUND`. */
export const openWallet = (options: OpenOptions): Promise<Result<Device>> => guardStore(() => open(options));

async function open(options: OpenOptions): Promise<Result<Device>> {
  const { store, suite, passphrase } = options;
  const storage = { store, suite };
  const facts = await readWallet(storage);
  if (!facts.ok) return facts;
  const { wallet, network, endpoints } = facts.value;
  const sealed = await keysRecords.read(storage, SOLE);
  if (!sealed) throw damaged('the keys of the wallet are missing');
  const keys = unsealKeys(suite, passphrase, wallet, sealed);
  if (!keys.ok) return keys;
  const newestMs = (await timeRecords.read(storage, SOLE)) ?? 0;
  const transport = options.transportFor(endpoints);
  const device = makeDevice({ ...options, transport }, wallet, network, keys.value, newestMs);
  if (!(await openChain(device, wallet.account))) throw damaged('the account of the wallet is missing');
  return ok(device);
}

/** Where the nodes answer from now on. */
export const changeEndpoints = (storage: Storage, endpoints: Endpoints): Promise<Result<undefined>> =>
  guardStore(() => storage.store.commit([endpointsRecords.put(storage, SOLE, endpoints)]));

export interface WalletId {
  readonly name: string;
  readonly identity: string;
  readonly device: string;
  readonly account: string;
}

/** Who this device is, in hexadecimal: `dsm id`. */
export const describeDevice = ({ suite, name, identity, key, account }: Device): WalletId => ({
  name,
  identity: toHex(identity),
  device: toHex(keyId(suite, key.publicKey)),
  account: toHex(account),
});
