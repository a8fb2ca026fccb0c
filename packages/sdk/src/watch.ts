/** Keeping a wallet and the network together, and telling what happened (rule SDK-10). */
import { ok, toHex, type Result, type TokenId } from '@dsm/core';
import {
  dueClaims,
  history,
  listEvidence,
  listReservations,
  listTokens,
  sync as syncDevice,
  type Device,
  type SyncReport,
} from '@dsm/wallet';
import { sleepUnless, type Stoppable } from './abort.ts';
import { makeAmount, type Amount } from './amount.ts';
import { run, type Core } from './core.ts';
import type { Events } from './events.ts';
import { makeReceipt } from './receipt.ts';

/** What one sync did. */
export interface Synced {
  /** Payments credited to this wallet. */
  readonly received: number;
  /** Reservations that were claimed. */
  readonly claimed: number;
  /** States that became final apart from these. */
  readonly certified: number;
  /** New pieces of evidence. */
  readonly evidence: number;
  /** What was left open: another sync may mend it. */
  readonly open: SyncReport['open'];
}

/** `E_UNREACHABLE` when no node answers. */
export const syncWallet = (core: Core, { signal }: Stoppable = {}): Promise<Result<Synced>> =>
  run(core, { signal }, (device, stop) => syncAndTell(core, device, stop));

async function syncAndTell(core: Core, device: Device, stop: AbortSignal): Promise<Result<Synced>> {
  const known = await evidenceIds(device);
  const wait = (ms: number): Promise<void> => sleepUnless(ms, stop);
  const synced = await syncDevice(device, { wait });
  if (!synced.ok) return synced;
  const report = synced.value;
  for (const tell of await describe(device, report, known)) tell(core.events);
  const { received, claimed, certified, evidence, open } = report;
  return ok({ received: received.length, claimed: claimed.length, certified, evidence, open });
}

async function evidenceIds(device: Device): Promise<ReadonlySet<string>> {
  const all = await listEvidence(device);
  return new Set(all.ok ? all.value.map(({ id }) => toHex(id)) : []);
}

type Tell = (events: Events) => void;

async function describe(device: Device, report: SyncReport, known: ReadonlySet<string>): Promise<readonly Tell[]> {
  const told: Tell[] = [];
  const all = await history(device);
  const entries = all.ok ? all.value : [];
  for (const { payment: id } of report.received) {
    const entry = entries.find(({ payment }) => toHex(payment.payment) === toHex(id));
    // What comes out of a reservation was received when it was committed, and is told as claimed.
    if (!entry?.policy || entry.payment.kind === 'reserved' || entry.payment.direction !== 'in') continue;
    const receipt = await makeReceipt(device, entry.payment, entry.policy, 'certified', null);
    const event = entry.payment.kind === 'provisional' ? 'certified' : 'received';
    told.push((events) => events.emit(event, receipt));
  }
  for (const { reservation, token, amount } of report.claimed) {
    const sum = await amountOf(device, token, amount);
    if (sum) told.push((events) => events.emit('claimed', { amount: sum, reservation: toHex(reservation) }));
  }
  const evidence = await listEvidence(device);
  for (const { id, device: accused } of evidence.ok ? evidence.value : []) {
    if (known.has(toHex(id))) continue;
    told.push((events) => events.emit('evidence', { id: toHex(id), device: toHex(accused) }));
  }
  for (const failure of report.open) told.push((events) => events.emit('open', failure));
  return told;
}

async function amountOf(device: Device, token: TokenId, amount: bigint): Promise<Amount | undefined> {
  const known = (await listTokens(device)).find((one) => toHex(one.token) === toHex(token));
  return known && makeAmount(amount, token, known.policy);
}

export interface WatchOptions extends Stoppable {
  /** Between two syncs. Default: 10,000; sooner where a claim is due. */
  readonly everyMs?: number | undefined;
}

/** A sync that gave way so often goes to its end the next time. */
const MOST_YIELDS = 3;
const URGENT_MS = 5_000;

/**
 * Syncs until the signal fires, and claims what was received before it is too late. Ends with `ok` when it is stopped,
 * and with a failure only where the own store does not serve any more.
 */
export async function watch(core: Core, { signal, everyMs = 10_000 }: WatchOptions = {}): Promise<Result<undefined>> {
  let yields = 0;
  for (;;) {
    if (signal?.aborted) return ok(undefined);
    let gaveWay = false;
    const background = yields < MOST_YIELDS;
    const synced = await run(core, { signal, background }, async (device, stop) => {
      const result = await syncAndTell(core, device, stop);
      gaveWay = stop.aborted && !signal?.aborted;
      return result;
    });
    yields = gaveWay ? yields + 1 : 0;
    if (!synced.ok && isFatal(synced.error.code)) return synced;
    if (!synced.ok && synced.error.code !== 'E_ABORTED' && !gaveWay) core.events.emit('open', synced.error);
    const nextMs = gaveWay ? 0 : Math.min(everyMs, await tellDue(core, signal));
    await sleepUnless(nextMs, signal);
  }
}

const isFatal = (code: string): boolean => code === 'E_STORE' || code === 'E_DAMAGED' || code === 'E_INTERNAL';

/** Warns about claims that are urgent and answers how long they can wait, milliseconds. */
async function tellDue(core: Core, signal: AbortSignal | undefined): Promise<number> {
  let sleepMs = Infinity;
  await run(core, { signal }, async (device) => {
    const due = await dueClaims(device);
    const reservations = await listReservations(device);
    for (const claim of due.ok ? due.value : []) {
      if (claim.urgency === 'waiting') sleepMs = Math.min(sleepMs, Math.max(claim.claimBy - device.clock(), URGENT_MS));
      else sleepMs = URGENT_MS;
      const reservation = toHex(claim.reservation);
      const token = reservations.find(({ vault }) => toHex(vault) === reservation)?.token;
      const amount = token && (await amountOf(device, token, claim.amount));
      if (claim.urgency === 'waiting' || !amount) continue;
      core.events.emit('claim-due', { amount, reservation, claimBy: claim.claimBy, lostAt: claim.lostAt });
    }
    return ok(undefined);
  });
  return sleepMs;
}
