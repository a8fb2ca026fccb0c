/** What a verified state taught the node beside itself (spec NET-20). */
import { indexItems, itemNames, type BundleItem, type Transition } from '@dsm/core';
import { noteAccount } from '../store/accounts.ts';
import { storeFinal } from '../store/finals.ts';
import { keepItems } from '../store/items.ts';
import type { Transaction } from '../store/transaction.ts';
import type { Node } from './settle.ts';

/** What the submission proved on the way: Finals of other states, and an account with its identity. */
export async function learn(
  node: Node,
  transaction: Transaction,
  { parent }: Transition,
  brought: readonly BundleItem[],
  used: readonly BundleItem[],
): Promise<void> {
  const byName = indexItems(node.suite, used);
  for (const item of brought) {
    if (item.type !== 'certificate') continue;
    const body = byName.get(itemNames.body(item.certificate.hash));
    const operation = body?.type === 'body' ? byName.get(itemNames.operation(body.body.op)) : undefined;
    await keepItems(
      node,
      transaction,
      [body, operation].filter((found) => found !== undefined),
    );
    await storeFinal(
      node,
      transaction,
      item.certificate,
      operation?.type === 'operation' ? operation.operation : undefined,
    );
  }
  const first = byName.get(itemNames.operation(parent.op));
  if (parent.index === 0 && first?.type === 'operation') {
    await noteAccount(transaction, parent.chain, first.operation);
  }
}
