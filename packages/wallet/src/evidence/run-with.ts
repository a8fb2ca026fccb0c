/** Verifiers over what this device holds: items and places known to be final. */
import {
  indexItems,
  runWithItems,
  toHex,
  type BundleItem,
  type Context,
  type ItemLoader,
  type KnownFinal,
  type Loaded,
  type Result,
  type StateHash,
} from '@dsm/core';
import { contextOf, type Device } from '../device.ts';
import { readFinal } from '../records/final.ts';
import { readItem } from '../records/item.ts';

type Held = Pick<Device, 'store' | 'suite' | 'network'>;

/**
 * Runs a verifier over `overlay`, then the items of this device, or what `load` hands out of them. Places that the
 * device knows to be final are taken as such, so their certificates need not be there and are not verified again.
 */
export async function runWith<T>(
  device: Held,
  overlay: readonly BundleItem[],
  verify: (context: Context) => Result<T>,
  load?: ItemLoader,
): Promise<Loaded<T>> {
  const known = new Map<string, StateHash>();
  const asked = new Set<string>();
  for (;;) {
    const wanted: { chain: Parameters<KnownFinal>[0]; index: number; name: string }[] = [];
    const knownFinal: KnownFinal = (chain, index) => {
      const name = `${toHex(chain)} ${index}`;
      if (!asked.has(name)) wanted.push({ chain, index, name });
      return known.get(name);
    };
    const loaded = await runOverItems(device, overlay, verify, knownFinal, load);
    let progress = false;
    for (const { chain, index, name } of wanted) {
      if (asked.has(name)) continue;
      asked.add(name);
      const hash = await readFinal(device, chain, index);
      if (hash === undefined) continue;
      known.set(name, hash);
      progress = true;
    }
    if (!progress) return loaded;
  }
}

/**
 * Runs a verifier over `overlay` and the items of this device as a stranger would, who knows nothing to be final.
 * `used` then is what a self-contained file or submission carries.
 */
export const runAlone = <T>(
  device: Held,
  overlay: readonly BundleItem[],
  verify: (context: Context) => Result<T>,
): Promise<Loaded<T>> => runOverItems(device, overlay, verify, undefined);

function runOverItems<T>(
  device: Held,
  overlay: readonly BundleItem[],
  verify: (context: Context) => Result<T>,
  knownFinal: KnownFinal | undefined,
  load: ItemLoader = (name) => readItem(device, name),
): Promise<Loaded<T>> {
  const byName = indexItems(device.suite, overlay);
  return runWithItems(
    device.suite,
    load,
    (name) => byName.get(name),
    (evidence) => verify(contextOf(device, evidence)),
    knownFinal,
  );
}
