/** `dsm history`: every payment with its grade and where it stands. */
import { ok, toHex, type Grade } from '@dsm/core';
import { formatAmount, history, type HistoryEntry } from '@dsm/wallet';
import type { Command } from '../call.ts';
import { withDevice } from '../home/device.ts';
import { answer } from '../output/answer.ts';
import { dim } from '../output/style.ts';
import { alignRows } from '../output/table.ts';
import { formatTime, isoTime, showGrade } from '../output/words.ts';

export const historyCommand: Command = (call) =>
  withDevice(call, async (device) => {
    const found = await history(device);
    if (!found.ok) return found;
    const json = found.value.map(toJson);
    const lines = alignRows(found.value.map(toRow), [2]);
    return ok(answer({ payments: json }, ...(lines.length > 0 ? lines : ['no payments yet'])));
  });

/** As many as `cancel` and `refund` need to find it. */
const SHOWN_DIGITS = 8;

const amountOf = ({ payment, policy }: HistoryEntry): string => formatAmount(payment.amount, policy?.decimals ?? 0);
const symbolOf = ({ payment, policy }: HistoryEntry): string => policy?.symbol ?? toHex(payment.token);
const peerOf = ({ payment, peerName }: HistoryEntry): string => peerName ?? toHex(payment.peer);

function toJson(entry: HistoryEntry) {
  const { direction, grade, order, claimBy, settleBy, refundOf } = entry.payment;
  return {
    payment: toHex(entry.payment.payment),
    direction,
    peer: peerOf(entry),
    amount: amountOf(entry),
    symbol: symbolOf(entry),
    grade,
    status: entry.status,
    at: isoTime(entry.payment.at),
    ...(order !== '' && { order }),
    ...(refundOf && { refundOf: toHex(refundOf) }),
    ...(entry.status === 'lost' && entry.evidence && { evidence: toHex(entry.evidence) }),
    ...(isWaiting(entry, 'reserved') && claimBy !== null && { claimBy: isoTime(claimBy) }),
    ...(isWaiting(entry, 'provisional') && settleBy !== null && { settleBy: isoTime(settleBy) }),
  };
}

/** The grade still hangs on a date. */
const isWaiting = ({ payment, status }: HistoryEntry, grade: Grade): boolean =>
  payment.grade === grade && (status === 'received' || status === 'acknowledged' || status === 'committed');

function toRow(entry: HistoryEntry): string[] {
  const { at, direction, kind, grade, order } = entry.payment;
  const way = kind === 'mint' ? 'issued' : `${direction === 'in' ? 'from' : 'to'} ${shorten(peerOf(entry))}`;
  return [
    formatTime(at),
    way,
    `${direction === 'in' ? '+' : '-'}${amountOf(entry)}`,
    symbolOf(entry),
    showGrade(grade),
    `${entry.status}${describeDate(entry)}${describeEnd(entry)}`,
    dim(toHex(entry.payment.payment).slice(0, SHOWN_DIGITS)),
    dim(order),
  ];
}

function describeDate(entry: HistoryEntry): string {
  const { claimBy, settleBy } = entry.payment;
  if (isWaiting(entry, 'reserved') && claimBy !== null) return `, final once claimed by ${formatTime(claimBy)}`;
  if (isWaiting(entry, 'provisional') && settleBy !== null) return ', may still be taken back';
  return '';
}

/** What it means that nothing came of it. */
function describeEnd({ status, payment: { direction }, evidence }: HistoryEntry): string {
  if (status === 'expired' && direction === 'out') return ', nothing was paid';
  if (status !== 'lost') return '';
  return evidence
    ? `, the payer signed twice: evidence ${toHex(evidence).slice(0, SHOWN_DIGITS)}`
    : ', something else is certified in its place';
}

/** Ids are for programs; their beginning tells people enough. */
const shorten = (name: string): string => (/^[0-9a-f]{64}$/.test(name) ? `${name.slice(0, 12)}…` : name);
