/** A chain of this device's own that begins here and is nobody's to certify: a half, a strand. */
import {
  stateHash,
  type BundleItem,
  type Genesis,
  type HalfGenesis,
  type StrandGenesis,
  type Tip,
  type Write,
} from '@dsm/core';
import type { Device } from '../device.ts';
import { putChain } from '../records/chain.ts';
import { placeKey } from '../records/codecs.ts';
import { putItems } from '../records/item.ts';
import { putLeaves } from '../records/leaf.ts';
import { stateRecords } from '../records/state.ts';

type Begun =
  | { readonly kind: 'half'; readonly operation: HalfGenesis }
  | { readonly kind: 'strand'; readonly operation: StrandGenesis };

/** Rows and items of its first state. */
export function installChain(device: Device, { body, tree }: Genesis, begun: Begun): readonly Write[] {
  const tip: Tip = { index: 0, hash: stateHash(device.suite, body) };
  const items: readonly BundleItem[] = [
    { type: 'body', body },
    { type: 'operation', operation: begun },
  ];
  return [
    ...putItems(device, items),
    ...putLeaves(device, body.chain, tree),
    stateRecords.put(device, placeKey(body.chain, 0), {
      hash: tip.hash,
      status: 'final',
      mode: 'online',
      attached: [],
    }),
    putChain(device, body.chain, { kind: begun.kind, tip, certifiedTip: tip, k: begun.operation.k }),
  ];
}
