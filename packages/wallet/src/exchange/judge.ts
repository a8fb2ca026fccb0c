/** What a payee decides about an offer or a commit beyond its correctness: clocks, totals, policy (DESIGN section 4). */
import {
  equalBytes,
  fail,
  LIMITS,
  ok,
  type Body,
  type OfferFacts,
  type Result,
  type StateHash,
  type TokenPolicy,
} from '@dsm/core';
import { readBody } from '../chain/draft.ts';
import type { Device } from '../device.ts';
import { requireTrusted } from '../evidence/store.ts';
import { readNewestFinal } from '../records/final.ts';
import { readState } from '../records/state.ts';
import { listPayments, type PaymentRecord, type PaymentStatus } from '../records/payment.ts';
import { readPolicy } from '../records/policy.ts';
import { reservationRecords, type ReservationRecord } from '../records/reservation.ts';
import { tokenRecords } from '../records/token.ts';
import { requireContact } from './common.ts';

/** Before accepting: somebody known, in time, within what this device takes. */
export async function judgeOffer(device: Device, facts: OfferFacts): Promise<Result<undefined>> {
  if (!equalBytes(facts.half.peer, device.account)) {
    return fail('E_MISMATCH', 'REL-10', 'this payment is meant for somebody else');
  }
  const contact = await requireContact(device, facts.half.owner);
  if (!contact.ok) return contact;
  const clean = await requireTrusted(device, facts.half.owner);
  if (!clean.ok) return clean;
  const timely = judgeTime(device, facts);
  if (!timely.ok) return timely;
  return facts.grade === 'reserved' ? judgeTotal(device, facts) : judgeProvisional(device, facts);
}

/** Every window is open now, and the grade still holds. */
export function judgeTime(device: Device, facts: OfferFacts): Result<undefined> {
  const now = device.clock();
  const { window } = facts.transition.body;
  const windows = [window, ...facts.run.map(({ body }) => body.window)];
  // A state of the run that begins later can lose to one that is disjoint from it, without evidence (EVD-3).
  if (windows.some(({ from }) => now < from - device.network.deltaMs)) {
    return fail('E_TOO_EARLY', 'REL-12', 'the offer begins in the future: is a clock wrong?');
  }
  if (windows.some(({ until }) => now > until)) return fail('E_EXPIRED', 'REL-12', 'the offer has expired');
  if (now >= facts.goodUntil) {
    const what = facts.grade === 'reserved' ? 'the reservation is too close to its end' : 'it cannot settle in time';
    return fail('E_EXPIRED', 'REL-12', what);
  }
  return ok(undefined);
}

/** The reservation as this device knows it, or as the offer first shows it. */
export async function knownReservation(device: Device, facts: OfferFacts): Promise<ReservationRecord | undefined> {
  const { reservation, pay } = facts;
  if (!reservation || !pay) return undefined;
  const known = await reservationRecords.read(device, pay.vault);
  if (known) return known;
  const { payer, payee, token, funded, until } = reservation;
  return { vault: pay.vault, payer, payee, token, funded, until, total: 0n, claimed: 0n, status: 'open' };
}

/** A payment is worth its total minus the highest total seen under that reservation, in any half (spec REL-22). */
export async function judgeTotal(device: Device, facts: OfferFacts): Promise<Result<undefined>> {
  const known = await knownReservation(device, facts);
  if (!known || !facts.pay) return fail('E_RESERVATION', 'RES-2', 'not a payment out of a reservation');
  if (known.status !== 'open') return fail('E_VOID', 'RES-5', 'the reservation is not open any more');
  // A claim shows a total too: one that a copy of this device has made counts as well.
  const seen = known.claimed > known.total ? known.claimed : known.total;
  if (facts.pay.total - seen !== facts.pay.amount) {
    return fail('E_TOTAL', 'REL-22', `a total of ${seen} base units was seen before under this reservation`);
  }
  return ok(undefined);
}

const HELD: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['received', 'acknowledged']);
/** What was given up was accepted all the same. */
const PROMISED: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['accepted', 'cancelled']);

/** Provisional payments only as the owner allows: by amount outstanding and by length of the run. */
async function judgeProvisional(device: Device, facts: OfferFacts): Promise<Result<undefined>> {
  const policy = await readPolicy(device, facts.half.owner);
  if (policy.provisional === 'refuse') {
    return fail('E_POLICY', 'WAL-10', 'provisional payments are refused; they may be taken back (policy set)');
  }
  if (facts.run.length > policy.run) {
    return fail(
      'E_POLICY',
      'WAL-10',
      `the payer has ${facts.run.length} uncertified states, at most ${policy.run} are taken`,
    );
  }
  const conflict = await requireNoConflict(device, facts);
  if (!conflict.ok || policy.provisional === 'any') return conflict;
  let sum = facts.amount * unitsOf(facts.policy);
  for (const one of await outstandingPayments(device, facts)) {
    const token = await tokenRecords.read(device, one.token);
    sum += one.amount * unitsOf(token ?? facts.policy);
  }
  return sum <= policy.maxUnits18
    ? ok(undefined)
    : fail('E_POLICY', 'WAL-10', 'more than is taken provisionally from this payer');
}

/** Units times 10^18 in one base unit. */
const unitsOf = ({ decimals }: TokenPolicy): bigint => 10n ** BigInt(LIMITS.decimals - decimals);

/** What this payer may still take back, and what was accepted and can still be committed. */
async function outstandingPayments(device: Device, facts: OfferFacts): Promise<readonly PaymentRecord[]> {
  const now = device.clock();
  const { body } = facts.transition;
  const canCome = ({ chain, index, settleBy }: PaymentRecord): boolean =>
    // Of several for one place at most one is signed.
    !(chain !== null && equalBytes(chain, body.chain) && index === body.index) && settleBy !== null && now <= settleBy;
  return (await listPayments(device)).filter(
    (one) =>
      one.direction === 'in' &&
      one.kind === 'provisional' &&
      equalBytes(one.peer, facts.half.owner) &&
      (HELD.has(one.status) || (PROMISED.has(one.status) && canCome(one))),
  );
}

/** Another state at a place of the run is known already, or one above it is final (spec REL-14). */
export async function requireNoConflict(device: Device, facts: OfferFacts): Promise<Result<undefined>> {
  for (const { body, hash } of facts.run) {
    const final = await readNewestFinal(device, body.chain);
    if (final && final.index >= body.index && !equalBytes(final.hash, hash)) {
      return fail(
        'E_CONFLICT',
        'REL-14',
        `state ${final.index} of the payer is final: nothing is paid at ${body.index}`,
      );
    }
    const known = await readState(device, body.chain, body.index);
    if (known && !equalBytes(known.hash, hash) && (await isSibling(device, known.hash, body))) {
      return fail('E_CONFLICT', 'REL-14', `another state of the payer is known at index ${body.index}`);
    }
  }
  return ok(undefined);
}

/**
 * Another state on the same parent. One that stands on another parent belongs to a run that forks from this one
 * further down; there it is found, or the shown run begins above with a state that is final (rule WAL-15).
 */
async function isSibling(device: Device, known: StateHash, { prev }: Body): Promise<boolean> {
  const other = await readBody(device, known);
  return other === undefined || equalBytes(other.prev, prev);
}
