/** What a state of the own account that another device wrote means beside its chain: payments, reservations, tokens. */
import {
  creditNullifier,
  finalState,
  makeReservation,
  outputsOf,
  reservationGenesis,
  stateHash,
  tokenId,
  type BundleItem,
  type Fund,
  type Receive,
  type Transition,
  type Write,
} from '@dsm/core';
import { incomingPayment } from '../account/receive.ts';
import { newPayment } from '../account/records.ts';
import type { Device } from '../device.ts';
import { runWith } from '../evidence/run-with.ts';
import { placeKey } from '../records/codecs.ts';
import { creditRecords } from '../records/credit.ts';
import { finalRecords } from '../records/final.ts';
import { paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { reservationRecords } from '../records/reservation.ts';
import { putToken } from '../records/token.ts';
import { vaultWrites } from '../vault/record.ts';

/** As the device that wrote the state would have, when it signed it or when it became final. */
export async function effectsBeside(
  device: Device,
  transition: Transition,
  used: readonly BundleItem[],
  isFinal: boolean,
): Promise<readonly Write[]> {
  const policies = used.flatMap((item) =>
    item.type === 'policy' ? putToken(device, tokenId(device.suite, item.policy), item.policy) : [],
  );
  return [...policies, ...(await effectsOfOperation(device, transition, isFinal))];
}

async function effectsOfOperation(device: Device, transition: Transition, isFinal: boolean): Promise<readonly Write[]> {
  const { kind, operation } = transition.operation;
  if (kind !== 'account') return [];
  switch (operation.type) {
    case 'createToken':
      return putToken(device, tokenId(device.suite, operation.policy), operation.policy);
    case 'transfer':
    case 'mint':
      return paymentWrites(device, transition, isFinal);
    case 'receive':
      return creditWrites(device, operation, transition.body.index);
    case 'fund':
      return fundWrites(device, operation, transition.body.index, isFinal);
    default:
      return [];
  }
}

/** What it paid for, the lost device knew alone. */
async function paymentWrites(device: Device, transition: Transition, isFinal: boolean): Promise<readonly Write[]> {
  const { precommit, window } = transition.body;
  if (await paymentRecords.read(device, precommit)) return [];
  const isMint = transition.operation.operation.type === 'mint';
  const row: PaymentRecord = {
    ...newPayment(device, transition),
    at: window.from,
    ...(isMint && { kind: 'mint', direction: 'in' }),
    ...(isFinal && { status: 'final', grade: 'certified' }),
  };
  return [paymentRecords.put(device, precommit, row)];
}

async function creditWrites(
  device: Device,
  { source, index, output, token, amount }: Receive,
  received: number,
): Promise<readonly Write[]> {
  const nullifier = creditNullifier(device.suite, source, index, output);
  const credit = creditRecords.put(device, nullifier, { source, index, output, token, amount, received });
  const { result } = await runWith(device, [], (context) => finalState(context, source, index));
  const debit = result.ok ? outputsOf(result.value.operation)[output] : undefined;
  if (!result.ok || !debit || result.value.body.kind !== 'account') return [credit];
  const { body } = result.value;
  if (await paymentRecords.read(device, body.precommit)) return [credit];
  return [
    credit,
    paymentRecords.put(device, body.precommit, { ...incomingPayment(device, body, debit), at: body.window.from }),
  ];
}

/** Value that the lost device set aside: what is not claimed comes back after E + gap. */
async function fundWrites(device: Device, fund: Fund, index: number, isFinal: boolean): Promise<readonly Write[]> {
  if (await reservationRecords.read(device, fund.vault)) return [];
  const terms = reservationGenesis({ payer: device.account, payerKey: device.key.publicKey, index }, fund);
  const writes = vaultWrites(device, terms, { status: isFinal ? 'open' : 'pending' });
  if (!isFinal) return writes;
  const genesis = makeReservation(device.suite, device.network.id, terms).body;
  return [...writes, finalRecords.put(device, placeKey(fund.vault, 0), stateHash(device.suite, genesis))];
}
