/** The terms of a half that this device keeps, or that came along. */
import {
  equalBytes,
  indexItems,
  itemNames,
  stateHash,
  type BundleItem,
  type ChainId,
  type HalfGenesis,
  type StateHash,
} from '@dsm/core';
import type { Storage } from '../device.ts';
import { readItem } from '../records/item.ts';

const termsIn = (item: BundleItem | undefined): HalfGenesis | undefined => {
  const operation = item?.type === 'operation' && item.operation.kind === 'half' ? item.operation.operation : undefined;
  return operation?.type === 'genesis' ? operation : undefined;
};

export async function readHalfTerms(storage: Storage, half: ChainId): Promise<HalfGenesis | undefined> {
  const body = await readItem(storage, itemNames.genesis(half));
  return body?.type === 'body' ? termsIn(await readItem(storage, itemNames.operation(body.body.op))) : undefined;
}

/** Those of a half that came along, else those of one that is held. */
export async function readShownTerms(
  storage: Storage,
  items: readonly BundleItem[],
  half: ChainId,
): Promise<HalfGenesis | undefined> {
  const byName = indexItems(storage.suite, items);
  const body = byName.get(itemNames.genesis(half));
  const shown = body?.type === 'body' ? termsIn(byName.get(itemNames.operation(body.body.op))) : undefined;
  return shown ?? readHalfTerms(storage, half);
}

/** The chain of a state of a half, from what came along or is held. */
export async function chainOfState(
  storage: Storage,
  items: readonly BundleItem[],
  state: StateHash,
): Promise<ChainId | undefined> {
  const sent = items.find((item) => item.type === 'body' && equalBytes(stateHash(storage.suite, item.body), state));
  const item = sent ?? (await readItem(storage, itemNames.body(state)));
  return item?.type === 'body' ? item.body.chain : undefined;
}
