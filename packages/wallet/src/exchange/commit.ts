/** The payer signs what both agreed: after an accept, or on a request of the payee (spec REL-17, REL-18). */
import {
  decodeFile,
  equalBytes,
  fail,
  itemNames,
  nameOf,
  ok,
  stateHash,
  type BundleItem,
  type ChainId,
  type Result,
  type StateHash,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { readItem } from '../records/item.ts';
import { paymentRecords, type PaymentRecord } from '../records/payment.ts';
import { answerCommit, isCommitted, mayCommit, redraft, signCommit, verifyAgreement } from './agreement.ts';
import { commitToRequest } from './commit-request.ts';
import { exchangeOf, openMessage, type Decide, type Exchanged } from './common.ts';
import { replayTo } from './halves.ts';

export interface CommitOptions {
  readonly compact?: boolean | undefined;
  /** Asked about a request; an own offer was decided when it was made. */
  readonly decide?: Decide | undefined;
}

/** Commits to an accept of an own offer, or to a request. */
export async function commit(
  device: Device,
  bytes: Uint8Array,
  options: CommitOptions = {},
): Promise<Result<Exchanged>> {
  const file = decodeFile(device.suite, bytes);
  if (!file.ok) return file;
  return file.value.kind === 'request'
    ? commitToRequest(device, bytes, options)
    : commitToAccept(device, bytes, options.compact ?? false);
}

async function commitToAccept(device: Device, bytes: Uint8Array, compact: boolean): Promise<Result<Exchanged>> {
  const file = openMessage(device, 'accept', bytes);
  if (!file.ok) return file;
  const { items, content } = file.value;
  const named = await acceptedPayment(device, items, content.accept);
  if (!named.ok) return named;
  const { payment, chain } = named.value;
  const found = await exchangeOf(device, payment.payment);
  if (!found.ok) return found;
  const { proposal } = found.value.exchange;
  if (isCommitted(payment)) return answerCommit(device, payment, compact);
  const replay = await replayTo(device, items, chain, content.accept);
  if (!replay.ok) return replay;
  const agreement = { proposal, accept: content.accept };
  const read = await verifyAgreement(device, agreement, items, replay.value);
  if (!read.ok) return read;
  const timely = mayCommit(device, payment, read.value.facts);
  if (!timely.ok) return timely;
  const draft = await redraft(device, read.value.facts, []);
  if (!draft.ok) return draft;
  return signCommit(device, {
    payment,
    agreement,
    items,
    relationship: found.value.relationship,
    replay: replay.value,
    draft: draft.value,
    ...read.value,
    compact,
  });
}

/** The own offer that an accept answers. */
async function acceptedPayment(
  device: Device,
  items: readonly BundleItem[],
  accept: StateHash,
): Promise<Result<{ readonly payment: PaymentRecord; readonly chain: ChainId }>> {
  const body = items.find((item) => item.type === 'body' && equalBytes(stateHash(device.suite, item.body), accept));
  if (body?.type !== 'body') {
    return fail('E_INCOMPLETE', 'BND-2', 'the accept itself is missing', { missing: [itemNames.body(accept)] });
  }
  const name = itemNames.operation(body.body.op);
  const sent = items.find((item) => item.type === 'operation' && opMatches(device, item, name));
  const item = sent ?? (await readItem(device, name));
  const operation = item?.type === 'operation' && item.operation.kind === 'half' ? item.operation.operation : undefined;
  if (operation?.type !== 'accept') return fail('E_OPERATION', 'REL-15', 'not an accept');
  const payment = await paymentRecords.read(device, operation.precommit);
  if (payment?.direction !== 'out') return fail('E_NOT_FOUND', 'REL-16', 'the accept answers no offer of this device');
  return ok({ payment, chain: body.body.chain });
}

const opMatches = (device: Device, item: BundleItem, name: string): boolean => nameOf(device.suite, item) === name;
