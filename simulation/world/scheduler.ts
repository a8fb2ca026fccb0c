/**
 * Virtual time. Events run one after another in the order of their times, ties in the order of their making; between
 * two events every promise that can move has moved. Nothing waits for the real clock.
 */

export interface Handle {
  cancelled: boolean;
}

export interface ScheduledEvent {
  readonly atMs: number;
  readonly label: string;
}

export interface Scheduler {
  nowMs(): number;
  /** Runs `work` in `delayMs` of virtual time. */
  after(delayMs: number, label: string, work: () => void): Handle;
  /** Runs the next event and lets all promises settle. Undefined: there is none. */
  step(): Promise<ScheduledEvent | undefined>;
  /** Time of the next event. */
  peek(): number | undefined;
  wait(delayMs: number, label: string): Promise<void>;
}

interface Entry extends ScheduledEvent {
  readonly order: number;
  readonly handle: Handle;
  readonly work: () => void;
}

const isBefore = (a: Entry, b: Entry): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** A binary heap: the least entry stands first. */
function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above] as Entry;
    if (isBefore(parent, entry)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || first === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry, heap[child] as Entry)) child += 1;
    if (isBefore(last, heap[child] as Entry)) break;
    heap[at] = heap[child] as Entry;
    at = child;
  }
  heap[at] = last;
  return first;
}

/** Taken before anybody replaces it: the one real turn of the machine between two events. */
const realImmediate = setImmediate;
const settle = (): Promise<void> => new Promise((resolve) => realImmediate(resolve));

export function createScheduler(startMs: number): Scheduler {
  const heap: Entry[] = [];
  let nowMs = startMs;
  let order = 0;
  const dropCancelled = (): void => {
    while (heap[0]?.handle.cancelled === true) pop(heap);
  };
  const after = (delayMs: number, label: string, work: () => void): Handle => {
    const handle: Handle = { cancelled: false };
    order += 1;
    push(heap, { atMs: nowMs + Math.max(0, Math.round(delayMs)), label, order, handle, work });
    return handle;
  };
  return {
    nowMs: () => nowMs,
    after,
    peek: () => {
      dropCancelled();
      return heap[0]?.atMs;
    },
    wait: (delayMs, label) =>
      new Promise((resolve) => {
        after(delayMs, label, resolve);
      }),
    async step() {
      dropCancelled();
      const entry = pop(heap);
      if (!entry) return undefined;
      nowMs = entry.atMs;
      entry.work();
      await settle();
      return entry;
    },
  };
}
