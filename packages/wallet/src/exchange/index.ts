/**
 * Payments between two devices by messages (DESIGN section 4): three turns by offer, accept, commit, or two by
 * request, commit. Every turn may be repeated and gives the same answer.
 */
import type { Result } from '@dsm/core';
import type { Device } from '../device.ts';
import { guardStore } from '../guard.ts';
import type { PaymentRecord } from '../records/payment.ts';
import { requireMaySign } from '../restore/guard.ts';
import { accept as takeOffer, type AcceptOptions } from './accept.ts';
import { cancel as withdraw, refund as payBack, type RefundOptions } from './closing.ts';
import { commit as signAgreed, type CommitOptions } from './commit.ts';
import type { Decide, Exchanged } from './common.ts';
import { offer as makeOffer, type OfferOptions } from './offer.ts';
import { acknowledge as signAck, receive as takeCommit, takeAck as readAck } from './receive.ts';
import { request as makeRequest, type RequestOptions } from './request.ts';

type Answer = Promise<Result<Exchanged>>;

/** A restored device signs nothing for a while (rule WAL-34). */
const signing = <T>(device: Device, run: () => Promise<Result<T>>): Promise<Result<T>> =>
  guardStore(async () => {
    const may = await requireMaySign(device);
    return may.ok ? run() : may;
  });

/** The payer proposes. */
export const offer = (device: Device, options: OfferOptions): Answer =>
  signing(device, () => makeOffer(device, options));

/** The payee judges an offer and co-signs it on its own half. */
export const accept = (device: Device, message: Uint8Array, options?: AcceptOptions): Answer =>
  signing(device, () => takeOffer(device, message, options));

/** The payee proposes and accepts in advance. */
export const request = (device: Device, options: RequestOptions): Answer =>
  signing(device, () => makeRequest(device, options));

/** The payer signs, after an accept or on a request. */
export const commit = (device: Device, message: Uint8Array, options?: CommitOptions): Answer =>
  signing(device, () => signAgreed(device, message, options));

/** The payee takes the commit: from here on it has been paid, in the grade that the answer names. */
export const receive = (device: Device, message: Uint8Array): Answer => guardStore(() => takeCommit(device, message));

/** The payee confirms what it received. */
export const acknowledge = (device: Device, payment: PaymentRecord, compact?: boolean): Answer =>
  signing(device, () => signAck(device, payment, compact));

/** The payer takes the confirmation. */
export const takeAck = (device: Device, message: Uint8Array): Answer => guardStore(() => readAck(device, message));

/** The payer withdraws an offer that it has not committed to. */
export const cancel = (device: Device, payment: Uint8Array): Promise<Result<PaymentRecord>> =>
  guardStore(() => withdraw(device, payment));

/** A payment back that names the original. */
export const refund = (device: Device, options: RefundOptions): Answer =>
  signing(device, () => payBack(device, options));

export type { AcceptOptions, CommitOptions, Decide, Exchanged, OfferOptions, RefundOptions, RequestOptions };
export { listRelationships, type RelationshipRecord, type Turn } from './records.ts';
