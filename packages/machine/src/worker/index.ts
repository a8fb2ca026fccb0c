/** A machine in a worker, so that a loop or too much memory ends the call and not the application. */
import { fail, type CryptoSuite, type Result } from '@dsm/core';
import { hostMachine, type WorkerMachine } from './host.ts';
import { connectNode, connectNodeModule, type NodeWorker } from './node.ts';
import type { Connect } from './protocol.ts';
import { connectWeb, connectWebModule, type WebWorker } from './web.ts';

export type { WorkerMachine } from './host.ts';
export { serveMachine } from './serve.ts';
export type { NodeWorker } from './node.ts';
export type { WebWorker } from './web.ts';

export interface WorkerOptions {
  /** Which export of the module is the machine; Node only. Default: `machine`. */
  readonly exportName?: string;
  /** Longest time of one call in milliseconds. Default: 1,000. */
  readonly limitMs?: number;
  /** Longest time until the module is loaded. Default: 10,000. */
  readonly startMs?: number;
  /** Megabytes of objects; buffers do not count. Node only. Default: 64. */
  readonly memoryMb?: number;
}

/**
 * Starts a worker for a module (Node: any module that exports a machine; browsers: one that calls `serveMachine`), or
 * with a function that starts one which calls `serveMachine`.
 */
export async function inWorker(
  suite: CryptoSuite,
  source: URL | string | (() => WebWorker | NodeWorker),
  options: WorkerOptions = {},
): Promise<Result<WorkerMachine>> {
  const { exportName = 'machine', limitMs = 1_000, startMs = 10_000, memoryMb = 64 } = options;
  const connect =
    typeof source === 'function'
      ? connectAny(source)
      : (connectNodeModule({ moduleUrl: String(source), exportName }, { memoryMb }) ??
        connectWebModule(String(source)));
  if (connect === undefined) return fail('E_MACHINE', 'RUN-14', 'there are no workers here');
  return hostMachine(suite, connect, { limitMs, startMs });
}

const connectAny =
  (start: () => WebWorker | NodeWorker): Connect =>
  (listener) => {
    const worker = start();
    return 'on' in worker ? connectNode(() => worker)(listener) : connectWeb(() => worker)(listener);
  };
