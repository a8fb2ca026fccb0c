/** Items of evidence as each honest participant has written them, decoded when somebody asks. */
import {
  indexItems,
  bundleItemCodec,
  decodeItem,
  decodeWith,
  type BundleItem,
  type CryptoSuite,
  type Finder,
} from '@dsm/core';
import type { Fact } from '../world/facts.ts';
import type { Participant } from '../world/participant.ts';

export interface Holdings {
  take(fact: Fact): void;
  /** What this participant holds, and nothing else. */
  own(by: Participant): Finder;
  /** What this participant holds, else what any other honest one does. */
  any(by?: Participant): Finder;
}

const utf8 = new TextDecoder();

/** Wallets wrap what they store: check, content. */
function contentOf(kind: Participant['kind'], put: Uint8Array): Uint8Array | undefined {
  if (kind === 'node') return put;
  const sealed = decodeItem(put, put.length);
  const content: unknown = sealed.ok && Array.isArray(sealed.value) ? sealed.value[1] : undefined;
  return content instanceof Uint8Array ? content : undefined;
}

export function createHoldings(suite: CryptoSuite): Holdings {
  const codec = bundleItemCodec(suite);
  const held = new Map<string, Map<string, Uint8Array>>();
  const all = new Map<string, readonly [Participant['kind'], Uint8Array]>();
  const decoded = new WeakMap<Uint8Array, BundleItem>();

  const decode = (kind: Participant['kind'], put: Uint8Array): BundleItem | undefined => {
    const known = decoded.get(put);
    if (known) return known;
    const content = contentOf(kind, put);
    const item = content && decodeWith(codec, content, 'item');
    if (item?.ok) decoded.set(put, item.value);
    return item?.ok ? item.value : undefined;
  };

  return {
    take(fact) {
      if (fact.type === 'lost') held.delete(fact.by.name);
      if (fact.type !== 'commit' || !fact.by.honest) return;
      const own = held.get(fact.by.name) ?? new Map<string, Uint8Array>();
      held.set(fact.by.name, own);
      for (const write of fact.writes) {
        if (write.collection !== 'item') continue;
        const name = utf8.decode(write.key);
        if (!('put' in write)) {
          own.delete(name);
          continue;
        }
        own.set(name, write.put);
        all.set(name, [fact.by.kind, write.put]);
      }
    },
    own: (by) => (name) => {
      const put = held.get(by.name)?.get(name);
      return put && decode(by.kind, put);
    },
    any: (by) => (name) => {
      const own = by && held.get(by.name)?.get(name);
      if (own) return decode(by.kind, own);
      const found = all.get(name);
      return found && decode(...found);
    },
  };
}

/** Items that came along go before those that were there. */
export function overlaid(suite: CryptoSuite, items: readonly BundleItem[], find: Finder): Finder {
  const byName = indexItems(suite, items);
  return (name) => byName.get(name) ?? find(name);
}
