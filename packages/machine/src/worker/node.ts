/** Workers of Node. The module is asked for when it is needed, so that this file loads in a browser too. */
import type * as threadsModule from 'node:worker_threads';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { Asked, Connect, Ended, Said, WorkerLimits } from './protocol.ts';

export type NodeWorker = Worker;

type Threads = Pick<typeof threadsModule, 'parentPort' | 'Worker' | 'workerData'>;

const builtin = globalThis as unknown as { readonly process?: { getBuiltinModule?: (name: string) => unknown } };

const threads = (): Threads | undefined =>
  builtin.process?.getBuiltinModule?.('node:worker_threads') as Threads | undefined;

/** The port to the thread that started this one; undefined outside of Node. */
export const nodeParent = (): MessagePort | undefined => threads()?.parentPort ?? undefined;

/** What a thread is to load. */
export interface EntryData {
  readonly moduleUrl: string;
  readonly exportName: string;
}

export const readEntryData = (): EntryData => threads()?.workerData as EntryData;

/** Starts a thread for a module; undefined outside of Node. */
export function connectNodeModule(data: EntryData, { memoryMb }: WorkerLimits): Connect | undefined {
  const node = threads();
  if (node === undefined) return undefined;
  const here = import.meta.url;
  const entry = new URL(here.endsWith('.ts') ? './entry.ts' : './entry.js', here);
  return connectNode(
    () => new node.Worker(entry, { workerData: data, resourceLimits: { maxOldGenerationSizeMb: memoryMb } }),
  );
}

export const connectNode =
  (start: () => Worker): Connect =>
  (listener) => {
    const worker = start();
    worker.on('message', (said: Said) => listener.onSaid(said));
    worker.on('error', (error: unknown) => listener.onEnded(describeEnd(error)));
    worker.on('exit', (code) => listener.onEnded({ code: 'E_MACHINE', message: `the worker ended with ${code}` }));
    return {
      send: (asked: Asked) => worker.postMessage(asked),
      end: () => void worker.terminate(),
      hold: (held) => (held ? worker.ref() : worker.unref()),
    };
  };

function describeEnd(error: unknown): Ended {
  if ((error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { code: 'E_LIMIT', message: 'out of memory' };
  }
  return { code: 'E_MACHINE', message: `the worker failed: ${String(error)}` };
}
