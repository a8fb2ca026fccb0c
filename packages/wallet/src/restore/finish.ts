/**
 * From the restored wallet to one that pays again (spec WAL-34, WAL-35): what the account did since the backup is
 * adopted, what it left open is settled, and after the date a `restored` state is certified, on which all halves
 * stand from then on. Every step is durable before the next and may be repeated.
 */
import { done, equalBytes, fail, ok, type Result, type Tip, type Window } from '@dsm/core';
import { appendState } from '../chain/append.ts';
import { windowFrom } from '../chain/own.ts';
import { expiredPayments } from '../chain/settled.ts';
import type { Device } from '../device.ts';
import { certify } from '../directory/certify.ts';
import { requireUnforked } from '../evidence/store.ts';
import { damaged } from '../guard.ts';
import { readChain, type ChainRecord } from '../records/chain.ts';
import { readFinal } from '../records/final.ts';
import { SOLE } from '../records/meta.ts';
import { readRestore, restoreRecords, type RestoreRecord } from '../records/restore.ts';
import { readState } from '../records/state.ts';
import { adoptPublished, goBack } from './adopt.ts';
import { readNetworkTime } from './contact.ts';
import { signsFromMs } from './date.ts';
import { isWaiting, requireDate } from './guard.ts';
import { renewHalves } from './halves.ts';
import { takeOverOpen } from './slot.ts';

/**
 * One attempt; answers how many states were adopted or certified. `E_TOO_EARLY` with the date until which nothing is
 * signed; `E_PENDING`, `E_UNREACHABLE`: later.
 */
export async function finishRestore(device: Device): Promise<Result<number>> {
  const before = await readRestore(device);
  if (!isWaiting(before)) return ok(0);
  const contacted = await makeContact(device, before);
  if (!contacted.ok) return contacted;
  const { draft } = contacted.value;
  const adopted = await adoptPublished(device);
  if (!adopted.ok) return adopted;
  if (await isFinal(device, draft)) return countAfter(adopted.value, await complete(device));
  // The wait may have begun anew with what was adopted.
  const date = requireDate(device, (await readRestore(device)) as RestoreRecord);
  if (!date.ok) return adopted.value > 0 ? adopted : date;
  return countAfter(adopted.value, await beginAnew(device));
}

/**
 * The wait begins when the nodes have said what time it is: a clock that was wrong at the restore does not shorten it.
 * What they say nobody has signed. If that moment has not come by what they say now, the wait begins anew, now.
 */
async function makeContact(device: Device, restore: RestoreRecord): Promise<Result<RestoreRecord>> {
  const isAhead = (nowMs: number): boolean => restore.restoredAt > nowMs + 2 * device.network.deltaMs;
  if (restore.contacted && !isAhead(device.clock())) return ok(restore);
  const timeMs = await readNetworkTime(device);
  if (timeMs === undefined) {
    return restore.contacted
      ? ok(restore)
      : fail('E_PENDING', 'WAL-34', 'the wait begins when a quorum of nodes is reached');
  }
  const nowMs = Math.max(device.clock(), timeMs);
  if (restore.contacted && !isAhead(nowMs)) return ok(restore);
  const restoredAt = Math.max(isAhead(nowMs) ? restore.backupAt : restore.restoredAt, nowMs);
  if (restoredAt === restore.restoredAt && restore.contacted) return ok(restore);
  const signsFrom = signsFromMs(device.network, restoredAt);
  const begun: RestoreRecord = { ...restore, restoredAt, signsFrom, contacted: true };
  const committed = await device.store.commit(
    [restoreRecords.put(device, SOLE, begun)],
    [restoreRecords.isUnchanged(device, SOLE, restore)],
  );
  return committed.ok ? ok(begun) : committed;
}

const countAfter = (adopted: number, result: Result<number>): Result<number> =>
  result.ok ? ok(adopted + result.value) : adopted > 0 ? ok(adopted) : result;

const isFinal = async ({ store, suite, account }: Device, draft: Tip | null): Promise<boolean> => {
  const final = draft && (await readFinal({ store, suite }, account, draft.index));
  return final !== null && final !== undefined && equalBytes(final, draft!.hash);
};

/** Nothing is signed above a state that is open, whoever knows of it. */
async function beginAnew(device: Device): Promise<Result<number>> {
  const chain = await readChain(device, device.account);
  if (!chain) throw damaged('the account of this wallet is missing');
  const restore = (await readRestore(device)) as RestoreRecord;
  const dropped = await dropIntent(device, chain, restore);
  if (!dropped.ok || dropped.value) return dropped.ok ? ok(1) : dropped;
  const isOpen = chain.tip.index > chain.certifiedTip.index;
  const isDraft = isOpen && restore.draft !== null && equalBytes(restore.draft.hash, chain.tip.hash);
  if (isOpen && !isDraft) return openStill();
  if (!isDraft) {
    const slot = await takeOverOpen(device);
    if (!slot.ok) return slot;
    if (slot.value === 'moved') return ok(1);
    const unforked = await requireUnforked(device);
    if (!unforked.ok) return unforked;
    const signed = await signRestored(device, restore);
    if (!signed.ok) return signed;
  }
  const { draft } = (await readRestore(device)) as RestoreRecord;
  const certified = await certify(device, (draft as Tip).hash);
  return certified.ok ? complete(device) : certified;
}

/** An intent of before is never signed (WAL-33). If the lost device has signed it, the nodes show it. True if dropped. */
async function dropIntent(device: Device, chain: ChainRecord, { draft }: RestoreRecord): Promise<Result<boolean>> {
  const { index, hash } = chain.tip;
  const isNext = index === chain.certifiedTip.index + 1;
  if (!isNext || (draft !== null && equalBytes(draft.hash, hash))) return ok(false);
  if ((await readState(device, device.account, index))?.status !== 'intent') return ok(false);
  const dropped = await goBack(device, chain, await expiredPayments(device, device.account, index));
  return dropped.ok ? ok(true) : dropped;
}

const openStill = (): Result<never> =>
  fail('E_PENDING', 'WAL-35', 'a state that was signed before the restore is open: sync goes on once it is decided');

async function signRestored(device: Device, restore: RestoreRecord): Promise<Result<undefined>> {
  const window = drawWindow(device);
  if (!window.ok) return window;
  const appended = await appendState(device, {
    chain: device.account,
    operation: { kind: 'account', operation: { type: 'restored', window: window.value } },
    alongside: ({ body, hash }) => [
      restoreRecords.put(device, SOLE, { ...restore, draft: { index: body.index, hash } }),
    ],
    conditions: () => [restoreRecords.isUnchanged(device, SOLE, restore)],
  });
  return appended.ok ? done : appended;
}

/**
 * From now, for D or a random part of its second half: two devices that go on from one backup at the same moment must
 * not sign one and the same state, which each would take for its own.
 */
function drawWindow(device: Device): Result<Window> {
  const drawn = device.entropy(4).reduce((sum, byte) => sum * 256 + byte, 0);
  const { settleMs } = device.network;
  return windowFrom(device, device.clock() + settleMs - (drawn % Math.ceil(settleMs / 2)));
}

/** The own `restored` state is final: the halves begin anew, and the device signs again, both in one commit. */
async function complete(device: Device): Promise<Result<number>> {
  const restore = (await readRestore(device)) as RestoreRecord;
  const restored = restore.draft as Tip;
  const committed = await device.store.commit(
    [...(await renewHalves(device, restored)), restoreRecords.put(device, SOLE, { ...restore, restored })],
    [restoreRecords.isUnchanged(device, SOLE, restore)],
  );
  return committed.ok ? ok(1) : committed;
}
