/** What time it is by the nodes, before a restored device begins to wait (spec WAL-34). */
import { ROUTES, toHex } from '@dsm/core';
import type { Device } from '../device.ts';
import { LATEST_MS } from './date.ts';

/**
 * A time that an honest node's clock has reached: of the answers of a quorum the (f + 1)-th latest, so that neither f
 * dishonest ones that are ahead nor f that are behind decide. Undefined while fewer than a quorum answer.
 */
export async function readNetworkTime({
  transport,
  network,
}: Pick<Device, 'transport' | 'network'>): Promise<number | undefined> {
  const answers = await Promise.all(network.nodes.map((_, node) => transport.request(node, ROUTES.health, null)));
  const times = answers.flatMap((answer, node) => (answer.ok ? timeIn(answer.value, toHex(network.id), node) : []));
  return times.length < network.quorum ? undefined : times.toSorted((a, b) => b - a)[network.faults];
}

function timeIn(bytes: Uint8Array, network: string, node: number): readonly number[] {
  try {
    const health = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>> | null;
    const nowMs = health?.['nowMs'];
    const isTime = typeof nowMs === 'number' && Number.isSafeInteger(nowMs) && nowMs >= 0 && nowMs <= LATEST_MS;
    return isTime && health?.['network'] === network && health['node'] === node ? [nowMs] : [];
  } catch {
    return [];
  }
}
