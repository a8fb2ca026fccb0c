/** What a restored device may sign, and when (spec WAL-34, WAL-35, REL-44). */
import { done, fail, isClosedHalf, type HalfGenesis, type Result, type Transition } from '@dsm/core';
import type { Device, Storage } from '../device.ts';
import { requireWrittenStrand } from '../machine/strand-terms.ts';
import { readRestoredIndex, readRestore, type RestoreRecord } from '../records/restore.ts';
import { formatDate } from './date.ts';
import { readHalfTerms } from './half-terms.ts';

/** Restored, and its `restored` state is not final yet. */
export const isWaiting = (restore: RestoreRecord | undefined): restore is RestoreRecord =>
  restore !== undefined && restore.restored === null;

/** `E_TOO_EARLY` with the date until which a restored device signs nothing. */
export function requireDate(
  { clock }: Pick<Device, 'clock'>,
  { signsFrom, contacted }: RestoreRecord,
): Result<undefined> {
  if (contacted && clock() > signsFrom) return done;
  const date = formatDate(signsFrom);
  const when = contacted ? `until ${date}` : `before ${date}; the wait begins when a quorum of nodes is reached`;
  return fail(
    'E_TOO_EARLY',
    'WAL-34',
    `this wallet was restored from a backup and signs nothing ${when}; claims and sync go on`,
  );
}

/** Before anything new is signed. `E_TOO_EARLY` until the date, `E_PARENT` until the `restored` state is certified. */
export async function requireMaySign(device: Pick<Device, 'clock'> & Storage): Promise<Result<undefined>> {
  const restore = await readRestore(device);
  if (!isWaiting(restore)) return done;
  const date = requireDate(device, restore);
  if (!date.ok) return date;
  return fail(
    'E_PARENT',
    'WAL-35',
    'this wallet was restored from a backup and its account is not certified anew yet: sync first',
  );
}

/** The last line of defence, where intents are written and signed: whatever called for it. */
export async function requireMayAppend(device: Device, transition: Transition): Promise<Result<undefined>> {
  const { body, operation } = transition;
  const restore = await readRestore(device);
  if (!restore) return done;
  if (operation.kind === 'account' && operation.operation.type === 'restored') return requireDate(device, restore);
  if (restore.restored === null) return requireMaySign(device);
  if (operation.kind === 'strand') return requireWrittenStrand(device, transition, restore.restored.index);
  if (operation.kind !== 'half') return done;
  const terms = await readHalfTerms(device, body.chain);
  return terms && !isClosedHalf(terms, restore.restored.index)
    ? done
    : fail('E_STALE', 'REL-44', 'this half is older than the restore: nothing is appended to it');
}

/** `E_STALE`: the writer of this half was restored since, and nothing new is agreed on it. */
export async function requireOpenHalf(storage: Storage, half: HalfGenesis): Promise<Result<undefined>> {
  return isClosedHalf(half, await readRestoredIndex(storage, half.owner))
    ? fail('E_STALE', 'REL-44', 'the other side was restored from a backup since: this half is closed')
    : done;
}
