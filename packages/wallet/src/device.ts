/** A device: its keys, its network and its ports, as one value that every function of the wallet takes. */
import type { ChainId, Clock, Context, CryptoSuite, Entropy, Evidence, KeyPair, Network, Store } from '@dsm/core';
import type { DirectoryTransport } from './ports.ts';

/** What reading and writing records takes. */
export interface Storage {
  readonly store: Store;
  readonly suite: CryptoSuite;
}

export interface KemKeys {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** Everything secret. The next keys are derived from the seed when a rotation reveals them. */
export interface WalletKeys {
  /** 32 bytes, the same as the 24 words. */
  readonly seed: Uint8Array;
  readonly controller: KeyPair;
  readonly device: KeyPair;
  readonly kem: KemKeys;
}

/** The newest time that honest nodes are known to have reached: grows while the device runs. */
export interface SeenTime {
  newestMs: number;
}

export interface Device extends Storage {
  /** Never behind the newest certified time seen. */
  readonly clock: Clock;
  readonly seen: SeenTime;
  readonly entropy: Entropy;
  readonly network: Network;
  readonly transport: DirectoryTransport;
  readonly name: string;
  readonly identity: ChainId;
  readonly account: ChainId;
  /** Signs the states of the account and of its halves. */
  readonly key: KeyPair;
  readonly keys: WalletKeys;
}

export const clockNotBehind =
  (clock: Clock, seen: SeenTime): Clock =>
  () =>
    Math.max(clock(), seen.newestMs);

export const contextOf = ({ suite, network }: Pick<Device, 'suite' | 'network'>, evidence: Evidence): Context => ({
  suite,
  network,
  evidence,
});
