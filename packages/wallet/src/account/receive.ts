/** Crediting certified debits in favour of this account: one `receive` state each, certified at once. */
import {
  creditNullifier,
  fail,
  finalState,
  ok,
  outputsOf,
  equalBytes,
  stateHash,
  type Body,
  type BundleItem,
  type ChainId,
  type Output,
  type Receive,
  type Result,
  type Write,
} from '@dsm/core';
import { operateOnline, windowFrom } from '../chain/own.ts';
import type { Device } from '../device.ts';
import { runWith } from '../evidence/run-with.ts';
import { creditRecords } from '../records/credit.ts';
import { paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { reservationRecords } from '../records/reservation.ts';

/** Where a debit stands. */
export interface CreditPlace {
  readonly source: ChainId;
  readonly index: number;
  readonly output: number;
}

export const nullifierOf = ({ suite }: Pick<Device, 'suite'>, { source, index, output }: CreditPlace): Uint8Array =>
  creditNullifier(suite, source, index, output);

/** True once an own state credits this debit, certified or not. */
export async function isCredited(device: Device, place: CreditPlace): Promise<boolean> {
  const known = await creditRecords.read(device, nullifierOf(device, place));
  return known !== undefined && known.received !== null;
}

/** A credit that an own state has taken in. */
export interface Received extends CreditPlace {
  /** `C_pre` of the state that pays. */
  readonly payment: Uint8Array;
  /** The account that paid: for what came out of a reservation, the other side of it. */
  readonly peer: ChainId;
  readonly token: Output['token'];
  readonly amount: bigint;
}

/**
 * Credits one output of a final state. `items`: the state with its proof, where the store does not have it. Nothing
 * is believed: the certificate and the output are verified here. `E_CREDITED` when it has been credited.
 */
export async function creditOutput(
  device: Device,
  place: CreditPlace,
  items: readonly BundleItem[] = [],
): Promise<Result<Received>> {
  if (await isCredited(device, place)) return fail('E_CREDITED', 'VAL-7', 'this debit has been credited already');
  const { source, index, output } = place;
  const { result } = await runWith(device, items, (context) => finalState(context, source, index));
  if (!result.ok) return result;
  const { body, operation } = result.value;
  const debit = outputsOf(operation)[output];
  if (!debit || !equalBytes(debit.to, device.account)) {
    return fail('E_CHAIN', 'VAL-7', 'the state pays nothing to this account there');
  }
  const peer = await peerOf(device, source, body.kind);
  const { token, amount } = debit;
  const window = windowFrom(device);
  if (!window.ok) return window;
  const payment = body.precommit;
  const known = await paymentRecords.read(device, payment);
  const row = body.kind === 'account' ? (known ? settled(known) : incomingPayment(device, body, debit)) : undefined;
  const certified = await operateOnline(device, {
    operation: { type: 'receive', window: window.value, token, amount, source, index, output },
    overlay: items,
    alongside: ({ body: { index: received } }): Write[] => [
      creditRecords.put(device, nullifierOf(device, place), { source, index, output, token, amount, received }),
      ...(row ? [paymentRecords.put(device, payment, row)] : []),
    ],
  });
  return certified.ok ? ok({ source, index, output, payment, peer, token, amount }) : certified;
}

/** The dates stay, so that a turn that is repeated later gets the same answer. */
const settled = (payment: PaymentRecord): PaymentRecord => ({ ...payment, status: 'final', grade: 'certified' });

/** A payment that this device learns of from the network: it is certified, whenever it is credited. */
export const incomingPayment = (device: Device, body: Body, { token, amount }: Output): PaymentRecord => ({
  payment: body.precommit,
  kind: 'online',
  direction: 'in',
  peer: body.chain,
  token,
  amount,
  order: '',
  grade: 'certified',
  status: 'final',
  at: device.clock(),
  state: stateHash(device.suite, body),
  chain: body.chain,
  index: body.index,
  vault: null,
  expiresAt: body.window.until,
  claimBy: null,
  settleBy: null,
  refundOf: null,
});

/** What an own `receive` state took in. */
export async function describeReceive(device: Device, operation: Receive): Promise<Received> {
  const { source, index, output, token, amount } = operation;
  const { result } = await runWith(device, [], (context) => finalState(context, source, index));
  const payment = result.ok ? result.value.body.precommit : nullifierOf(device, operation);
  const peer = await peerOf(device, source, result.ok ? result.value.body.kind : 'account');
  return { source, index, output, payment, peer, token, amount };
}

/** Whose money a debit was: the account itself, or the payer of the reservation. */
async function peerOf(device: Device, source: ChainId, kind: string): Promise<ChainId> {
  if (kind !== 'vault') return source;
  const reservation = await reservationRecords.read(device, source);
  if (!reservation) return source;
  return equalBytes(reservation.payer, device.account) ? reservation.payee : reservation.payer;
}
