/** Items of evidence by name: everything that a verifier may ask for (spec BND-2). */
import { bundleItemCodec, itemNames, nameOf, type BundleItem, type Write } from '@dsm/core';
import type { Storage } from '../device.ts';
import { textKey } from './codecs.ts';
import { defineCollection, type Collection } from './collection.ts';

export const itemRecords: Collection<BundleItem> = defineCollection('item', bundleItemCodec);

export const readItem = (storage: Storage, name: string): Promise<BundleItem | undefined> =>
  itemRecords.read(storage, textKey(name));

/** Each item under its name, a genesis also under that of its chain. */
export const putItems = (storage: Pick<Storage, 'suite'>, items: readonly BundleItem[]): Write[] =>
  items.flatMap((item) => {
    const names = [nameOf(storage.suite, item)];
    if (item.type === 'body' && item.body.index === 0) names.push(itemNames.genesis(item.body.chain));
    return names.map((name) => itemRecords.put(storage, textKey(name), item));
  });
