/**
 * When claims are due. A wallet claims by itself after its last commit; at the latest it must have claimed at E, and
 * from E − margin on it presses (DESIGN section 4). Pure but for the records: whoever keeps time calls it.
 */
import { ok, type ChainId, type Failure, type Result } from '@dsm/core';
import type { Device } from '../device.ts';
import { unclaimedTotals } from '../exchange/totals.ts';
import { guardStore } from '../guard.ts';
import { sync } from './sync.ts';

export interface DueClaim {
  readonly reservation: ChainId;
  /** Base units that are not claimed yet. */
  readonly amount: bigint;
  /** E − margin: from then on it is urgent. */
  readonly claimBy: number;
  /** E: from then on it is lost. */
  readonly lostAt: number;
  readonly urgency: 'waiting' | 'urgent' | 'late';
}

/** Unclaimed reservations, the one that ends first in front. */
export const dueClaims = (device: Device): Promise<Result<readonly DueClaim[]>> =>
  guardStore(async () => {
    const now = device.clock();
    const unclaimed = await unclaimedTotals(device);
    return ok(
      unclaimed.map(({ reservation: { vault, total, claimed, until } }) => {
        const claimBy = until - device.network.marginMs;
        const urgency = now > until ? 'late' : now >= claimBy ? 'urgent' : 'waiting';
        return { reservation: vault, amount: total - claimed, claimBy, lostAt: until, urgency };
      }),
    );
  });

/** Longest time that a keeper sleeps, so that it notices what arrives meanwhile and a clock that was set. */
const LONGEST_SLEEP_MS = 60_000;
/** Between two tries while a claim is urgent. */
const URGENT_SLEEP_MS = 5_000;

export interface Tick {
  /** Claims that are urgent or late and did not go through: warn. */
  readonly warnings: readonly DueClaim[];
  /** Why, as far as known. */
  readonly failures: readonly Failure[];
  /** When to look again, milliseconds from now. */
  readonly sleepMs: number;
}

/** One look: claims whatever is unclaimed, warns about what could not be claimed and is urgent. */
export const keepClaimed = (device: Device): Promise<Result<Tick>> =>
  guardStore(async () => {
    const before = await dueClaims(device);
    if (!before.ok) return before;
    if (before.value.length === 0) return ok({ warnings: [], failures: [], sleepMs: LONGEST_SLEEP_MS });
    const synced = await sync(device);
    if (!synced.ok && synced.error.code !== 'E_UNREACHABLE') return synced;
    const after = await dueClaims(device);
    if (!after.ok) return after;
    const warnings = after.value.filter(({ urgency }) => urgency !== 'waiting');
    const failures = synced.ok ? synced.value.open : [synced.error];
    return ok({ warnings, failures, sleepMs: sleepFor(device.clock(), after.value) });
  });

function sleepFor(nowMs: number, claims: readonly DueClaim[]): number {
  if (claims.some(({ urgency }) => urgency === 'urgent')) return URGENT_SLEEP_MS;
  const next = Math.min(...claims.filter(({ claimBy }) => claimBy > nowMs).map(({ claimBy }) => claimBy - nowMs));
  return Math.min(LONGEST_SLEEP_MS, Math.max(next, URGENT_SLEEP_MS));
}
