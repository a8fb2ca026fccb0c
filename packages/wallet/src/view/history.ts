/** Payments as a person reads them. */
import { equalBytes, ok, type Result, type TokenPolicy } from '@dsm/core';
import type { Device } from '../device.ts';
import { guardStore } from '../guard.ts';
import { contactRecords } from '../records/contact.ts';
import { listEvidenceRecords, type EvidenceRecord } from '../records/evidence.ts';
import { listPayments, type PaymentRecord, type PaymentStatus } from '../records/payment.ts';
import { tokenRecords } from '../records/token.ts';

export interface HistoryEntry {
  readonly payment: PaymentRecord;
  /** What the owner calls the other side; undefined for strangers and for what was minted. */
  readonly peerName: string | undefined;
  readonly policy: TokenPolicy | undefined;
  /** As it stands at this moment: an open payment whose time is over is `expired`. */
  readonly status: PaymentStatus;
  /** Id of the proof that the payer signed two states where this payment rests, if there is one. */
  readonly evidence: Uint8Array | undefined;
}

const OPEN: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['requested', 'offered', 'accepted']);

/** Oldest first. */
export const history = (device: Device): Promise<Result<readonly HistoryEntry[]>> =>
  guardStore(async () => {
    const now = device.clock();
    const entries: HistoryEntry[] = [];
    const evidence = await listEvidenceRecords(device);
    for (const payment of await listPayments(device)) {
      const contact = await contactRecords.read(device, payment.peer);
      const policy = await tokenRecords.read(device, payment.token);
      const isOver = OPEN.has(payment.status) && now > payment.expiresAt;
      const status = isOver ? 'expired' : payment.status;
      const proof = evidence.find((record) => isAbout(record, payment));
      entries.push({ payment, peerName: contact?.name, policy, status, evidence: proof?.id });
    }
    return ok(entries);
  });

const isAbout = ({ fork }: EvidenceRecord, { chain, index }: PaymentRecord): boolean =>
  chain !== null && index !== null && equalBytes(fork.chain, chain) && fork.index <= index;
