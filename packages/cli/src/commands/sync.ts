/** `dsm sync`. */
import { ok, toHex } from '@dsm/core';
import { listContacts, sync, type Device, type SyncReport } from '@dsm/wallet';
import type { Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { moneyFormatter } from '../output/amount.ts';
import { answer, type Answer } from '../output/answer.ts';
import { alarm, bold, dim } from '../output/style.ts';
import { explainGrade } from '../output/words.ts';

export const syncCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const report = await sync(device);
    return report.ok ? ok(await describe(device, report.value)) : report;
  });

async function describe(device: Device, report: SyncReport): Promise<Answer> {
  const format = await moneyFormatter(device);
  const contacts = await listContacts(device);
  const names = new Map((contacts.ok ? contacts.value : []).map(({ account, name }) => [toHex(account), name]));
  const received = report.received.map(({ payment, peer, token, amount, source, index }) => ({
    payment: toHex(payment),
    peer: names.get(toHex(peer)) ?? toHex(peer),
    ...format(token, amount),
    grade: 'certified',
    chain: toHex(source),
    index,
  }));
  const claimed = report.claimed.map(({ reservation, token, amount, total }) => ({
    reservation: toHex(reservation),
    ...format(token, amount),
    total: format(token, total).amount,
  }));
  const { certified, evidence, open } = report;
  const lines = [
    ...received.map(({ peer, amount, symbol }) => `received ${bold(`${amount} ${symbol}`)} from ${bold(peer)}`),
    ...claimed.map(({ amount, symbol }) => `claimed ${bold(`${amount} ${symbol}`)} out of a reservation`),
  ];
  if (received.length > 0) lines.push(explainGrade('certified'));
  if (certified > 0) lines.push(`${certified} ${certified === 1 ? 'state' : 'states'} certified`);
  if (evidence > 0) lines.push(alarm(`${evidence} new proof of double signing: see dsm evidence list`));
  lines.push(...open.map(({ code, message }) => dim(`open: ${message} (${code})`)));
  return answer(
    { received, claimed, certified, evidence, open: open.map(({ code, message }) => ({ code, message })) },
    ...(lines.length > 0 ? lines : ['nothing moved: all is exchanged']),
  );
}
