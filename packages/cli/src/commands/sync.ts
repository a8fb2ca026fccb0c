/** `dsm sync`. */
import { equalBytes, ok, toHex } from '@dsm/core';
import { listContacts, listReservations, sync, type Claimed, type Device, type SyncReport } from '@dsm/wallet';
import type { Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { moneyFormatter } from '../output/amount.ts';
import { answer, type Answer } from '../output/answer.ts';
import { alarm, bold, dim } from '../output/style.ts';
import { explainGrade, showDates } from '../output/words.ts';
import { describeOpen, describeSlot, describeWait, slotJson, waitJson } from './unlock.ts';

export const syncCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const report = await sync(device, { onWait: (slot) => call.notify(dim(describeWait(device, slot))) });
    return report.ok ? ok(await describe(device, report.value)) : report;
  });

async function describe(device: Device, report: SyncReport): Promise<Answer> {
  const format = await moneyFormatter(device);
  const contacts = await listContacts(device);
  const names = new Map((contacts.ok ? contacts.value : []).map(({ account, name }) => [toHex(account), name]));
  const claims = await allClaims(device, report);
  const credited = new Set(claims.map(({ reservation }) => toHex(reservation)));
  // The credit of a claim is that claim once more.
  const payments = report.received.filter(({ source }) => !credited.has(toHex(source)));
  const received = payments.map(({ payment, peer, token, amount, source, index }) => {
    const money = format(token, amount);
    return {
      payment: toHex(payment),
      peer: names.get(toHex(peer)) ?? toHex(peer),
      amount: money.amount,
      symbol: money.symbol,
      grade: 'certified',
      chain: toHex(source),
      index,
    };
  });
  const claimed = claims.map(({ reservation, token, amount, total }) => {
    const money = format(token, amount);
    return {
      reservation: toHex(reservation),
      amount: money.amount,
      symbol: money.symbol,
      total: format(token, total).amount,
    };
  });
  const { certified, evidence, unlocked, waiting, open } = report;
  const lines = [
    ...received.map(({ peer, amount, symbol }) => `received ${bold(`${amount} ${symbol}`)} from ${bold(peer)}`),
    ...claimed.map(({ amount, symbol }) => `claimed ${bold(`${amount} ${symbol}`)} out of a reservation`),
  ];
  if (received.length > 0) lines.push(explainGrade('certified'));
  if (certified > 0) lines.push(`${certified} ${certified === 1 ? 'state' : 'states'} certified`);
  if (evidence > 0) lines.push(alarm(`${evidence} new proof of double signing: see dsm evidence list`));
  lines.push(...unlocked.map((slot) => describeSlot(device, slot)));
  lines.push(...waiting.map((slot) => dim(`${describeWait(device, slot)} (dsm unlock)`)));
  lines.push(...open.map((failure) => dim(`open: ${showDates(describeOpen(device, failure))} (${failure.code})`)));
  return answer(
    {
      received,
      claimed,
      certified,
      evidence,
      unlocked: unlocked.map(slotJson),
      waiting: waiting.map(waitJson),
      open: open.map(({ code, message }) => ({ code, message })),
    },
    ...(lines.length > 0 ? lines : ['nothing moved: all is exchanged']),
  );
}

/**
 * What this sync has claimed, and what an earlier one has claimed that ended before the credit: its answer may never
 * have been seen. Out of a reservation nothing but a claim arrives, so no credit of one is a payment of its own.
 */
async function allClaims(device: Device, { claimed, received }: SyncReport): Promise<readonly Claimed[]> {
  const told = new Set(claimed.map(({ reservation }) => toHex(reservation)));
  const earlier: Claimed[] = [];
  for (const { vault, payee, claimed: total } of await listReservations(device)) {
    if (told.has(toHex(vault)) || !equalBytes(payee, device.account)) continue;
    const credits = received.filter(({ source }) => equalBytes(source, vault));
    for (const { token, amount } of credits) earlier.push({ reservation: vault, token, amount, total });
  }
  return [...claimed, ...earlier];
}
