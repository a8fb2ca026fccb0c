/** Ports of the nodes: chosen once, kept for ever, so that `network.json` stays true. */
import { createServer, type Server } from 'node:net';
import { fail, ok, type Result } from '@dsm/core';
import { describeSystemError } from '../input/system-error.ts';

export const HOST = '127.0.0.1';

/** Below the ports that Linux hands to outgoing connections (32768 and above), which could hold one at a restart. */
const FREE_PORTS = { from: 20_000, until: 32_000 } as const;

const MAX_PORT = 65_535;

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: HOST, port, exclusive: true }, () => resolve(server));
  });
}

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** `E_BUSY` when something else listens there. */
export async function requireFree(port: number): Promise<Result<undefined>> {
  try {
    await close(await listen(port));
    return ok(undefined);
  } catch (thrown) {
    return fail('E_BUSY', 'CLI-6', `port ${port} cannot be used: ${describeSystemError(thrown)}`);
  }
}

export async function requireAllFree(ports: readonly number[]): Promise<Result<undefined>> {
  for (const port of ports) {
    const free = await requireFree(port);
    if (!free.ok) return free;
  }
  return ok(undefined);
}

/** `first` and those after it; without `first`, free ones. */
export async function choosePorts(count: number, first: number | undefined): Promise<Result<readonly number[]>> {
  if (first === undefined) return chooseFree(count);
  const ports = Array.from({ length: count }, (_, i) => first + i);
  if (first + count - 1 > MAX_PORT) return fail('E_USAGE', 'CLI-6', `there is no port ${first + count - 1}`);
  const free = await requireAllFree(ports);
  return free.ok ? ok(ports) : free;
}

async function chooseFree(count: number): Promise<Result<readonly number[]>> {
  const { from, until } = FREE_PORTS;
  const span = until - from;
  // Somewhere random, so that two networks started at once do not meet.
  const start = Math.floor(Math.random() * span);
  const ports: number[] = [];
  for (let i = 0; i < span && ports.length < count; i++) {
    const port = from + ((start + i) % span);
    if ((await requireFree(port)).ok) ports.push(port);
  }
  return ports.length === count ? ok(ports) : fail('E_BUSY', 'CLI-6', 'there are not enough free ports');
}
