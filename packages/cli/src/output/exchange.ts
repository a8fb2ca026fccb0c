/** The turns of an exchange as they are answered. */
import { toHex } from '@dsm/core';
import { formatAmount, type Exchanged } from '@dsm/wallet';
import { answer, type Answer } from './answer.ts';
import { bold, dim, warning } from './style.ts';
import { explainGrade, formatTime, isoTime } from './words.ts';

const TURNS: Readonly<Record<Exchanged['turn'], string>> = {
  offered: 'offered',
  requested: 'requested',
  accepted: 'accepted',
  committed: 'paid',
  received: 'received',
  acknowledged: 'acknowledged by the payee',
};

/** What the other side does next. */
const NEXT: Readonly<Partial<Record<Exchanged['turn'], string>>> = {
  offered: 'the payee accepts it',
  requested: 'the payer commits to it',
  accepted: 'the payer commits to it',
  committed: 'the payee receives it',
};

/** A payment from before a restore: worth its claim, and nobody here knows what was handed out for it. */
const describeCollected = ({ payment, claimBy }: Exchanged['payment'], words: string, peer: string): Answer =>
  answer(
    {
      payment: toHex(payment),
      grade: 'reserved',
      state: 'unknown',
      ...(claimBy !== null && { claimBy: isoTime(claimBy) }),
    },
    `collected: ${bold(words)} from ${bold(peer)}, paid before the restore`,
    explainGrade('reserved', claimBy),
    warning('whether it was delivered or paid back is not known here'),
    dim(`payment ${toHex(payment)}`),
  );

/** The grade is that of the kind of payment, so that a repeated turn answers the same when it is settled long since. */
export function describeTurn({ payment, policy, turn }: Exchanged, out: string | undefined, peer: string): Answer {
  const { kind, amount, claimBy, settleBy, expiresAt } = payment;
  const grade = kind === 'reserved' ? 'reserved' : 'provisional';
  const words = `${formatAmount(amount, policy.decimals)} ${policy.symbol}`;
  const isPaid = turn === 'committed' || turn === 'received' || turn === 'acknowledged';
  if (payment.status === 'unknown') return describeCollected(payment, words, peer);
  const lines = [
    `${TURNS[turn]}: ${bold(words)} ${payment.direction === 'out' ? 'to' : 'from'} ${bold(peer)}`,
    isPaid ? explainGrade(grade, claimBy ?? settleBy) : `open until ${formatTime(expiresAt)}, will be ${grade}`,
  ];
  if (out !== undefined && NEXT[turn]) lines.push(`${out}: ${NEXT[turn]}`);
  lines.push(dim(`payment ${toHex(payment.payment)}`));
  return answer(
    {
      payment: toHex(payment.payment),
      grade,
      state: turn,
      ...(claimBy !== null && { claimBy: isoTime(claimBy) }),
      ...(settleBy !== null && { settleBy: isoTime(settleBy) }),
    },
    ...lines,
  );
}
