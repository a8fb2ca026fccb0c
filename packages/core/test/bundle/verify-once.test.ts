import { verifyMessage, verifyOnce, signMessage, type ChainId, type NetworkId } from '@dsm/core';
import { expect, test } from 'vitest';
import { countingSuite, makeKey, seed } from '../../../../tests/kit/index.ts';

const { publicKey, secretKey } = makeKey('signer');
const message = { network: seed('net') as NetworkId, chain: seed('chain') as ChainId, from: 1, to: 1, hash: seed('h') };

test('a signature is verified once, whatever object it comes in', () => {
  const counting = countingSuite();
  const suite = verifyOnce(counting);
  const signature = signMessage(counting, secretKey, 'state', message);
  for (const copy of [signature, signature, Uint8Array.from(signature)]) {
    expect(verifyMessage(suite, publicKey, 'state', message, copy)).toBe(true);
  }
  expect(counting.counts.verify).toBe(1);
});

test('nothing is taken for what was verified but the same signature of the same key, purpose and message', () => {
  const counting = countingSuite();
  const suite = verifyOnce(counting);
  const signature = signMessage(counting, secretKey, 'state', message);
  expect(verifyMessage(suite, publicKey, 'state', message, signature)).toBe(true);
  const end = signature.map((byte, i) => (i === signature.length - 1 ? byte ^ 1 : byte));
  const others = [
    verifyMessage(suite, publicKey, 'state', message, end),
    verifyMessage(suite, publicKey, 'claim', message, signature),
    verifyMessage(suite, publicKey, 'state', { ...message, to: 2 }, signature),
    verifyMessage(suite, makeKey('other').publicKey, 'state', message, signature),
  ];
  expect(others).toEqual([false, false, false, false]);
  expect(counting.counts.verify).toBe(5);
  // And a wrong one stays wrong.
  expect(verifyMessage(suite, publicKey, 'state', message, end)).toBe(false);
  expect(counting.counts.verify).toBe(5);
});
