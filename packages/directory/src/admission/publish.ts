/** An account and its identity become known by their ids (spec NET-22). */
import {
  missing,
  ok,
  stateHash,
  verifyAccountGenesis,
  type ChainTip,
  type PublishRequest,
  type Result,
} from '@dsm/core';
import { noteAccount } from '../store/accounts.ts';
import { keepItems, overlayOf } from '../store/items.ts';
import { broughtOf, type Node } from './settle.ts';
import { verifyWithStore } from '../store/verify.ts';

export async function publish(node: Node, { account, items }: PublishRequest): Promise<Result<ChainTip>> {
  const overlay = overlayOf(node.suite, items);
  if (!overlay.ok) return overlay;
  const { result, used } = await verifyWithStore(node, overlay.value, (context) => {
    const body = context.evidence.genesis(account);
    if (!body) return missing('genesis', account);
    const genesis = verifyAccountGenesis(context, account);
    return genesis.ok ? ok({ body, operation: genesis.value }) : genesis;
  });
  if (!result.ok) return result;
  const { body, operation } = result.value;
  const answered = await node.sequencer.run(async (batch) => {
    await keepItems(node, batch, broughtOf(items, used));
    await noteAccount(batch, account, { kind: 'account', operation });
    return { value: undefined, leaf: null };
  });
  return answered.ok ? ok({ index: 0, hash: stateHash(node.suite, body), certificate: null }) : answered;
}
