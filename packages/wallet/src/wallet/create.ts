/** A new wallet: everything of it is written in one commit, or nothing. */
import {
  fail,
  isLabel,
  LIMITS,
  ok,
  openNetwork,
  type Clock,
  type CryptoSuite,
  type Entropy,
  type Network,
  type NetworkDescription,
  type Result,
  type SignatureAlgorithm,
  type Store,
  type StretchCost,
  type Write,
} from '@dsm/core';
import { clockNotBehind, type Device, type WalletKeys } from '../device.ts';
import { guardStore } from '../guard.ts';
import { deriveKeys, SEED_BYTES } from '../keys/derive.ts';
import { DEFAULT_COST, sealKeys, verifyCost } from '../keys/seal.ts';
import type { DirectoryTransport, Endpoints, WordsFromEntropy } from '../ports.ts';
import { putChain } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { finalRecords } from '../records/final.ts';
import { putItems } from '../records/item.ts';
import { putLeaves } from '../records/leaf.ts';
import { endpointsRecords, keysRecords, SOLE, walletRecords, type WalletRecord } from '../records/meta.ts';
import { stateRecords } from '../records/state.ts';
import { makeOwnGenesis, type OwnGenesis } from './genesis.ts';

export interface CreateOptions {
  readonly store: Store;
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly transport: DirectoryTransport;
  readonly network: NetworkDescription;
  /** Where the nodes answer; kept for the next opening. */
  readonly endpoints: Endpoints;
  readonly name: string;
  readonly passphrase: string;
  readonly algorithm: SignatureAlgorithm;
  readonly wordsFromEntropy: WordsFromEntropy;
  /** What a guess of the passphrase costs; lower in tests only. */
  readonly cost?: StretchCost;
}

export interface Created {
  readonly device: Device;
  /** The 24 words, told once and kept nowhere. */
  readonly words: string;
}

/** `E_EXISTS` when the store holds a wallet, `E_PASSPHRASE` for an empty one, `E_FORMAT` for a name that is none. */
export const createWallet = (options: CreateOptions): Promise<Result<Created>> => guardStore(() => create(options));

async function create(options: CreateOptions): Promise<Result<Created>> {
  const { store, suite, entropy, name, passphrase, algorithm, cost = DEFAULT_COST } = options;
  if (!isLabel(name, LIMITS.nameBytes, 1)) return fail('E_FORMAT', 'WAL-4', 'a name of 1 to 64 visible bytes, please');
  if (passphrase === '') return fail('E_PASSPHRASE', 'WAL-2', 'an empty passphrase protects nothing');
  const bounded = verifyCost(cost);
  if (!bounded.ok) return bounded;
  const network = openNetwork(suite, options.network);
  if (!network.ok) return network;
  if (await store.get(walletRecords.name, SOLE)) return exists();
  const keys = deriveKeys(suite, algorithm, entropy(SEED_BYTES));
  const genesis = makeOwnGenesis(suite, network.value, algorithm, name, keys);
  const wallet: WalletRecord = {
    version: 1,
    network: descriptionOf(network.value),
    name,
    algorithm,
    identity: genesis.identity,
    account: genesis.account.body.chain,
    salt: entropy(16),
    cost,
  };
  const storage = { store, suite };
  const committed = await store.commit(
    [
      walletRecords.put(storage, SOLE, wallet),
      keysRecords.put(storage, SOLE, sealKeys(options, passphrase, wallet, keys)),
      endpointsRecords.put(storage, SOLE, options.endpoints),
      ...putGenesis(storage, genesis),
    ],
    [walletRecords.isAbsent(SOLE)],
  );
  if (!committed.ok) return committed.error.code === 'E_CONFLICT' ? exists() : committed;
  const device = makeDevice(options, wallet, network.value, keys, 0);
  return ok({ device, words: options.wordsFromEntropy(keys.seed) });
}

const exists = () => fail('E_EXISTS', 'WAL-4', 'there is a wallet already; nothing was changed');

/** Without what opening added. */
const descriptionOf = (network: Network): NetworkDescription => {
  const { id: _id, quorum: _quorum, ...description } = network;
  return description;
};

function putGenesis(storage: Pick<Device, 'store' | 'suite'>, genesis: OwnGenesis): Write[] {
  const { account, accountHash, identity, identityHash } = genesis;
  const { chain } = account.body;
  const tip = { index: 0, hash: accountHash };
  return [
    ...putItems(storage, genesis.items),
    putChain(storage, chain, { kind: 'account', tip, certifiedTip: tip, k: LIMITS.defaultSkip }),
    stateRecords.put(storage, placeKey(chain, 0), {
      hash: accountHash,
      status: 'final',
      mode: 'online',
      attached: [],
    }),
    ...putLeaves(storage, chain, account.tree),
    finalRecords.put(storage, placeKey(chain, 0), accountHash),
    finalRecords.put(storage, placeKey(identity, 0), identityHash),
  ];
}

/** A device on its ports. */
export function makeDevice(
  ports: Pick<CreateOptions, 'store' | 'suite' | 'clock' | 'entropy' | 'transport'>,
  wallet: WalletRecord,
  network: Network,
  keys: WalletKeys,
  newestMs: number,
): Device {
  const seen = { newestMs };
  const { store, suite, entropy, transport } = ports;
  const { name, identity, account } = wallet;
  const clock = clockNotBehind(ports.clock, seen);
  return { store, suite, clock, seen, entropy, network, transport, name, identity, account, key: keys.device, keys };
}
