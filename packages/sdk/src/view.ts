/** What a wallet has and what happened in it. */
import { fail, ok, toHex, type Grade, type Result } from '@dsm/core';
import {
  balances,
  exportEvidence,
  findToken,
  history,
  importEvidence,
  listEvidence,
  type Device,
  type PaymentStatus,
} from '@dsm/wallet';
import { makeAmount, type Amount } from './amount.ts';
import { run, type Core } from './core.ts';
import { nameOf } from './receipt.ts';

export interface Balance {
  readonly symbol: string;
  /** The token's id, hexadecimal. */
  readonly token: string;
  /** Certified and spendable. */
  readonly available: Amount;
  /** Own value, set aside in reservations. */
  readonly setAside: Amount;
  /** Received as `reserved`, not claimed yet. */
  readonly reserved: Amount;
  /** Received as `provisional`, may still be taken back. */
  readonly provisional: Amount;
}

export interface Entry {
  readonly payment: string;
  readonly direction: 'in' | 'out';
  readonly kind: 'online' | 'reserved' | 'provisional' | 'mint';
  readonly status: PaymentStatus;
  readonly grade: Grade | null;
  readonly amount: Amount;
  readonly order: string;
  /** Name of the contact, or the account's id. */
  readonly peer: string;
  /** Milliseconds. */
  readonly at: number;
  readonly refundOf: string | null;
  /** Proof that the payer signed twice where this payment rests. */
  readonly evidence: string | null;
}

export interface Evidence {
  list(): Promise<Result<readonly { readonly id: string; readonly device: string }[]>>;
  /** As a file for others. */
  export(id: string): Promise<Result<Uint8Array>>;
  import(file: Uint8Array): Promise<Result<{ readonly id: string }>>;
}

export async function listBalances(device: Device): Promise<Result<readonly Balance[]>> {
  const all = await balances(device);
  if (!all.ok) return all;
  return ok(
    all.value.map(({ token, policy, available, setAside: aside, reserved, provisional }) => {
      const of = (value: bigint): Amount => makeAmount(value, token, policy);
      return {
        symbol: policy.symbol,
        token: toHex(token),
        available: of(available),
        setAside: of(aside),
        reserved: of(reserved),
        provisional: of(provisional),
      };
    }),
  );
}

export async function oneBalance(device: Device, symbol: string): Promise<Result<Balance>> {
  const token = await findToken(device, symbol);
  if (!token.ok) return token;
  const all = await listBalances(device);
  if (!all.ok) return all;
  const found = all.value.find((one) => one.token === toHex(token.value.token));
  return found ? ok(found) : fail('E_TOKEN', 'SDK-1', `this wallet has not met a token ${symbol}`);
}

export async function listHistory(device: Device): Promise<Result<readonly Entry[]>> {
  const all = await history(device);
  if (!all.ok) return all;
  const entries: Entry[] = [];
  for (const { payment, policy, status, evidence } of all.value) {
    if (!policy) continue;
    entries.push({
      payment: toHex(payment.payment),
      direction: payment.direction,
      kind: payment.kind,
      status,
      grade: payment.grade,
      amount: makeAmount(payment.amount, payment.token, policy),
      order: payment.order,
      peer: await nameOf(device, payment.peer),
      at: payment.at,
      refundOf: payment.refundOf && toHex(payment.refundOf),
      evidence: evidence ? toHex(evidence) : null,
    });
  }
  return ok(entries);
}

export const evidenceOf = (core: Core): Evidence => ({
  list: () =>
    run(core, {}, async (device) => {
      const all = await listEvidence(device);
      return all.ok ? ok(all.value.map(({ id, device: accused }) => ({ id: toHex(id), device: toHex(accused) }))) : all;
    }),
  export: (id) => run(core, {}, (device) => exportEvidence(device, id)),
  import: (file) =>
    run(core, {}, async (device) => {
      const kept = await importEvidence(device, file);
      return kept.ok ? ok({ id: toHex(kept.value.id) }) : kept;
    }),
});
