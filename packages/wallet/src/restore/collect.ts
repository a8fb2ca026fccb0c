/**
 * A commit on a half of before the restore (spec REL-46): its total is kept, so that it is claimed like any other. What
 * became of the payment only the lost device knew.
 */
import {
  equalBytes,
  fail,
  isClosedHalf,
  ok,
  tokenId,
  verifyCommit,
  type Agreement,
  type BundleItem,
  type Result,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { paymentOf } from '../exchange/accept.ts';
import type { Exchanged } from '../exchange/common.ts';
import { knownReservation } from '../exchange/judge.ts';
import { runOverMessage } from '../exchange/steps.ts';
import { totalWrites } from '../exchange/totals.ts';
import { putItems } from '../records/item.ts';
import { paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { readRestore } from '../records/restore.ts';
import { putToken } from '../records/token.ts';
import { chainOfState, readShownTerms } from './half-terms.ts';

/** Whether the accept stands on an own half that is closed: the restored device must not go on with it. */
export async function isFromBefore(
  device: Device,
  { accept }: Agreement,
  items: readonly BundleItem[],
): Promise<boolean> {
  const restore = await readRestore(device);
  if (!restore) return false;
  const chain = await chainOfState(device, items, accept);
  const terms = chain && (await readShownTerms(device, items, chain));
  if (!terms || !equalBytes(terms.owner, device.account)) return false;
  return restore.restored === null || isClosedHalf(terms, restore.restored.index);
}

/** Keeps the total of a commit of before. `E_VOID` from E − margin on. */
export async function collectTotal(
  device: Device,
  agreement: Agreement,
  items: readonly BundleItem[],
): Promise<Result<Exchanged>> {
  const states = [agreement.proposal.state, agreement.accept];
  const { result, used } = await runOverMessage(device, items, states, (context) => verifyCommit(context, agreement));
  if (!result.ok) return result;
  const { offer, accept } = result.value;
  if (!offer.pay || !equalBytes(accept.half.owner, device.account)) {
    return fail('E_MISMATCH', 'REL-46', 'after a restore only totals of own reservations are collected');
  }
  if (device.clock() >= offer.goodUntil) {
    return fail('E_VOID', 'REL-46', 'the reservation is too close to its end: the commit may not have counted');
  }
  const known = await paymentRecords.read(device, offer.transition.body.precommit);
  const reservation = await knownReservation(device, offer);
  const isClaimed = reservation !== undefined && offer.pay.total <= reservation.claimed;
  const payment: PaymentRecord = {
    ...(known ?? paymentOf(device, offer, accept.operation.window.until)),
    ...(known?.status !== 'final' && { status: 'unknown', grade: 'reserved' }),
    ...(isClaimed && { status: 'final', grade: 'certified' }),
  };
  const token = tokenId(device.suite, offer.policy);
  const committed = await device.store.commit(
    [
      ...putItems(device, used),
      ...putToken(device, token, offer.policy),
      ...(await totalWrites(device, offer, used)),
      paymentRecords.put(device, payment.payment, payment),
    ],
    [paymentRecords.isUnchanged(device, payment.payment, known)],
  );
  return committed.ok ? ok({ payment, policy: offer.policy, turn: 'received', message: null }) : committed;
}
