/** Payments as a person reads them. */
import { ok, type Result, type TokenPolicy } from '@dsm/core';
import type { Device } from '../device.ts';
import { guardStore } from '../guard.ts';
import { contactRecords } from '../records/contact.ts';
import { listPayments, type PaymentRecord, type PaymentStatus } from '../records/payment.ts';
import { tokenRecords } from '../records/token.ts';

export interface HistoryEntry {
  readonly payment: PaymentRecord;
  /** What the owner calls the other side; undefined for strangers and for what was minted. */
  readonly peerName: string | undefined;
  readonly policy: TokenPolicy | undefined;
  /** As it stands at this moment: an open payment whose time is over is `expired`. */
  readonly status: PaymentStatus;
}

const OPEN: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['requested', 'offered', 'accepted']);

/** Oldest first. */
export const history = (device: Device): Promise<Result<readonly HistoryEntry[]>> =>
  guardStore(async () => {
    const now = device.clock();
    const entries: HistoryEntry[] = [];
    for (const payment of await listPayments(device)) {
      const contact = await contactRecords.read(device, payment.peer);
      const policy = await tokenRecords.read(device, payment.token);
      const isOver = OPEN.has(payment.status) && now > payment.expiresAt;
      entries.push({ payment, peerName: contact?.name, policy, status: isOver ? 'expired' : payment.status });
    }
    return ok(entries);
  });
