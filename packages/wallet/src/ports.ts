/** What a wallet needs of the world beside the ports of `@dsm/core`. */
import type { Result } from '@dsm/core';

/**
 * The way to the directory nodes. `node` is the position in the network description, `path` that of an endpoint,
 * `body` null for a question without one. `E_UNREACHABLE` on any trouble of the network, the node's own failure when it
 * refuses; never throws. `signal`: nobody waits for the answer any longer.
 */
export interface DirectoryTransport {
  request(node: number, path: string, body: Uint8Array | null, signal?: AbortSignal): Promise<Result<Uint8Array>>;
}

/** Where the nodes answer, by position in the network description. Not part of the network's id. */
export type Endpoints = readonly string[];

/** The 24 words of 32 bytes (BIP-39). A port, since the list of words is a library's. */
export type WordsFromEntropy = (entropy: Uint8Array) => string;
