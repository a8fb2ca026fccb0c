/** Two ends in one process: for tests and examples. Told to, it behaves as badly as a link may. */
import { done } from '@dsm/core';
import { aborted } from '../abort.ts';
import { closed, fits, tooLong, type Link } from './link.ts';
import { makeQueue, type MessageQueue } from './queue.ts';

export interface MemoryLinkOptions {
  /** Share of messages that never come, 0 to 1. Default: none. */
  readonly loss?: number;
  /** Share of messages that come twice. */
  readonly duplicate?: number;
  /** Share of messages that come after the next one. */
  readonly reorder?: number;
  /** Numbers from 0 to below 1; give a seeded one to repeat a run. Default: `Math.random`. */
  readonly random?: () => number;
}

export function memoryLink(options: MemoryLinkOptions = {}): readonly [Link, Link] {
  const { loss = 0, duplicate = 0, reorder = 0, random = Math.random } = options;
  const isReliable = loss === 0 && duplicate === 0 && reorder === 0;
  const queues = [makeQueue(), makeQueue()] as const;
  const end = (own: MessageQueue, other: MessageQueue): Link => {
    const held: Uint8Array[] = [];
    return {
      isReliable,
      async send(message, { signal } = {}) {
        if (signal?.aborted) return aborted();
        if (!fits(message)) return tooLong();
        if (isClosed) return closed();
        if (random() < loss) return done;
        const copy = message.slice();
        if (held.length === 0 && random() < reorder) {
          held.push(copy);
          return done;
        }
        other.put(copy);
        if (random() < duplicate) other.put(copy.slice());
        for (const late of held.splice(0)) other.put(late);
        return done;
      },
      receive: (stoppable) => own.take(stoppable),
      async close() {
        isClosed = true;
        for (const queue of queues) queue.end();
      },
    };
  };
  let isClosed = false;
  return [end(queues[0], queues[1]), end(queues[1], queues[0])];
}
