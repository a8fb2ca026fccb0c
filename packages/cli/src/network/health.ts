/** Whether a node answers, and is the one that the description names: another program may hold the port. */
import { ROUTES, toHex, type NetworkFile } from '@dsm/core';

const TIMEOUT_MS = 2_000;

export async function askHealth({ network, endpoints }: NetworkFile, node: number): Promise<boolean> {
  try {
    const response = await fetch(`${endpoints[node]}${ROUTES.health}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const health = (await response.json()) as { readonly network?: unknown; readonly node?: unknown } | null;
    return response.ok && health?.network === toHex(network.id) && health.node === node;
  } catch {
    return false;
  }
}
