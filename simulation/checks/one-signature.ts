import { decodeItem, toHex } from '@dsm/core';
import type { MakeCheck } from './check.ts';

/** No honest device ever signs two states for one (chain, index). */
export const oneSignature: MakeCheck = () => {
  const signed = new Map<string, string>();
  return {
    name: 'one signature',
    sentence: 'No honest device ever signs two states for one (chain, index).',
    see(fact) {
      if (fact.type !== 'signature' || fact.purpose !== 'state' || !fact.by.honest) return undefined;
      const message = decodeItem(fact.message);
      if (!message.ok || !Array.isArray(message.value)) return 'a message that cannot be read is signed';
      const [, chain, from, to, hash] = message.value as [Uint8Array, Uint8Array, number, number, Uint8Array];
      for (let index = from; index <= to; index++) {
        const place = `${toHex(chain)} ${index}`;
        const before = signed.get(place);
        if (before !== undefined && before !== toHex(hash)) {
          return `${fact.by.name} signs ${toHex(hash).slice(0, 8)} after ${before.slice(0, 8)} at ${index} of ${toHex(chain).slice(0, 8)}`;
        }
        signed.set(place, toHex(hash));
      }
      return undefined;
    },
  };
};
