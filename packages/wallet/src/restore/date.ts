/** Until when a restored device signs nothing (spec WAL-34), and what can be a date at all. */
import type { Network } from '@dsm/core';

/**
 * Restored + D + gap + Δ. What the lost device signed last ends D after its own clock at the most, which was ahead of
 * this one by at most Δ; and two states of one place are no fork only if more than the gap lies between them (EVD-3).
 */
export const signsFromMs = ({ settleMs, gapMs, deltaMs }: Network, restoredAtMs: number): number =>
  restoredAtMs + settleMs + gapMs + deltaMs;

/** End of the year 9999. Whoever says that it is later does not tell the time. */
export const LATEST_MS: number = Date.UTC(10_000) - 1;

/** For people; never throws. */
export const formatDate = (timeMs: number): string =>
  timeMs > LATEST_MS ? 'the end of time' : new Date(timeMs).toISOString();
