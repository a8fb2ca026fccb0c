/** Until when a restored device signs nothing (spec WAL-34). */
import type { Network } from '@dsm/core';

/**
 * Restored + D + gap + Δ. What the lost device signed last ends D after its own clock at the most, which was ahead of
 * this one by at most Δ; and two states of one place are no fork only if more than the gap lies between them (EVD-3).
 */
export const signsFromMs = ({ settleMs, gapMs, deltaMs }: Network, restoredAtMs: number): number =>
  restoredAtMs + settleMs + gapMs + deltaMs;
