/** Not waiting twice for a node that does not answer. */
import { fail } from '@dsm/core';
import type { Device } from '../device.ts';
import type { DirectoryTransport } from '../ports.ts';

/**
 * The device for as long as one task takes: a node that could not be reached once is not asked again meanwhile, so a
 * task of many questions waits for a silent node one time and not for each of them.
 */
export function askOnce(device: Device): Device {
  const silent = new Set<number>();
  const transport: DirectoryTransport = {
    async request(node, path, body, signal) {
      if (silent.has(node)) return fail('E_UNREACHABLE', 'NET-13', `node ${node} did not answer before`);
      const answer = await device.transport.request(node, path, body, signal);
      const isSilent = !answer.ok && answer.error.code === 'E_UNREACHABLE' && signal?.aborted !== true;
      if (isSilent) silent.add(node);
      return answer;
    },
  };
  return { ...device, transport };
}
