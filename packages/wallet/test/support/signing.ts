/** A crypto suite that remembers for which places which states were signed: a device signs one for each. */
import { decodeItem, must, toHex, type CryptoSuite, type Item } from '@dsm/core';

export interface SignatureWatch {
  readonly suite: CryptoSuite;
  /** Places with more than one signed state: `chain index`. Must stay empty. */
  twice(): readonly string[];
  /** Signatures over states made so far. */
  count(): number;
}

export function watchSignatures(inner: CryptoSuite): SignatureWatch {
  const signed = new Map<string, Set<string>>();
  let count = 0;
  return {
    suite: {
      ...inner,
      sign(secretKey, purpose, message) {
        if (purpose === 'state') {
          const [, chain, from, , hash] = must(decodeItem(message)) as readonly Item[];
          const place = `${toHex(chain as Uint8Array)} ${String(from)}`;
          signed.set(place, (signed.get(place) ?? new Set()).add(toHex(hash as Uint8Array)));
          count += 1;
        }
        return inner.sign(secretKey, purpose, message);
      },
    },
    twice: () => [...signed].filter(([, hashes]) => hashes.size > 1).map(([place]) => place),
    count: () => count,
  };
}
