/** Making this device's geneses known to the nodes, so that others find it by id. */
import { chainTipCodec, encodeWith, ok, publishRequestCodec, ROUTES, type Result } from '@dsm/core';
import { cardItems } from '../contacts/card.ts';
import type { Device } from '../device.ts';
import { guardStore } from '../guard.ts';
import { publishedRecords, SOLE } from '../records/meta.ts';
import { askNode } from './client.ts';

/** Tells the nodes that do not know this device yet. Answers how many do now. */
export const publishCard = (device: Device): Promise<Result<number>> =>
  guardStore(async () => {
    const known = (await publishedRecords.read(device, SOLE)) ?? [];
    const nodes = [...device.network.nodes.keys()].filter((node) => !known.includes(node));
    if (nodes.length === 0) return ok(known.length);
    const items = await cardItems(device, device.account);
    if (!items.ok) return items;
    const body = encodeWith(publishRequestCodec(device.suite), { account: device.account, items: items.value });
    const told = await Promise.all(
      nodes.map(async (node) => {
        const answer = await askNode(device, node, ROUTES.publish, body, chainTipCodec);
        return answer.ok ? [node] : [];
      }),
    );
    const now = [...known, ...told.flat()].toSorted((a, b) => a - b);
    if (now.length === known.length) return ok(known.length);
    const committed = await device.store.commit([publishedRecords.put(device, SOLE, now)]);
    return committed.ok ? ok(now.length) : committed;
  });
