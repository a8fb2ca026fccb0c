/** The network that a wallet is pinned to, as applications have it: the file, its text or what was read from it. */
import { fail, parseNetworkFile, type CryptoSuite, type NetworkFile, type Result } from '@dsm/core';

/** The content of a network file as text or bytes, or what `parseNetworkFile` made of it. */
export type NetworkSource = string | Uint8Array | NetworkFile;

/** `E_FORMAT`, `E_NETWORK` and others for what is no network file. */
export function readNetwork(suite: CryptoSuite, source: NetworkSource): Result<NetworkFile> {
  if (typeof source === 'string') return parseNetworkFile(suite, source);
  if (!(source instanceof Uint8Array)) return { ok: true, value: source };
  try {
    return parseNetworkFile(suite, new TextDecoder('utf-8', { fatal: true }).decode(source));
  } catch {
    return fail('E_FORMAT', 'NET-12', 'the network file is not text');
  }
}
