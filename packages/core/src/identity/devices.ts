/**
 * The device tree of an identity (spec IDN-3): a Merkle tree of the RFC 6962 shape whose leaves are
 * `H("device-leaf", [key, next key digest, k])`. A leaf determines the device's account, so a device has exactly one.
 */
import { hashItem } from '../crypto/hash.ts';
import type { PublicKey } from '../crypto/keys.ts';
import { publicKeyCodec } from '../crypto/signature.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { inclusionProof, rootFromInclusion, subtreeHash, type LogHasher, type SubtreeReader } from '../merkle/log.ts';

export interface Device {
  readonly key: PublicKey;
  readonly nextKey: Uint8Array;
  readonly k: number;
}

const deviceHasher = (suite: CryptoSuite): LogHasher => ({
  node: (left, right) => hashItem(suite, 'device-node', [left, right]),
  empty: () => hashItem(suite, 'device-node', []),
});

const deviceLeaf = (suite: CryptoSuite, device: Device): Uint8Array =>
  hashItem(suite, 'device-leaf', [publicKeyCodec.toItem(device.key), device.nextKey, device.k]);

function readSubtrees(suite: CryptoSuite, devices: readonly Device[]): SubtreeReader {
  const read: SubtreeReader = (level, index) =>
    level === 0
      ? deviceLeaf(suite, devices[index] as Device)
      : deviceHasher(suite).node(read(level - 1, 2 * index), read(level - 1, 2 * index + 1));
  return read;
}

export const deviceRoot = (suite: CryptoSuite, devices: readonly Device[]): Uint8Array =>
  subtreeHash(deviceHasher(suite), readSubtrees(suite, devices), 0, devices.length);

export const deviceProof = (suite: CryptoSuite, devices: readonly Device[], index: number): Uint8Array[] =>
  inclusionProof(deviceHasher(suite), readSubtrees(suite, devices), index, devices.length);

/** The device root that a proof leads to; undefined for a proof of the wrong shape. */
export const rootOfDevice = (
  suite: CryptoSuite,
  device: Device,
  index: number,
  count: number,
  proof: readonly Uint8Array[],
): Uint8Array | undefined => rootFromInclusion(deviceHasher(suite), deviceLeaf(suite, device), index, count, proof);
