/** Verifiers over what this device holds: items and places known to be final. */
import {
  indexItems,
  itemNames,
  runWithItems,
  verifyOnce,
  type BundleItem,
  type ChainId,
  type Context,
  type Evidence,
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
  const suite = verifyOnce(device.suite);
  for (;;) {
    const wanted = new Map<string, readonly [ChainId, number]>();
    const knownFinal: KnownFinal = (chain, index) => {
      const name = itemNames.certificate(chain, index);
      if (!asked.has(name)) wanted.set(name, [chain, index]);
      return known.get(name);
    };
    const run = (context: Context): Result<T> =>
      verify({ ...context, evidence: withoutCertificates(context.evidence, wanted) });
    const loaded = await runOverItems({ ...device, suite }, overlay, run, knownFinal, load);
    if (wanted.size === 0) return loaded;
    for (const [name, [chain, index]] of wanted) {
      asked.add(name);
      const hash = await readFinal(device, chain, index);
      if (hash !== undefined) known.set(name, hash);
    }
  }
}

/** No certificate is verified before it is certain that the device does not know the place to be final. */
const withoutCertificates = (evidence: Evidence, wanted: ReadonlyMap<string, unknown>): Evidence => ({
  ...evidence,
  certificate: (chain, index) =>
    wanted.has(itemNames.certificate(chain, index)) ? undefined : evidence.certificate(chain, index),
});

/**
 * Runs a verifier over `overlay` and the items of this device as a stranger would, who knows nothing to be final.
 * `used` then is what a self-contained file or submission carries.
 */
export const runAlone = <T>(
  device: Held,
  overlay: readonly BundleItem[],
  verify: (context: Context) => Result<T>,
  load?: ItemLoader,
): Promise<Loaded<T>> => runOverItems({ ...device, suite: verifyOnce(device.suite) }, overlay, verify, undefined, load);

function runOverItems<T>(
  device: Held,
  overlay: readonly BundleItem[],
  verify: (context: Context) => Result<T>,
  knownFinal: KnownFinal | undefined,
  load: ItemLoader | undefined,
): Promise<Loaded<T>> {
  const byName = indexItems(device.suite, overlay);
  return runWithItems(
    device.suite,
    load ?? ((name) => readItem(device, name)),
    (name) => byName.get(name),
    (evidence) => verify(contextOf(device, evidence)),
    knownFinal,
  );
}
