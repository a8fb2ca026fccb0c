/**
 * Bringing a device and the network together, until nothing moves any more. Never fails because of evidence or of a
 * node that does not answer; what could not be done is listed, and the next sync tries again.
 */
import { fail, ok, type Failure, type Network, type Result } from '@dsm/core';
import type { Received } from '../account/receive.ts';
import type { Device } from '../device.ts';
import { askOnce } from '../directory/patience.ts';
import { publishCard } from '../directory/publish.ts';
import { lookForCopy } from '../evidence/own-copy.ts';
import { guardStore } from '../guard.ts';
import { finishRestore } from '../restore/finish.ts';
import { lookForRestored } from '../restore/learn.ts';
import { listEvidenceRecords } from '../records/evidence.ts';
import { finishClosing } from '../vault/close.ts';
import { makePace, type Pace, type PaceOptions, type WaitingSlot } from '../unlock/pace.ts';
import { driveOpen, type UnlockedSlot } from '../unlock/unlock.ts';
import { claimPressing, claimTotals, refreshReservations, type Claimed } from './claims.ts';
import { lookForCredits, takeCredits } from './credits.ts';
import { lookForEvidence } from './evidence.ts';
import { submitHeldRuns } from './held.ts';
import { settleJournal, signIntents } from './journal.ts';
import { makeNotes, type Notes } from './notes.ts';

export interface SyncReport {
  readonly received: readonly Received[];
  readonly claimed: readonly Claimed[];
  /** States that became final, of this device and of payers, apart from the above. */
  readonly certified: number;
  /** Pieces of evidence that were new. */
  readonly evidence: number;
  /** Places that votes did not decide, and what stands there now. */
  readonly unlocked: readonly UnlockedSlot[];
  /** Places that are still open, and when they go on. */
  readonly waiting: readonly WaitingSlot[];
  /** What was left open, and why. */
  readonly open: readonly Failure[];
}

export interface SyncOptions extends Partial<PaceOptions> {}

/** Long enough for the first rounds of a slot whose votes are split, short enough for a person who waits. */
const PATIENCE_ROUNDS = 3;
const MAX_PATIENCE_MS = 15_000;

const patienceOf = ({ roundMs }: Network): number => Math.min(PATIENCE_ROUNDS * roundMs, MAX_PATIENCE_MS);

/** A claim, a credit and what it makes possible take one round each; more rounds than that mean something circles. */
const MAX_ROUNDS = 64;

/** `E_UNREACHABLE` when no node answers at all. Otherwise fails only where the own store does. */
export const sync = (device: Device, options: SyncOptions = {}): Promise<Result<SyncReport>> =>
  guardStore(() => run(askOnce(device), makePace({ patienceMs: patienceOf(device.network), ...options })));

async function run(device: Device, pace: Pace): Promise<Result<SyncReport>> {
  const known = (await listEvidenceRecords(device)).length;
  const signed = await signIntents(device);
  if (!signed.ok) return signed;
  const pressing = await claimPressing(device);
  if (!pressing.ok) return pressing;
  const answered = await lookForCredits(device);
  if (!answered.ok) return answered;
  if (answered.value === 0) return fail('E_UNREACHABLE', 'NET-13', 'no directory node answers');
  const notes = makeNotes();
  const published = notes.take(await publishCard(device));
  if (!published.ok) return published;
  const copied = notes.take(await lookForCopy(device));
  if (!copied.ok) return copied;
  const learnt = await lookForRestored(device, notes);
  if (!learnt.ok) return learnt;
  const moved = await moveAll(device);
  if (!moved.ok) return moved;
  const looked = await lookForEvidence(device, notes);
  if (!looked.ok) return looked;
  const driven = await unlockAll(device, moved.value, pace);
  if (!driven.ok) return driven;
  const evidence = (await listEvidenceRecords(device)).length - known;
  const claimed = [...pressing.value, ...driven.value.claimed];
  return ok({ ...driven.value, claimed, evidence, open: [...driven.value.open, ...notes.list()] });
}

/** What votes do not decide is driven through rounds, and what that makes possible is done. */
async function unlockAll(device: Device, before: Moved, pace: Pace): Promise<Result<Omit<SyncReport, 'evidence'>>> {
  const unlocked: UnlockedSlot[] = [];
  let total = before;
  for (let round = 0; ; round++) {
    const notes = makeNotes();
    const driven = await driveOpen(device, notes, pace);
    if (!driven.ok) return driven;
    unlocked.push(...driven.value.unlocked);
    if (driven.value.unlocked.length === 0 || round === MAX_ROUNDS) {
      const known = new Set(total.open.map(({ code }) => code));
      const open = [...total.open, ...notes.list().filter(({ code }) => !known.has(code))];
      return ok({ ...total, unlocked, waiting: driven.value.waiting, open });
    }
    const moved = await moveAll(device);
    if (!moved.ok) return moved;
    const { received, claimed, certified, open } = moved.value;
    total = {
      received: [...total.received, ...received],
      claimed: [...total.claimed, ...claimed],
      certified: total.certified + certified,
      open,
    };
  }
}

type Moved = Omit<SyncReport, 'evidence' | 'unlocked' | 'waiting'>;

async function moveAll(device: Device): Promise<Result<Moved>> {
  const total: { received: Received[]; claimed: Claimed[]; certified: number } = {
    received: [],
    claimed: [],
    certified: 0,
  };
  let open: readonly Failure[] = [];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const notes = makeNotes();
    const moved = await moveOnce(device, notes);
    if (!moved.ok) return moved;
    const { received, claimed, certified, spread } = moved.value;
    total.received.push(...received);
    total.claimed.push(...claimed);
    total.certified += certified;
    open = notes.list();
    if (received.length + claimed.length + certified + spread === 0) break;
    const looked = await lookForCredits(device);
    if (!looked.ok) return looked;
  }
  return ok({ ...total, open });
}

interface Round extends Omit<Moved, 'open'> {
  readonly spread: number;
}

async function moveOnce(device: Device, notes: Notes): Promise<Result<Round>> {
  const restored = notes.take(await finishRestore(device));
  if (!restored.ok) return restored;
  const own = await settleJournal(device, notes);
  if (!own.ok) return own;
  const held = await submitHeldRuns(device, notes);
  if (!held.ok) return held;
  const refreshed = await refreshReservations(device, notes);
  if (!refreshed.ok) return refreshed;
  const claimed = await claimTotals(device, notes);
  if (!claimed.ok) return claimed;
  const closed = await finishClosing(device, notes);
  if (!closed.ok) return closed;
  const taken = await takeCredits(device, notes);
  if (!taken.ok) return taken;
  const received = [...own.value.received, ...taken.value];
  const certified = own.value.certified + held.value + closed.value + (restored.value ?? 0);
  return ok({ received, claimed: claimed.value, certified, spread: own.value.spread });
}
