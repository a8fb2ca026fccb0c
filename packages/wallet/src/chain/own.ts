/** The own account: settling what is open, and operations that are certified at once. */
import {
  done,
  fail,
  itemNames,
  ok,
  type AccountOperation,
  type Certificate,
  type Condition,
  type BundleItem,
  type Result,
  type StateHash,
  type Transition,
  type Window,
  type Write,
} from '@dsm/core';
import { certify } from '../directory/certify.ts';
import type { Device } from '../device.ts';
import { requireUnforked } from '../evidence/store.ts';
import { readChain } from '../records/chain.ts';
import { readItem } from '../records/item.ts';
import { readState, type StateRecord } from '../records/state.ts';
import { requireMaySign } from '../restore/guard.ts';
import { appendState, finishIntent } from './append.ts';
import { readBody, type HeldChain } from './draft.ts';

/** From now, for at most D; never longer than `lastMs`. `E_EXPIRED` when that is past. */
export function windowFrom({ clock, network }: Device, lastMs: number = Number.MAX_SAFE_INTEGER): Result<Window> {
  const from = clock();
  const until = Math.min(from + network.settleMs, lastMs);
  return until >= from ? ok({ from, until }) : fail('E_EXPIRED', 'CHN-7', 'the date is past');
}

/** States of the own account that are not final yet, oldest first. */
export async function openRun(device: Device): Promise<Result<readonly StateRecord[]>> {
  const record = await readChain(device, device.account);
  if (!record) return fail('E_DAMAGED', 'WAL-1', 'the account of this wallet is missing');
  const { certifiedTip, tip } = record;
  const run: StateRecord[] = [];
  for (let index = certifiedTip.index + 1; index <= tip.index; index++) {
    const state = await readState(device, device.account, index);
    if (!state) return fail('E_DAMAGED', 'WAL-1', 'a state of the account is missing');
    run.push(state);
  }
  return ok(run);
}

/** The operation of an account state that this device holds. */
export async function readAccountOperation(device: Device, hash: StateHash): Promise<AccountOperation | undefined> {
  const body = await readBody(device, hash);
  const item = body && (await readItem(device, itemNames.operation(body.op)));
  return item?.type === 'operation' && item.operation.kind === 'account' ? item.operation.operation : undefined;
}

/** Certifies the open states of the own account in order. `E_PENDING` while too few nodes answer. */
export async function settleOwn(device: Device): Promise<Result<number>> {
  const ready = await finishIntent(device, device.account);
  if (!ready.ok) return ready;
  const run = await openRun(device);
  if (!run.ok) return run;
  for (const { hash, status } of run.value) {
    if (status === 'lost') return fail('E_FORK', 'WAL-6', 'another state of this account is final');
    const certificate = await certify(device, hash);
    if (certificate.ok) continue;
    // What it met there may have been a void: then nothing is open any more.
    const left = await openRun(device);
    return left.ok && left.value.length === 0 ? ok(run.value.length) : certificate;
  }
  return ok(run.value.length);
}

export interface OnlineOptions {
  readonly operation: AccountOperation | ((held: HeldChain) => AccountOperation);
  readonly overlay?: readonly BundleItem[];
  readonly alongside?: (transition: Transition) => readonly Write[];
  readonly conditions?: (transition: Transition) => readonly Condition[];
}

export interface Certified {
  readonly transition: Transition;
  readonly certificate: Certificate;
}

/**
 * One operation of the own account, certified at once. `E_PENDING`: signed, too few answers; `sync` finishes it.
 * `E_PARENT`: not begun, since an older state that must settle first has too few answers.
 */
export async function operateOnline(device: Device, options: OnlineOptions): Promise<Result<Certified>> {
  const may = await requireMaySign(device);
  if (!may.ok) return may;
  const unforked = await requireUnforked(device);
  if (!unforked.ok) return unforked;
  const settled = await settleOwn(device);
  if (!settled.ok) return explainUnsettled(settled);
  const { operation, ...rest } = options;
  const appended = await appendState(device, {
    ...rest,
    chain: device.account,
    operation:
      typeof operation === 'function'
        ? (held) => ({ kind: 'account', operation: operation(held) })
        : { kind: 'account', operation },
  });
  if (!appended.ok) return appended;
  const certificate = await certify(device, appended.value.hash);
  return certificate.ok ? ok({ transition: appended.value, certificate: certificate.value }) : certificate;
}

const explainUnsettled = (result: Extract<Result<number>, { ok: false }>): Result<never> =>
  result.error.code === 'E_PENDING' || result.error.code === 'E_WINDOW'
    ? fail(
        'E_PARENT',
        'WAL-7',
        `not begun: an older state of this account is not certified yet, sync first (${result.error.message})`,
      )
    : result;

/**
 * For a provisional payment: `E_PENDING` while an online operation of this account is open, `E_PARENT` while a state
 * is whose time is over.
 */
export async function requireNoOnlinePending(device: Device): Promise<Result<undefined>> {
  const run = await openRun(device);
  if (!run.ok) return run;
  if (run.value.some(({ mode }) => mode !== 'provisional')) {
    return fail('E_PENDING', 'WAL-7', 'an online operation of this account is not certified yet');
  }
  for (const { hash } of run.value) {
    const body = await readBody(device, hash);
    if (body && device.clock() > body.window.until) {
      return fail('E_PARENT', 'WAL-13', 'the time of an older payment is over, and it is not ended yet: sync first');
    }
  }
  return done;
}
