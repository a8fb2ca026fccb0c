/** The network file that a command names. */
import { LIMITS, parseNetworkFile, type CryptoSuite, type NetworkFile, type Result } from '@dsm/core';
import { readInput } from './file.ts';

export function readNetworkFile(suite: CryptoSuite, path: string): Result<NetworkFile> {
  const bytes = readInput(path, LIMITS.networkFileBytes);
  return bytes.ok ? parseNetworkFile(suite, new TextDecoder().decode(bytes.value)) : bytes;
}
