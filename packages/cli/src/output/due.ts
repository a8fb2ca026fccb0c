/** Claims that cannot wait: said whenever a person looks. */
import { toHex } from '@dsm/core';
import type { DueClaim } from '@dsm/wallet';
import { formatRemaining, formatTime } from './words.ts';

export function describeDue({ reservation, claimBy, lostAt, urgency }: DueClaim, nowMs: number): string {
  const which = `what was received out of reservation ${toHex(reservation).slice(0, 12)}…`;
  return urgency === 'late'
    ? `${which} was not claimed by ${formatTime(lostAt)}: the payer can take it back`
    : `${which} must be claimed by ${formatTime(lostAt)}, ${formatRemaining(lostAt, nowMs)}: dsm sync${
        nowMs < claimBy ? '' : ', or carry a claim (dsm claim)'
      }`;
}
