/** What becomes of payments when a state is final: the one that it makes, those that it claims, those that lost. */
import { equalBytes, itemNames, type Body, type ChainId, type Operation, type StateHash, type Write } from '@dsm/core';
import type { Storage } from '../device.ts';
import { readItem } from '../records/item.ts';
import { reservationRecords } from '../records/reservation.ts';
import { listPayments, paymentRecords, type PaymentRecord, type PaymentStatus } from '../records/payment.ts';
import { readBody } from './draft.ts';

/** Not agreed, or over: a Final of something else does not touch them. */
const CLOSED: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>([
  'requested',
  'offered',
  'accepted',
  'cancelled',
  'expired',
  'lost',
]);

const put = (storage: Storage, payment: PaymentRecord): Write => paymentRecords.put(storage, payment.payment, payment);

/** The dates stay, so that a turn that is repeated later gets the same answer. */
const asFinal = (payment: PaymentRecord): PaymentRecord => ({ ...payment, status: 'final', grade: 'certified' });

/** Payments that a final state settles. */
export async function settledPayments(storage: Storage, body: Body, { kind, operation }: Operation): Promise<Write[]> {
  if (kind === 'account') {
    const payment = await paymentRecords.read(storage, body.precommit);
    return payment && payment.status !== 'final' ? [put(storage, asFinal(payment))] : [];
  }
  if (kind === 'vault' && operation.type === 'claim') return claimedPayments(storage, body.chain, operation.total);
  if (kind === 'vault' && (operation.type === 'release' || operation.type === 'close')) {
    const reservation = await reservationRecords.read(storage, body.chain);
    // The rest went back, so this much was claimed, whether or not the claim has been seen.
    const claimed = reservation ? reservation.funded - operation.amount : 0n;
    return [
      ...(await claimedPayments(storage, body.chain, claimed)),
      ...(await unclaimedPayments(storage, body.chain, claimed)),
    ];
  }
  return [];
}

/** Of what was under way before a restore only what was shown to be committed counts. */
const isPaid = ({ status, grade }: PaymentRecord): boolean => status !== 'unknown' || grade !== null;

const paidFrom = async (storage: Storage, vault: ChainId): Promise<readonly PaymentRecord[]> =>
  (await listPayments(storage)).filter(
    (payment) =>
      payment.vault !== null && equalBytes(payment.vault, vault) && !CLOSED.has(payment.status) && isPaid(payment),
  );

/** What nobody claimed before E went back to the payer. */
async function unclaimedPayments(storage: Storage, vault: ChainId, claimed: bigint): Promise<Write[]> {
  const writes: Write[] = [];
  for (const payment of await paidFrom(storage, vault)) {
    if (payment.status === 'final' || payment.status === 'void') continue;
    const total = await totalOf(storage, payment);
    const isClaimed = total !== undefined && total <= claimed;
    if (!isClaimed) writes.push(put(storage, { ...payment, status: 'lost', grade: null }));
  }
  return writes;
}

/**
 * Payments out of a reservation whose running total has been claimed: the total that the payer signed, since after a
 * restore this device does not know of every payment below.
 */
async function claimedPayments(storage: Storage, vault: ChainId, claimed: bigint): Promise<Write[]> {
  const writes: Write[] = [];
  for (const payment of await paidFrom(storage, vault)) {
    // A payee that claims what it called void has lied to its payer (rule REL-7); its own word to itself stands.
    if (payment.status === 'final' || (payment.status === 'void' && payment.direction === 'in')) continue;
    const total = await totalOf(storage, payment);
    if (total !== undefined && total <= claimed) writes.push(put(storage, asFinal(payment)));
  }
  return writes;
}

async function totalOf(storage: Storage, { state }: PaymentRecord): Promise<bigint | undefined> {
  const body = state && (await readBody(storage, state));
  const item = body && (await readItem(storage, itemNames.operation(body.op)));
  const operation = item?.type === 'operation' && item.operation.kind === 'half' ? item.operation.operation : undefined;
  return operation?.type === 'pay' ? operation.total : undefined;
}

/** Payments on a chain that cannot become final any more, since another state is final at or below their place. */
export async function lostPayments(
  storage: Storage,
  chain: ChainId,
  index: number,
  final: StateHash,
): Promise<Write[]> {
  const payments = await listPayments(storage);
  return payments
    .filter(
      (payment) =>
        payment.chain !== null &&
        payment.index !== null &&
        payment.state !== null &&
        equalBytes(payment.chain, chain) &&
        payment.index >= index &&
        !equalBytes(payment.state, final) &&
        payment.status !== 'final' &&
        !CLOSED.has(payment.status),
    )
    .map((payment) => put(storage, { ...payment, status: 'lost', grade: null }));
}

/** Payments of the own account that a void has ended: they were never made and may be made again (rule WAL-14). */
export async function expiredPayments(storage: Storage, account: ChainId, index: number): Promise<Write[]> {
  const payments = await listPayments(storage);
  return payments
    .filter(
      (payment) =>
        payment.chain !== null &&
        payment.index !== null &&
        equalBytes(payment.chain, account) &&
        payment.index >= index &&
        !ENDED.has(payment.status),
    )
    .map((payment) => put(storage, { ...payment, status: 'expired', grade: null }));
}

/** Nothing becomes of these any more. */
const ENDED: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['final', 'cancelled', 'expired', 'lost', 'void']);
