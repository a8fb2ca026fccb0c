/** The turns of a payment as a link carries them; what each side does with a message is the wallet's affair. */
import {
  decodeFile,
  equalBytes,
  fail,
  ok,
  stateHash,
  type FileKind,
  type Result,
  type StateHash,
  type TokenPolicy,
} from '@dsm/core';
import { acknowledge, history, receive, takeAck, type Device, type Exchanged, type PaymentRecord } from '@dsm/wallet';
import { unlessAborted } from '../abort.ts';
import { makeAmount, type Amount } from '../amount.ts';
import { CALL_ID_BYTES } from '../link/call.ts';
import { makeReceipt, nameOf, type ProvenReceipt } from '../receipt.ts';

/** What an owner is asked about. */
export interface Asked {
  /** Name of the contact. */
  readonly from: string;
  readonly to: string;
  readonly amount: Amount;
  readonly order: string;
  readonly grade: 'reserved' | 'provisional';
  readonly refundOf: Uint8Array | null;
}

/** The owner's word. What throws or is not `true` is a no. */
export type Policy = (asked: Asked) => boolean | Promise<boolean>;

/** A payment as its owner is asked about it. */
export async function askedAbout(device: Device, payment: PaymentRecord, policy: TokenPolicy): Promise<Asked> {
  const peer = await nameOf(device, payment.peer);
  const isIn = payment.direction === 'in';
  return {
    from: isIn ? peer : device.name,
    to: isIn ? device.name : peer,
    amount: makeAmount(payment.amount, payment.token, policy),
    order: payment.order,
    grade: payment.kind === 'reserved' ? 'reserved' : 'provisional',
    refundOf: payment.refundOf,
  };
}

export const refused = (): Result<never> => fail('E_POLICY', 'SDK-8', 'the owner does not want this payment');

export async function isAllowed(policy: Policy, asked: Asked, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return (await unlessAborted(Promise.resolve(policy(asked)), signal)) === true;
  } catch {
    return false;
  }
}

/** Undefined for what is no file. */
export function kindOf({ suite }: Device, body: Uint8Array): FileKind | undefined {
  const file = decodeFile(suite, body);
  return file.ok ? file.value.kind : undefined;
}

/** The pre-commitment that an offer is about, and so the payment; not verified yet. */
export function offeredPayment({ suite }: Device, body: Uint8Array): Uint8Array | undefined {
  const file = decodeFile(suite, body);
  if (!file.ok || file.value.kind !== 'offer') return undefined;
  const { items, content } = file.value;
  const state = items.find((item) => item.type === 'body' && equalBytes(stateHash(suite, item.body), content.state));
  return state?.type === 'body' ? state.body.precommit : undefined;
}

/** A question's name. */
export const newId = ({ entropy }: Device): Uint8Array => entropy(CALL_ID_BYTES);

export const messageOf = ({ message }: Exchanged): Uint8Array => message ?? new Uint8Array();

export interface Taken {
  readonly receipt: ProvenReceipt;
  readonly payment: PaymentRecord;
  /** The payee's confirmation. */
  readonly ack: Uint8Array;
  /** False when this very commit had been taken before. */
  readonly isNew: boolean;
}

const AWAITED: ReadonlySet<string> = new Set(['accepted', 'requested', 'expired', 'cancelled']);

/** Takes a commit and confirms it. */
export async function takeCommit(device: Device, body: Uint8Array): Promise<Result<Taken>> {
  const before = await stateOfCommit(device, body);
  const received = await receive(device, body);
  if (!received.ok) return received;
  const { payment, policy } = received.value;
  const acknowledged = await acknowledge(device, payment);
  if (!acknowledged.ok) return acknowledged;
  const grade = payment.grade ?? 'provisional';
  const receipt = await makeReceipt(device, payment, policy, grade, body);
  return ok({
    receipt,
    payment,
    ack: messageOf(acknowledged.value),
    isNew: before !== undefined && AWAITED.has(before),
  });
}

async function stateOfCommit(device: Device, body: Uint8Array): Promise<string | undefined> {
  const file = decodeFile(device.suite, body);
  if (!file.ok || file.value.kind !== 'commit') return undefined;
  const { state } = file.value.content.proposal;
  return statusAt(device, state);
}

async function statusAt(device: Device, state: StateHash): Promise<string | undefined> {
  const all = await history(device);
  const found = all.ok ? all.value.find(({ payment }) => payment.state && equalBytes(payment.state, state)) : undefined;
  return found?.payment.status;
}

/** The payer's receipt once the payee has confirmed. */
export async function takeConfirmation(
  device: Device,
  ack: Uint8Array,
  payment: Uint8Array,
  proof: Uint8Array,
): Promise<Result<ProvenReceipt>> {
  const taken = await takeAck(device, ack);
  if (!taken.ok) return taken;
  if (!equalBytes(taken.value.payment.payment, payment)) {
    return fail('E_MISMATCH', 'SDK-6', 'the confirmation is about another payment');
  }
  const grade = taken.value.payment.grade ?? 'provisional';
  return ok(await makeReceipt(device, taken.value.payment, taken.value.policy, grade, proof));
}
