/** Workers of browsers. They have no limit of memory of their own; the browser's holds. */
import type { Connect, Said } from './protocol.ts';

/** The part of a Web Worker that is used. */
export interface WebWorker {
  postMessage(message: unknown): void;
  terminate(): void;
  addEventListener(
    type: string,
    listener: (event: { readonly data?: unknown; readonly message?: string }) => void,
  ): void;
}

export const connectWeb =
  (start: () => WebWorker): Connect =>
  (listener) => {
    const worker = start();
    worker.addEventListener('message', ({ data }) => listener.onSaid(data as Said));
    worker.addEventListener('error', ({ message = 'no reason given' }) =>
      listener.onEnded({ code: 'E_MACHINE', message: `the worker failed: ${message}` }),
    );
    return { send: (asked) => worker.postMessage(asked), end: () => worker.terminate(), hold: () => undefined };
  };

/** A worker whose module calls `serveMachine` itself. */
export function connectWebModule(url: string): Connect | undefined {
  const { Worker } = globalThis as unknown as { Worker?: new (url: string, options: object) => WebWorker };
  return Worker === undefined ? undefined : connectWeb(() => new Worker(url, { type: 'module' }));
}
