/** Times of a new network: nodes on one machine or one LAN, clocks kept by NTP. */
import type { NetworkTimes } from './setup.ts';

export const DEFAULT_NODES = 4;

export const DEFAULT_TIMES: NetworkTimes = {
  deltaMs: 5_000,
  // More than 2Δ and the latency (spec NET-1).
  gapMs: 15_000,
  // Δ and the time that a claim takes on a bad network.
  marginMs: 30_000,
  settleMs: 86_400_000,
  roundMs: 5_000,
};
