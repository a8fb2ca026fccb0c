/** Finals in the store: the slot is closed, the tip moves on, what was paid is listed under its payees (spec NET-17). */
import {
  amount,
  decodeWith,
  encodeWith,
  hash,
  itemNames,
  outputsOf,
  record,
  StoreError,
  uint,
  type Certificate,
  type ChainId,
  type Codec,
  type Credit,
  type Operation,
  type Output,
  type Place,
  type Store,
  type TokenId,
} from '@dsm/core';
import type { NodeContext } from '../context.ts';
import { decideFinal, type Reply } from '../slot.ts';
import { keepItems, loadItem } from './items.ts';
import { COLLECTIONS, numberKey, placeKey, readNumber } from './keys.ts';
import { readSlot, readTip, writeSlot, writeTip } from './slots.ts';
import type { Transaction } from './transaction.ts';

type StoredCredit = Omit<Credit, 'cursor'>;

const creditCodec: Codec<StoredCredit> = record<StoredCredit>({
  source: hash<ChainId>(),
  index: uint(),
  output: uint(),
  token: hash<TokenId>(),
  amount,
});

/**
 * Takes in a verified Final. The operation may be lacking, where a Final came along as the evidence of something
 * else; the payments are listed once it is brought.
 */
export async function storeFinal(
  node: NodeContext,
  transaction: Transaction,
  certificate: Certificate,
  operation: Operation | undefined,
): Promise<Reply> {
  const { chain, index } = certificate;
  const before = await readSlot(transaction, certificate);
  const decision = decideFinal(before, certificate.hash);
  if (decision.reply.type === 'conflict') {
    node.log({ atMs: node.clock(), level: 'error', event: 'two Finals for one slot: more than f nodes are dishonest' });
    return decision.reply;
  }
  const listed = before.listed || operation !== undefined;
  if (before.final !== null && listed === before.listed) return decision.reply;
  writeSlot(transaction, certificate, { ...decision.record, listed });
  await keepItems(node, transaction, [{ type: 'certificate', certificate }]);
  const tip = await readTip(transaction, chain);
  if (tip === undefined || tip < index) writeTip(transaction, chain, index);
  if (operation !== undefined) {
    await noteRestored(transaction, certificate, operation);
    for (const [output, credit] of outputsOf(operation).entries()) {
      await listCredit(transaction, certificate, output, credit);
    }
  }
  return decision.reply;
}

/** Whoever deals with the account asks for it: its older halves are closed (spec NET-50). */
async function noteRestored(
  transaction: Transaction,
  { chain, index }: Certificate,
  { kind, operation }: Operation,
): Promise<void> {
  if (kind !== 'account' || operation.type !== 'restored') return;
  const known = await transaction.read(COLLECTIONS.restored, chain);
  if (known === undefined || readNumber(known) < index) {
    transaction.write(COLLECTIONS.restored, chain, numberKey(index));
  }
}

/** Index of the newest final `restored` state of an account. */
export async function readRestored(store: Store, account: ChainId): Promise<number | undefined> {
  const index = await store.get(COLLECTIONS.restored, account);
  return index && readNumber(index);
}

async function listCredit(
  transaction: Transaction,
  { chain: source, index }: Certificate,
  output: number,
  { to, token, amount }: Output,
): Promise<void> {
  const count = await transaction.read(COLLECTIONS.creditCount, to);
  const cursor = (count ? readNumber(count) : 0) + 1;
  transaction.write(COLLECTIONS.creditCount, to, numberKey(cursor));
  const credit = encodeWith(creditCodec, { source, index, output, token, amount });
  transaction.write(COLLECTIONS.credit, placeKey(to, cursor), credit);
}

export async function readCertificate(
  { suite, store }: NodeContext,
  { chain, index }: Place,
): Promise<Certificate | undefined> {
  const item = await loadItem(suite, store, itemNames.certificate(chain, index));
  return item?.type === 'certificate' ? item.certificate : undefined;
}

/** Credits of a chain in the order of their arrival, after a cursor. */
export async function readCredits(store: Store, to: ChainId, after: number, limit: number): Promise<readonly Credit[]> {
  const found = await store.scan(COLLECTIONS.credit, { prefix: to, after: placeKey(to, after), limit });
  return found.map(({ key, value }) => {
    const credit = decodeWith(creditCodec, value, 'credit');
    if (!credit.ok) throw new StoreError({ code: 'E_DAMAGED', rule: 'STO-5', message: 'a credit cannot be read' });
    return Object.assign(credit.value, { cursor: readNumber(key.slice(to.length)) });
  });
}
