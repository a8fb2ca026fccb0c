/** What must be there before somebody can lie about it: money set aside, and a payment that was made honestly. */
import { equalBytes, type TokenId } from '@dsm/core';
import { accept, cancel, commit, history, listReservations, offer, receive, reserve, type Device } from '@dsm/wallet';
import { requireChain, type HeldChain } from '../../../packages/wallet/src/chain/draft.ts';
import { findRelationship, type RelationshipRecord } from '../../../packages/wallet/src/exchange/records.ts';
import type { ReservationRecord } from '../../../packages/wallet/src/records/reservation.ts';
import { runCommand, type DeviceSeat } from '../../world/device.ts';
import type { Liar } from './kit.ts';

export const AMOUNT = 3n;
const FUNDED = 30n;

/** One half of both, as its writer holds it, and the reservation that pays on it. */
export interface Occasion {
  readonly reservation: ReservationRecord;
  readonly relationship: RelationshipRecord;
  readonly own: HeldChain;
}

/** An open reservation with enough left in it, and one payment out of it; made for it if need be. */
export async function payOnce(
  liar: Liar,
  payer: DeviceSeat,
  payee: DeviceSeat,
): Promise<ReservationRecord | undefined> {
  const { world } = liar;
  const { account } = payee;
  if (!account || !payer.device) return undefined;
  const known = await reservationFor(payer, payee);
  if (known && known.total > 0n) return known;
  const until = world.scheduler.nowMs() + world.facts.marginMs + 900_000;
  const terms = { for: account, token: world.token as TokenId, amount: FUNDED, until };
  if (!known) await runCommand(world, payer, 'reserve', (device) => reserve(device, terms));
  const offered = await offerTruly(liar, payer, payee);
  const accepted = offered && (await take(liar, payee, 'offer', offered, accept));
  const committed = accepted && (await take(liar, payer, 'accept', accepted, commit));
  if (committed) await take(liar, payee, 'commit', committed, receive);
  const paid = await reservationFor(payer, payee);
  return paid && paid.total > 0n ? paid : undefined;
}

async function reservationFor({ device }: DeviceSeat, { account }: DeviceSeat): Promise<ReservationRecord | undefined> {
  if (!device || !account) return undefined;
  const lastMs = device.clock() + device.network.marginMs + 30_000;
  return (await listReservations(device)).find(
    ({ payer, payee, status, until, funded, total }) =>
      equalBytes(payer, device.account) &&
      equalBytes(payee, account) &&
      status === 'open' &&
      until > lastMs &&
      funded - total > 2n * AMOUNT,
  );
}

/** An offer of `AMOUNT` by the shipped program. */
export async function offerTruly(
  { world, random }: Liar,
  payer: DeviceSeat,
  payee: DeviceSeat,
  device?: Device,
): Promise<Uint8Array | undefined> {
  const { account: to } = payee;
  if (!to) return undefined;
  const options = {
    command: random.bytes(32),
    to,
    token: world.token as TokenId,
    amount: AMOUNT,
    order: '',
    provisional: false,
    expiryMs: 60_000,
  };
  const done = device
    ? { type: 'done' as const, result: await offer(device, options) }
    : await runCommand(world, payer, 'offer', (own) => offer(own, options));
  return done.type === 'done' && done.result.ok ? (done.result.value.message ?? undefined) : undefined;
}

export async function take(
  { world }: Liar,
  seat: DeviceSeat,
  kind: string,
  message: Uint8Array,
  turn: typeof receive,
): Promise<Uint8Array | undefined> {
  const done = await runCommand(world, seat, kind, (device) => turn(device, message));
  return done.type === 'done' && done.result.ok ? (done.result.value.message ?? undefined) : undefined;
}

/** The half that `device` writes with that peer, and what is set aside. */
export async function occasionOf(
  device: Device,
  peer: DeviceSeat,
  reservation: ReservationRecord,
): Promise<Occasion | undefined> {
  const relationship = peer.account && (await findRelationship(device, peer.account));
  const own = relationship && (await requireChain(device, relationship.ownHalf));
  return relationship && own?.ok ? { reservation, relationship, own: own.value } : undefined;
}

/** What is left open with the liar is withdrawn, as a person would do that nobody answers. */
export async function withdraw({ world, honest, cheat }: Liar): Promise<void> {
  const { device } = honest;
  const listed = device && (await history(device));
  if (!listed?.ok || !cheat.account) return;
  for (const { payment } of listed.value) {
    const isOpen = payment.status === 'offered' || payment.status === 'accepted' || payment.status === 'requested';
    if (!isOpen || !equalBytes(payment.peer, cheat.account)) continue;
    await runCommand(world, honest, 'cancel', (own) => cancel(own, payment.payment));
  }
}
