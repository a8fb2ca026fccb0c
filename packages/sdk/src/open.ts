/** Opening a wallet, or making it where there is none (rule SDK-11). */
import { equalBytes, fail, ok, type Clock, type CryptoSuite, type Entropy, type Result, type Store } from '@dsm/core';
import type { SignatureAlgorithm, StretchCost } from '@dsm/core';
import {
  changeEndpoints,
  createWallet,
  httpTransport,
  openWallet as openDevice,
  readWallet,
  type Device,
  type DirectoryTransport,
  type Endpoints,
  type WordsFromEntropy,
} from '@dsm/wallet';
import { aborted, type Stoppable } from './abort.ts';
import { readNetwork, type NetworkSource } from './network.ts';
import { walletFrom, type Wallet } from './wallet.ts';

/** What differs between runtimes. */
export interface Platform {
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly wordsFromEntropy: WordsFromEntropy;
  /** What a text names as a store. */
  readonly openStore: (name: string) => Promise<Result<Store>>;
}

export interface WalletOptions extends Stoppable {
  /** A directory or a file on Node, the name of a database in a browser, or any store. */
  readonly store: string | Store;
  /** The pinned network: content of its file. May be left out for a wallet that is there. */
  readonly network?: NetworkSource | undefined;
  readonly passphrase: string;
  /** What the owner calls it, when it is made. Default: `wallet`. */
  readonly name?: string | undefined;
  /** Of its keys, when it is made. Default: `slh-dsa-sha2-128f`. */
  readonly algorithm?: SignatureAlgorithm | undefined;
  /** The way to the nodes. Default: HTTP. */
  readonly transportFor?: ((endpoints: Endpoints) => DirectoryTransport) | undefined;
  readonly clock?: Clock | undefined;
  readonly entropy?: Entropy | undefined;
  /** What a guess of the passphrase costs, when it is made; lower in tests only. */
  readonly cost?: StretchCost | undefined;
}

/**
 * Opens the wallet in the store, and makes one where there is none. `E_PASSPHRASE`, `E_DAMAGED`, `E_BUSY`: it is there and
 * cannot be opened. `E_NETWORK`: it belongs to another network. `E_USAGE`: there is none, and no network was given.
 */
export type OpenWallet = (options: WalletOptions) => Promise<Result<Wallet>>;

export const makeOpenWallet =
  (platform: Platform): OpenWallet =>
  async (options) => {
    if (options.signal?.aborted) return aborted();
    const { store: named } = options;
    const store = typeof named === 'string' ? await platform.openStore(named) : ok(named);
    if (!store.ok) return store;
    const opened = await openOn(platform, store.value, options);
    // What was opened here is closed here.
    if (!opened.ok && typeof named === 'string') await store.value.close();
    return opened;
  };

interface Opened {
  readonly device: Device;
  readonly words?: string;
}

async function openOn(platform: Platform, store: Store, options: WalletOptions): Promise<Result<Wallet>> {
  const { suite } = platform;
  const network = options.network === undefined ? undefined : readNetwork(suite, options.network);
  if (network && !network.ok) return network;
  const ports = {
    store,
    suite,
    clock: options.clock ?? platform.clock,
    entropy: options.entropy ?? platform.entropy,
    transportFor: options.transportFor ?? ((endpoints: Endpoints) => httpTransport(endpoints)),
  };
  const facts = await readWallet(ports);
  if (facts.ok && network) {
    if (!equalBytes(facts.value.network.id, network.value.network.id)) {
      return fail('E_NETWORK', 'SDK-11', 'this wallet belongs to another network');
    }
    if (facts.value.endpoints.join(' ') !== network.value.endpoints.join(' ')) {
      const changed = await changeEndpoints(ports, network.value.endpoints);
      if (!changed.ok) return changed;
    }
  }
  if (!facts.ok && facts.error.code !== 'E_NOT_FOUND') return facts;
  const made = facts.ok
    ? await open(ports, options)
    : network
      ? await create(platform, ports, options, network.value)
      : fail('E_USAGE', 'SDK-11', 'there is no wallet here, and no network to make one for');
  return made.ok ? ok(walletFrom(made.value.device, made.value.words)) : made;
}

type Ports = Omit<Parameters<typeof openDevice>[0], 'passphrase'>;

async function open(ports: Ports, { passphrase }: WalletOptions): Promise<Result<Opened>> {
  const device = await openDevice({ ...ports, passphrase });
  return device.ok ? ok({ device: device.value }) : device;
}

async function create(
  { wordsFromEntropy }: Platform,
  ports: Ports,
  options: WalletOptions,
  { network, endpoints }: { readonly network: Device['network']; readonly endpoints: Endpoints },
): Promise<Result<Opened>> {
  const { id: _id, quorum: _quorum, ...description } = network;
  const { passphrase, name = 'wallet', algorithm = 'slh-dsa-sha2-128f', cost } = options;
  return createWallet({
    ...ports,
    transport: ports.transportFor(endpoints),
    network: description,
    endpoints,
    name,
    passphrase,
    algorithm,
    wordsFromEntropy,
    ...(cost && { cost }),
  });
}
