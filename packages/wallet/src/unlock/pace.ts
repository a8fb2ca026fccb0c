/** How long a task waits for rounds to open, all slots of it together, and who is told. */
import type { ChainId } from '@dsm/core';

/** A slot that is not decided yet, and when it goes on. */
export interface WaitingSlot {
  readonly chain: ChainId;
  readonly index: number;
  /** The round that is not open yet. */
  readonly round: number;
  /** By the nodes' clocks, as far as they say; null while too few do. */
  readonly atMs: number | null;
}

export interface PaceOptions {
  /** Most time that is spent waiting, milliseconds. */
  readonly patienceMs: number;
  /** Default: `setTimeout`. */
  readonly wait?: ((ms: number) => Promise<void>) | undefined;
  /** Told before each wait. */
  readonly onWait?: ((slot: WaitingSlot) => void) | undefined;
}

export interface Pace {
  /** False, at once, when the patience does not reach that far. */
  readonly wait: (slot: WaitingSlot, ms: number) => Promise<boolean>;
}

/** A timer set for longer goes off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

async function sleep(ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= LONGEST_TIMER_MS) {
    const part = Math.min(leftMs, LONGEST_TIMER_MS);
    await new Promise((resolve) => setTimeout(resolve, part));
  }
}

/** Counts what was waited, not what the clock says: a clock that stands still does not make a task endless. */
export function makePace({ patienceMs, wait = sleep, onWait = () => {} }: PaceOptions): Pace {
  let leftMs = patienceMs;
  return {
    async wait(slot, ms) {
      if (ms > leftMs) return false;
      leftMs -= ms;
      onWait(slot);
      await wait(ms);
      return true;
    },
  };
}
