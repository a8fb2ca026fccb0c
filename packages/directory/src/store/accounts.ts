/** Accounts that can be found by their own id and by that of their identity. */
import { concatBytes, HASH_BYTES, type ChainId, type Operation, type Store } from '@dsm/core';
import { COLLECTIONS } from './keys.ts';
import type { Transaction } from './transaction.ts';

const NOTHING = new Uint8Array(0);

/** Notes an account whose genesis was verified; `genesis` is the operation of its first state. */
export async function noteAccount(transaction: Transaction, account: ChainId, genesis: Operation): Promise<void> {
  if (genesis.kind !== 'account' || genesis.operation.type !== 'genesis') return;
  const { identity } = genesis.operation;
  if ((await transaction.peek(COLLECTIONS.account, account)) !== undefined) return;
  transaction.write(COLLECTIONS.account, account, identity);
  transaction.write(COLLECTIONS.identity, concatBytes([identity, account]), NOTHING);
}

/** The account of this id, or all accounts of the identity of this id. */
export async function findAccounts(store: Store, id: ChainId, limit: number): Promise<readonly ChainId[]> {
  if (await store.get(COLLECTIONS.account, id)) return [id];
  const found = await store.scan(COLLECTIONS.identity, { prefix: id, limit });
  return found.map(({ key }) => key.slice(HASH_BYTES) as ChainId);
}
