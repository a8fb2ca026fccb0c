import { decodeItem, isVoid, stateHash, toHex, type Body } from '@dsm/core';
import type { MakeCheck } from './check.ts';
import { placeText } from './chronicle.ts';

/**
 * No honest device ever signs two states for one (chain, index). Where a place below came to nothing, the void of that
 * place is final and the owner goes on above it: what it had signed above the dead state is dead too (EVD-2). A restored device does
 * not know what it signed, and waits until nobody can take that any more (EVD-3).
 */
export const oneSignature: MakeCheck = ({ suite, facts }, chronicle) => {
  const signed = new Map<string, string>();

  /** The two bodies above the newest state that both have below them. */
  const findFork = (before: string, after: string): readonly [Body, Body] | undefined => {
    let one = chronicle.body(before);
    let other = chronicle.body(after);
    while (one && other && Buffer.compare(one.prev, other.prev) !== 0) {
      one = chronicle.body(toHex(one.prev));
      other = chronicle.body(toHex(other.prev));
    }
    return one && other && [one, other];
  };

  const mayFollow = (before: string, after: string): boolean => {
    const [one, other] = findFork(before, after) ?? [];
    if (!one || other?.kind !== 'account') return false;
    if (chronicle.operation(toHex(other.op))?.operation.type === 'restored') {
      return one.window.until + facts.gapMs < other.window.from;
    }
    if (!isVoid(suite, other)) return false;
    const final = chronicle.finals.get(placeText(other.chain, other.index));
    return final?.hash === toHex(stateHash(suite, other));
  };

  return {
    name: 'one signature',
    sentence: 'No honest device ever signs two states for one (chain, index).',
    see(fact) {
      if (fact.type !== 'signature' || fact.purpose !== 'state' || !fact.by.honest) return undefined;
      const message = decodeItem(fact.message);
      if (!message.ok || !Array.isArray(message.value)) return 'a message that cannot be read is signed';
      const [, chain, from, to, hash] = message.value as [Uint8Array, Uint8Array, number, number, Uint8Array];
      const name = toHex(hash);
      for (let index = from; index <= to; index++) {
        const place = `${toHex(chain)} ${index}`;
        const before = signed.get(place);
        if (before !== undefined && before !== name && !mayFollow(before, name)) {
          return `${fact.by.name} signs ${name.slice(0, 8)} after ${before.slice(0, 8)} at ${index} of ${toHex(chain).slice(0, 8)}`;
        }
        signed.set(place, name);
      }
      return undefined;
    },
  };
};
