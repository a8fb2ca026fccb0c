/** The terms of a strand that this device keeps. */
import { done, fail, itemNames, type ChainId, type Result, type StrandGenesis, type Transition } from '@dsm/core';
import type { Storage } from '../device.ts';
import { readItem } from '../records/item.ts';

/** The genesis of a strand. */
export async function readStrandTerms(storage: Storage, chain: ChainId): Promise<StrandGenesis | undefined> {
  const body = await readItem(storage, itemNames.genesis(chain));
  const item = body?.type === 'body' ? await readItem(storage, itemNames.operation(body.body.op)) : undefined;
  const operation =
    item?.type === 'operation' && item.operation.kind === 'strand' ? item.operation.operation : undefined;
  return operation?.type === 'genesis' ? operation : undefined;
}

/** Where intents are written and signed (spec MCH-16): never on a strand from before the restore. */
export async function requireWrittenStrand(
  storage: Storage,
  { body }: Pick<Transition, 'body'>,
  restoredAt: number,
): Promise<Result<undefined>> {
  const terms = await readStrandTerms(storage, body.chain);
  return terms && terms.base.index >= restoredAt
    ? done
    : fail('E_STALE', 'MCH-16', 'this strand is older than the restore: nothing is appended to it');
}
