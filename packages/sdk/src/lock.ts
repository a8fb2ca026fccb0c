/**
 * One thing at a time on one wallet (rule SDK-3). Work in the background gives way: a payment does not wait for nodes
 * that do not answer. Every step of a wallet ends in one commit, so it can be left anywhere and taken up again.
 */
import type { Result } from '@dsm/core';
import { aborted, anySignal, unlessAborted, type Stoppable } from './abort.ts';

export interface LockOptions extends Stoppable {
  /** Is told to stop as soon as somebody else comes. */
  readonly background?: boolean;
}

export interface Lock {
  /** `job` gets a signal that fires when it should end. */
  run<T>(job: (signal: AbortSignal) => Promise<Result<T>>, options?: LockOptions): Promise<Result<T>>;
}

export function makeLock(): Lock {
  let last: Promise<unknown> = Promise.resolve();
  let background: AbortController | undefined;
  return {
    async run(job, { signal, background: givesWay = false } = {}) {
      if (signal?.aborted) return aborted();
      if (!givesWay) background?.abort();
      const before = last;
      const stop = new AbortController();
      const mine = before.then(async () => {
        if (signal?.aborted) return aborted();
        if (givesWay) background = stop;
        try {
          const result = await job(anySignal(signal, stop.signal));
          return !result.ok && signal?.aborted ? aborted() : result;
        } finally {
          if (background === stop) background = undefined;
        }
      });
      last = mine.catch(() => undefined);
      // Whoever waits for its turn may leave at once; whoever has begun ends in order.
      const begun = before.then(() => true);
      return (await unlessAborted(begun, signal)) === undefined ? aborted() : mine;
    },
  };
}
