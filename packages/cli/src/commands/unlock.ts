/** `dsm unlock`: drives what votes do not decide, and waits for the rounds that this takes. */
import { equalBytes, ok, toHex, type ChainId, type Failure, type Result } from '@dsm/core';
import {
  unlock,
  type Device,
  type OpenFailure,
  type UnlockedSlot,
  type UnlockReport,
  type WaitingSlot,
} from '@dsm/wallet';
import { option, type Call, type Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { readChainId } from '../home/names.ts';
import { parseDuration } from '../input/duration.ts';
import { adviceFor } from '../output/advice.ts';
import { answer, type Answer } from '../output/answer.ts';
import { dim } from '../output/style.ts';
import { formatTime, isoTime, showDates } from '../output/words.ts';

/** Longer than the first rounds take. */
const DEFAULT_PATIENCE = '2m';

export const unlockCommand: Command = async (call) => {
  const patience = parseDuration(option(call, 'wait') ?? DEFAULT_PATIENCE, '--wait');
  if (!patience.ok) return patience;
  const chain = readChain(call);
  if (!chain.ok) return chain;
  return withDevice(call, async (device) => {
    const report = await unlock(device, {
      chain: chain.value,
      patienceMs: patience.value,
      onWait: (slot) => call.notify(dim(describeWait(device, slot))),
    });
    return report.ok ? describeUnlocking(device, report.value) : report;
  });
};

function readChain({ args }: Call): Result<ChainId | undefined> {
  const text = args['chain'];
  return text === undefined ? ok(undefined) : readChainId(text, 'chain');
}

/**
 * Whatever is left makes the command fail: a script that goes on must not believe that all is decided. Where more than
 * that one failure is to be told, it is told as an answer.
 */
export function describeUnlocking(device: Device, report: UnlockReport): Result<Answer> {
  const { unlocked, waiting, open } = report;
  const left: readonly Failure[] = [
    ...waiting.map((slot) => pendingAt(device, slot)),
    ...open.map((failure) => ({ ...failure, message: describeOpen(device, failure) })),
  ];
  const [failure] = left;
  if (failure && unlocked.length === 0 && left.length === 1) return { ok: false, error: failure };
  const json = { unlocked: unlocked.map(slotJson), waiting: waiting.map(waitJson), open: open.map(openJson) };
  const decided = unlocked.map((slot) => describeSlot(device, slot));
  if (!failure) return ok(answer(json, ...(decided.length > 0 ? decided : ['nothing is open: all is decided'])));
  const lines = [...decided, ...left.map(({ code, message }) => `open: ${showDates(message)} (${code})`)];
  const advice = new Set(left.map(({ code }) => adviceFor(code, 'unlock')).filter((line) => line !== undefined));
  return ok({ ...answer(json, ...lines, ...[...advice].map((line) => dim(`  ${line}`))), failure });
}

const pendingAt = (device: Device, slot: WaitingSlot): Failure => ({
  code: 'E_PENDING',
  rule: 'WAL-13',
  message: describeWait(device, slot),
});

/** With its place, where it is about one. */
export const describeOpen = (device: Device, { place, message }: OpenFailure): string =>
  place ? `${placeOf(device, place)}: ${message}` : message;

export const openJson = ({ code, message, place }: OpenFailure): Answer['json'] => ({
  code,
  message,
  chain: place ? toHex(place.chain) : null,
  index: place?.index ?? null,
});

export const slotJson = ({ chain, index, hash, round, outcome }: UnlockedSlot): Answer['json'] => ({
  chain: toHex(chain),
  index,
  state: toHex(hash),
  round,
  outcome,
});

type Place = Pick<UnlockedSlot, 'chain' | 'index'>;

const placeOf = ({ account }: Device, { chain, index }: Place): string =>
  equalBytes(chain, account) ? `state ${index} of your account` : `state ${index} of ${toHex(chain).slice(0, 12)}…`;

export function describeSlot(device: Device, slot: UnlockedSlot): string {
  const place = placeOf(device, slot);
  switch (slot.outcome) {
    case 'kept':
      return `${place} is certified`;
    case 'void':
      return `${place} came to nothing: what was not certified there is not paid`;
    case 'other':
      return `${place}: another state is certified`;
  }
}

const SOON_MS = 120_000;

export function describeWait(device: Device, slot: WaitingSlot): string {
  const place = placeOf(device, slot);
  const { round, atMs } = slot;
  if (atMs === null) return `${place} is open; voting round ${round} begins later`;
  const leftMs = atMs - device.clock();
  return leftMs > SOON_MS
    ? `${place} is not certified yet; if it stays so it can be ended from ${formatTime(atMs)}`
    : `${place} is open; voting round ${round} begins in ${Math.max(1, Math.ceil(leftMs / 1_000))} s`;
}

export const waitJson = ({ chain, index, round, atMs }: WaitingSlot): Answer['json'] => ({
  chain: toHex(chain),
  index,
  round,
  at: atMs === null ? null : isoTime(atMs),
});
