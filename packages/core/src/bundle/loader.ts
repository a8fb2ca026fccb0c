/**
 * Running a synchronous verifier over items that live in an asynchronous store: run, see what it asked for in vain,
 * load that, run again until nothing new turns up. Verifiers stay pure and every store serves.
 */
import type { CryptoSuite } from '../crypto/suite.ts';
import type { Result } from '../result.ts';
import { evidenceFrom, type Evidence, type Finder, type KnownFinal } from './evidence.ts';
import type { BundleItem } from './items.ts';
import { nameOf } from './names.ts';

export type ItemLoader = (name: string) => Promise<BundleItem | undefined>;

export interface Loaded<T> {
  readonly result: Result<T>;
  /** Every item that the last run used, whatever its origin. */
  readonly used: readonly BundleItem[];
}

/** `overlay` goes before the store; its items are those that came along with a message. */
export async function runWithItems<T>(
  suite: CryptoSuite,
  load: ItemLoader,
  overlay: Finder,
  verify: (evidence: Evidence) => Result<T>,
  knownFinal?: KnownFinal,
): Promise<Loaded<T>> {
  const loaded = new Map<string, BundleItem>();
  const absent = new Set<string>();
  for (;;) {
    const wanted = new Set<string>();
    const used = new Set<BundleItem>();
    const find: Finder = (name) => {
      const item = overlay(name) ?? loaded.get(name);
      if (item) used.add(item);
      else if (!absent.has(name)) wanted.add(name);
      return item;
    };
    const result = verify(evidenceFrom(find, knownFinal));
    let progress = false;
    for (const name of wanted) {
      const item = await load(name);
      if (item) loaded.set(name, item);
      else absent.add(name);
      progress ||= item !== undefined;
    }
    if (!progress) return { result, used: oneEach(suite, used) };
  }
}

/** A genesis is found under two names, may have been loaded twice, and is one item all the same. */
const oneEach = (suite: CryptoSuite, items: ReadonlySet<BundleItem>): readonly BundleItem[] => [
  ...new Map([...items].map((item) => [nameOf(suite, item), item])).values(),
];
