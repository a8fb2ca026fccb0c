/** Messages that have come and nobody has taken yet, or the other way round. */
import type { Result } from '@dsm/core';
import { aborted, type Stoppable } from '../abort.ts';
import { closed } from './link.ts';

export interface MessageQueue {
  put(message: Uint8Array): void;
  take(options?: Stoppable): Promise<Result<Uint8Array>>;
  /** What is in it can still be taken; `why` answers after that. */
  end(why?: Result<never>): void;
  readonly size: number;
}

type Taker = (result: Result<Uint8Array>) => void;

export function makeQueue(onTaken: () => void = () => {}): MessageQueue {
  const waiting: Uint8Array[] = [];
  const takers = new Set<Taker>();
  let ended: Result<never> | undefined;
  return {
    get size() {
      return waiting.length;
    },
    put(message) {
      if (ended) return;
      const [taker] = takers;
      if (!taker) waiting.push(message);
      else taker({ ok: true, value: message });
    },
    take({ signal } = {}) {
      if (signal?.aborted) return Promise.resolve(aborted());
      const next = waiting.shift();
      if (next) {
        onTaken();
        return Promise.resolve({ ok: true, value: next });
      }
      if (ended) return Promise.resolve(ended);
      return new Promise((resolve) => {
        const stop = (): void => taker(aborted());
        const taker: Taker = (result) => {
          takers.delete(taker);
          signal?.removeEventListener('abort', stop);
          resolve(result);
        };
        takers.add(taker);
        signal?.addEventListener('abort', stop, { once: true });
      });
    },
    end(why = closed()) {
      ended ??= why;
      for (const taker of takers) taker(ended);
    },
  };
}
