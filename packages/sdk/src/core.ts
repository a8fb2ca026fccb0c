/** What every part of an open wallet takes. */
import { fail, type CryptoSuite, type Result } from '@dsm/core';
import { guardStore, type Device, type DirectoryTransport } from '@dsm/wallet';
import { unlessAborted } from './abort.ts';
import type { Events } from './events.ts';
import type { Lock, LockOptions } from './lock.ts';

export interface Core {
  readonly device: Device;
  readonly suite: CryptoSuite;
  readonly lock: Lock;
  readonly events: Events;
}

/** Runs on the device, alone; requests that are under way end with the signal. */
export const run = <T>(
  { device, lock }: Core,
  options: LockOptions,
  job: (device: Device, signal: AbortSignal) => Promise<Result<T>>,
): Promise<Result<T>> => lock.run((signal) => guardStore(() => job(stoppable(device, signal), signal)), options);

const stoppable = (device: Device, signal: AbortSignal): Device => ({
  ...device,
  transport: stoppableTransport(device.transport, signal),
});

/** To the wallet a call that was stopped looks like nodes that do not answer: it is made for that. */
const stoppableTransport = (transport: DirectoryTransport, stop: AbortSignal): DirectoryTransport => ({
  async request(node, path, body, own) {
    const stopped = fail('E_UNREACHABLE', 'NET-13', `node ${node} was not waited for`);
    if (stop.aborted) return stopped;
    const signal = own ? AbortSignal.any([own, stop]) : stop;
    return (await unlessAborted(transport.request(node, path, body, signal), stop)) ?? stopped;
  },
});
