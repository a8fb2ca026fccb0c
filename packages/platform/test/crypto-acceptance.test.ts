import { cryptoAcceptance, type CryptoSuite } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { SUITES } from './support/suites.ts';

describe.each(Object.entries(SUITES))('%s crypto suite', (_, suite) => {
  for (const { name, run } of cryptoAcceptance) test(name, () => run(suite));
});

describe('the acceptance suite finds suites that break the port', () => {
  const sound = SUITES.node;
  const broken: Record<string, Partial<CryptoSuite>> = {
    'one tag for all hashes': { hash: (_, message) => sound.hash('state', message) },
    'one purpose for all signatures': {
      sign: (key, _, message) => sound.sign(key, 'state', message),
      verify: (key, _, message, signature) => sound.verify(key, 'state', message, signature),
    },
    'any signature verifies': { verify: () => true },
    'no signature verifies': { verify: () => false },
    'verify throws': {
      verify: (key, purpose, message, signature) => {
        if (signature.length < 2_420) throw new Error('too short');
        return sound.verify(key, purpose, message, signature);
      },
    },
    'associated data is ignored': {
      seal: (key, nonce, plaintext) => sound.seal(key, nonce, plaintext, new Uint8Array(0)),
      open: (key, nonce, ciphertext) => sound.open(key, nonce, ciphertext, new Uint8Array(0)),
    },
    'entropy is ignored': { encapsulate: (key) => sound.encapsulate(key, new Uint8Array(64)) },
    'the seed is ignored': { signatureKeyPair: (algorithm) => sound.signatureKeyPair(algorithm, new Uint8Array(32)) },
    'the salt is ignored': { stretch: (passphrase, _, cost) => sound.stretch(passphrase, new Uint8Array(16), cost) },
  };

  // Without the slow parameter set: two fast ones show the same.
  const cases = cryptoAcceptance.filter(({ name }) => !name.includes('128s'));

  test.each(Object.keys(broken))('%s', (name) => {
    const suite = { ...sound, ...broken[name] };
    const failed = cases.filter(({ run }) => {
      try {
        run(suite);
        return false;
      } catch {
        return true;
      }
    });
    expect(failed).not.toEqual([]);
  });
});
