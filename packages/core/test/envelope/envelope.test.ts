import {
  encodeItem,
  envelopeId,
  KEM_PUBLIC_KEY_BYTES,
  LIMITS,
  must,
  openEnvelope,
  sealEnvelope,
  type NetworkId,
  type Result,
  type Sealing,
} from '@dsm/core';
import { nodeCryptoSuite, systemEntropy } from '@dsm/platform/node';
import { portableCryptoSuite } from '@dsm/platform/portable';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const suite = nodeCryptoSuite();
const network = new Uint8Array(32).fill(7) as NetworkId;
const sealing: Sealing = { suite, network };
const bob = suite.kemKeyPair(new Uint8Array(32).fill(1));
const carol = suite.kemKeyPair(new Uint8Array(32).fill(2));
const random = () => systemEntropy(64);
const message = new TextEncoder().encode('for Bob alone');
const refusal = (result: Result<unknown>): string => (result.ok ? 'ok' : `${result.error.code} ${result.error.rule}`);

describe('an envelope', () => {
  test('ENV-1, ENV-2: its receiver reads it, in every implementation', () => {
    for (const size of [0, 1, 1_000, 100_000]) {
      const plain = systemEntropy(size);
      const sealed = must(sealEnvelope(sealing, bob.publicKey, random(), plain));
      expect(must(openEnvelope(sealing, bob, sealed))).toEqual(plain);
    }
    const sealed = must(sealEnvelope({ suite: portableCryptoSuite(), network }, bob.publicKey, random(), message));
    expect(must(openEnvelope(sealing, bob, sealed))).toEqual(message);
  });

  test('ENV-2: nobody else reads it, and not in another network', () => {
    const sealed = must(sealEnvelope(sealing, bob.publicKey, random(), message));
    expect(refusal(openEnvelope(sealing, carol, sealed))).toBe('E_ENVELOPE ENV-2');
    const elsewhere = { suite, network: new Uint8Array(32).fill(8) as NetworkId };
    expect(refusal(openEnvelope(elsewhere, bob, sealed))).toBe('E_ENVELOPE ENV-2');
  });

  test('ENV-2: two of one message have nothing in common but their length', () => {
    const one = must(sealEnvelope(sealing, bob.publicKey, random(), message));
    const other = must(sealEnvelope(sealing, bob.publicKey, random(), message));
    expect(other.length).toBe(one.length);
    expect(other.slice(-message.length - 16)).not.toEqual(one.slice(-message.length - 16));
  });

  test('ENV-2: a key that is none is refused', () => {
    for (const key of [new Uint8Array(0), new Uint8Array(KEM_PUBLIC_KEY_BYTES).fill(255)]) {
      expect(refusal(sealEnvelope(sealing, key, random(), message))).toBe('E_ENVELOPE ENV-2');
    }
  });

  test('ENV-3: the same bytes have the same id, others another', () => {
    const one = must(sealEnvelope(sealing, bob.publicKey, random(), message));
    const other = must(sealEnvelope(sealing, bob.publicKey, random(), message));
    expect(envelopeId(suite, one.slice())).toEqual(envelopeId(suite, one));
    expect(envelopeId(suite, other)).not.toEqual(envelopeId(suite, one));
  });

  test('ENV-4: every flipped bit and every cut is refused without a throw', () => {
    const sealed = must(sealEnvelope(sealing, bob.publicKey, random(), message));
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const turned = sealed.with(at, (sealed.at(at) ?? 0) ^ change);
        expect(refusal(openEnvelope(sealing, bob, turned))).not.toBe('ok');
        expect(refusal(openEnvelope(sealing, bob, sealed.slice(0, at)))).not.toBe('ok');
      }),
      { numRuns: 200 },
    );
  });

  test('ENV-4: arbitrary bytes are refused without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(openEnvelope(sealing, bob, bytes).ok).toBe(false);
      }),
    );
    const wrong = encodeItem(['dsm-envelope', 1, new Uint8Array(1_119), new Uint8Array(16)]);
    expect(refusal(openEnvelope(sealing, bob, wrong))).toBe('E_FORMAT ENC-3');
  });

  test('ENV-1: what is too long is E_LIMIT, on both sides', () => {
    const long = new Uint8Array(LIMITS.fileBytes + 1);
    expect(refusal(sealEnvelope(sealing, bob.publicKey, random(), long))).toBe('E_LIMIT ENV-1');
    expect(refusal(openEnvelope(sealing, bob, new Uint8Array(101), 100))).toBe('E_LIMIT ENV-1');
    const longest = must(sealEnvelope(sealing, bob.publicKey, random(), long.subarray(1)));
    expect(longest.length).toBeLessThanOrEqual(LIMITS.envelopeBytes);
    expect(must(openEnvelope(sealing, bob, longest)).length).toBe(LIMITS.fileBytes);
  });
});
