/** What the turns of an exchange have in common. */
import {
  check,
  decodeFileOf,
  equalBytes,
  fail,
  isLabel,
  LIMITS,
  ok,
  toHex,
  verifyFile,
  type BundleItem,
  type ChainId,
  type Context,
  type DsmFile,
  type FileContent,
  type FileKind,
  type Result,
  type StateHash,
  type TokenId,
  type TokenPolicy,
  type Write,
} from '@dsm/core';
import type { Device, Storage } from '../device.ts';
import { commandRecords } from '../records/command.ts';
import { contactRecords, type ContactRecord } from '../records/contact.ts';
import { listPayments, paymentRecords, type PaymentRecord, type PaymentStatus } from '../records/payment.ts';
import { tokenRecords } from '../records/token.ts';
import { writeMessage } from './message.ts';
import {
  exchangeRecords,
  messageKey,
  messageRecords,
  relationshipRecords,
  type ExchangeRecord,
  type RelationshipRecord,
  type Turn,
} from './records.ts';

/** What every turn answers: the payment as it now stands and the message for the other side. */
export interface Exchanged {
  readonly payment: PaymentRecord;
  readonly policy: TokenPolicy;
  /** The turn that was taken, now or when the command was first called. */
  readonly turn: Turn;
  /** Null where the turn has no message. */
  readonly message: Uint8Array | null;
}

/** The owner's word on a payment that is otherwise in order, before anything is signed. Its failure is the answer. */
export type Decide = (payment: PaymentRecord, policy: TokenPolicy) => Promise<Result<undefined>>;

/**
 * A file of this kind whose items are each there once. One that is complete in itself must verify as a stranger would
 * verify it: this device needs less of it than it carries, and what it does not need must not be damaged either.
 */
export function openMessage<K extends FileKind>(
  { suite, network }: Device,
  kind: K,
  bytes: Uint8Array,
): Result<Extract<DsmFile, { kind: K }>> {
  const file = decodeFileOf(suite, kind, bytes);
  if (!file.ok) return file;
  const alone = verifyFile(suite, network, bytes);
  return alone.ok || alone.error.code === 'E_INCOMPLETE' ? file : alone;
}

export async function requireContact(storage: Storage, account: ChainId): Promise<Result<ContactRecord>> {
  const contact = await contactRecords.read(storage, account);
  if (contact) return ok(contact);
  return fail('E_CONTACT', 'WAL-9', `account ${toHex(account)} is not among the contacts: add its card first`);
}

const OPEN: ReadonlySet<PaymentStatus> = new Set(['requested', 'offered', 'accepted']);

/** Begun, not committed, not expired. */
export const isOpen = (payment: PaymentRecord, nowMs: number): boolean =>
  OPEN.has(payment.status) && nowMs <= payment.expiresAt;

/** Begun, and too late to be committed. */
export const isOver = (payment: PaymentRecord, nowMs: number): boolean =>
  OPEN.has(payment.status) && nowMs > payment.expiresAt;

export async function openPayments(device: Device, peer: ChainId): Promise<readonly PaymentRecord[]> {
  const now = device.clock();
  const all = await listPayments(device);
  return all.filter((payment) => equalBytes(payment.peer, peer) && isOpen(payment, now));
}

/** A new payment waits until the open one with that peer is done (spec REL-14). */
export async function requireNoneOpen(device: Device, peer: ChainId): Promise<Result<undefined>> {
  const [open] = await openPayments(device, peer);
  if (!open) return ok(undefined);
  return fail(
    'E_OPEN',
    'REL-21',
    `payment ${toHex(open.payment)} with this peer is still ${open.status}: finish it, or cancel it`,
  );
}

/** `E_FORMAT` unless it can stand in a message. */
export const checkOrder = (order: string): Result<undefined> =>
  check(
    isLabel(order, LIMITS.orderBytes),
    'E_FORMAT',
    'ENC-3',
    `an order reference has at most ${LIMITS.orderBytes} bytes, and no control or invisible characters`,
  );

export async function policyOf(storage: Storage, token: TokenId): Promise<Result<TokenPolicy>> {
  const policy = await tokenRecords.read(storage, token);
  return policy ? ok(policy) : fail('E_TOKEN', 'VAL-1', 'the token is unknown');
}

/** The payment that an earlier call of the same command began. */
export async function repeatedCommand(device: Device, command: Uint8Array): Promise<PaymentRecord | undefined> {
  const done = await commandRecords.read(device, command);
  const [payment] = done?.payments ?? [];
  return payment && paymentRecords.read(device, payment);
}

/** What it takes to write the message of a turn. */
export interface TurnMessage<K extends FileKind> {
  readonly turn: Turn;
  readonly kind: K;
  readonly content: FileContent[K];
  /** The states of halves that the message is about. */
  readonly states: readonly StateHash[];
  readonly verify: (context: Context) => Result<unknown>;
  /** Items that are not in the store, or not as this turn needs them. */
  readonly drafted?: () => Promise<Result<readonly BundleItem[]>>;
}

/** What a message is about beside the turn itself. */
type Subject = Pick<PaymentRecord, 'payment' | 'kind'>;

/** The message of a turn, and the row that keeps it. */
export async function writeTurn<K extends FileKind>(
  device: Device,
  { payment, kind: of }: Subject,
  relationship: RelationshipRecord,
  compact: boolean,
  { turn, kind, content, states, verify, drafted }: TurnMessage<K>,
): Promise<Result<{ readonly message: Uint8Array; readonly row: Write }>> {
  const grade = of === 'reserved' ? 'reserved' : 'provisional';
  const items = (await drafted?.()) ?? ok([]);
  if (!items.ok) return items;
  const options = { relationship, states, compact, grade, drafted: items.value } as const;
  const message = await writeMessage(device, kind, content, verify, options);
  if (!message.ok) return message;
  return ok({ message: message.value, row: messageRecords.put(device, messageKey(payment, turn), message.value) });
}

/** The message of a turn: written once, kept, and repeated in the same bytes. */
export async function answerTurn<K extends FileKind>(
  device: Device,
  payment: PaymentRecord,
  relationship: RelationshipRecord,
  compact: boolean,
  message: TurnMessage<K>,
): Promise<Result<Exchanged>> {
  const { turn } = message;
  const policy = await policyOf(device, payment.token);
  if (!policy.ok) return policy;
  const kept = await messageRecords.read(device, messageKey(payment.payment, turn));
  if (kept) return ok({ payment, policy: policy.value, turn, message: kept });
  const written = await writeTurn(device, payment, relationship, compact, message);
  if (!written.ok) return written;
  const committed = await device.store.commit([written.value.row]);
  return committed.ok ? ok({ payment, policy: policy.value, turn, message: written.value.message }) : committed;
}

/** The exchange of a payment and its relationship; both are there for every payment that was exchanged. */
export async function exchangeOf(
  device: Device,
  payment: Uint8Array,
): Promise<Result<{ readonly exchange: ExchangeRecord; readonly relationship: RelationshipRecord }>> {
  const exchange = await exchangeRecords.read(device, payment);
  const relationship = exchange && (await relationshipRecords.read(device, exchange.relationship));
  if (!relationship) return fail('E_NOT_FOUND', 'REL-21', 'this payment was not exchanged by messages');
  return ok({ exchange, relationship });
}
