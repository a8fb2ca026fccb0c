import {
  answerHello,
  HELLO_RANDOM_BYTES,
  LIMITS,
  makeHello,
  must,
  openFrame,
  openHello,
  openWelcome,
  sealFrame,
  WELCOME_RANDOM_BYTES,
  type ChainId,
  type Channel,
  type KemPair,
  type NetworkId,
  type Result,
  type Sealing,
} from '@dsm/core';
import { nodeCryptoSuite, systemEntropy } from '@dsm/platform/node';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const suite = nodeCryptoSuite();
const sealing: Sealing = { suite, network: new Uint8Array(32).fill(7) as NetworkId };
const pair = (seed: number): KemPair => suite.kemKeyPair(new Uint8Array(32).fill(seed));
const phone = pair(1);
const till = pair(2);
const thief = pair(3);
const account = new Uint8Array(32).fill(9) as ChainId;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const EMPTY = new Uint8Array(0);
const refusal = (result: Result<unknown>): string => (result.ok ? 'ok' : `${result.error.code} ${result.error.rule}`);

const greet = (listenerKey: Uint8Array = till.publicKey, card: Uint8Array = EMPTY) =>
  must(makeHello(sealing, { account, card }, listenerKey, systemEntropy(HELLO_RANDOM_BYTES)));

const answer = (hello: Uint8Array, own: KemPair = till, callerKey = phone.publicKey) =>
  must(
    answerHello(
      sealing,
      own,
      { bytes: hello, hello: must(openHello(sealing, own, hello)), callerKey },
      systemEntropy(WELCOME_RANDOM_BYTES),
    ),
  );

/** Both ends, after the caller's frame 0. */
function open(): { caller: Channel; listener: Channel } {
  const pending = greet();
  const welcomed = answer(pending.bytes);
  const opened = must(openWelcome(sealing, phone, pending, till.publicKey, welcomed.bytes));
  const ready = must(sealFrame(opened, EMPTY));
  return { caller: ready.channel, listener: must(openFrame(welcomed.channel, ready.frame)).channel };
}

describe('opening a channel', () => {
  test('ENV-5: the listener learns who calls, and both ends talk', () => {
    const pending = greet(till.publicKey, bytes('a card'));
    const hello = must(openHello(sealing, till, pending.bytes));
    expect(hello.account).toEqual(account);
    expect(hello.card).toEqual(bytes('a card'));
    const { caller, listener } = open();
    const there = must(sealFrame(caller, bytes('hello')));
    expect(must(openFrame(listener, there.frame)).message).toEqual(bytes('hello'));
    const back = must(sealFrame(listener, bytes('hello back')));
    expect(must(openFrame(there.channel, back.frame)).message).toEqual(bytes('hello back'));
  });

  test('ENV-5: somebody without the key of the card is neither listener nor caller', () => {
    const pending = greet();
    expect(refusal(openHello(sealing, thief, pending.bytes))).toBe('E_ENVELOPE ENV-2');
    // It answers all the same, with a secret that it invents.
    const invented = must(openHello(sealing, till, greet().bytes));
    const forged = must(
      answerHello(
        sealing,
        thief,
        { bytes: pending.bytes, hello: { ...invented, onceKey: pending.hello.onceKey }, callerKey: phone.publicKey },
        systemEntropy(WELCOME_RANDOM_BYTES),
      ),
    );
    expect(refusal(openWelcome(sealing, phone, pending, till.publicKey, forged.bytes))).toBe('E_ENVELOPE ENV-7');
    // Somebody who calls in the name of another cannot read the welcome.
    const welcomed = answer(pending.bytes);
    expect(refusal(openWelcome(sealing, thief, pending, till.publicKey, welcomed.bytes))).toBe('E_ENVELOPE ENV-7');
  });

  test('ENV-5: a welcome answers one hello', () => {
    const welcomed = answer(greet().bytes);
    expect(refusal(openWelcome(sealing, phone, greet(), till.publicKey, welcomed.bytes))).toBe('E_ENVELOPE ENV-7');
  });

  test('ENV-5: a key that is none is refused', () => {
    const pending = greet();
    const hello = must(openHello(sealing, till, pending.bytes));
    const callerKey = new Uint8Array(3);
    const sent = { bytes: pending.bytes, hello, callerKey };
    expect(refusal(answerHello(sealing, till, sent, systemEntropy(WELCOME_RANDOM_BYTES)))).toBe('E_ENVELOPE ENV-5');
  });

  test('ENV-6: the two directions and any two channels have different keys', () => {
    const one = open();
    const other = open();
    const keys = [one.caller.sendKey, one.caller.receiveKey, other.caller.sendKey, other.caller.receiveKey];
    expect(new Set(keys.map(String)).size).toBe(4);
    expect(one.listener.receiveKey).toEqual(one.caller.sendKey);
  });

  test('ENV-5: hostile bytes are refused without a throw', () => {
    const pending = greet();
    const welcomed = answer(pending.bytes);
    fc.assert(
      fc.property(fc.nat(welcomed.bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const turned = welcomed.bytes.with(at, (welcomed.bytes.at(at) ?? 0) ^ change);
        expect(openWelcome(sealing, phone, pending, till.publicKey, turned).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), (any) => {
        expect(openHello(sealing, till, any).ok).toBe(false);
        expect(openWelcome(sealing, phone, pending, till.publicKey, any).ok).toBe(false);
      }),
    );
  });

  test('ENV-5: a hello that is too long is not read', () => {
    const long = new Uint8Array(LIMITS.helloBytes + 1);
    expect(refusal(openHello(sealing, till, long))).toBe('E_LIMIT ENV-1');
  });
});

describe('frames', () => {
  test('ENV-7: repeated, left out and out of order are refused', () => {
    const { caller, listener } = open();
    const first = must(sealFrame(caller, bytes('1')));
    const second = must(sealFrame(first.channel, bytes('2')));
    expect(refusal(openFrame(listener, second.frame))).toBe('E_ENVELOPE ENV-7');
    const after = must(openFrame(listener, first.frame)).channel;
    expect(refusal(openFrame(after, first.frame))).toBe('E_ENVELOPE ENV-7');
    expect(must(openFrame(after, second.frame)).message).toEqual(bytes('2'));
  });

  test('ENV-7: a frame does not come back to its sender', () => {
    const { caller } = open();
    const { frame, channel } = must(sealFrame(caller, bytes('1')));
    expect(openFrame(channel, frame).ok).toBe(false);
  });

  test('ENV-7: no bit of a frame can be turned', () => {
    const { caller, listener } = open();
    const { frame } = must(sealFrame(caller, bytes('7.50')));
    for (let at = 0; at < frame.length; at++) {
      const turned = frame.with(at, (frame.at(at) ?? 0) ^ 1);
      expect(refusal(openFrame(listener, turned))).toBe('E_ENVELOPE ENV-7');
      expect(refusal(openFrame(listener, frame.slice(0, at)))).toBe('E_ENVELOPE ENV-7');
    }
  });

  test('ENV-7: what is too long is E_LIMIT, on both sides', () => {
    const { caller, listener } = open();
    expect(refusal(sealFrame(caller, new Uint8Array(LIMITS.fileBytes + 1)))).toBe('E_LIMIT ENV-7');
    expect(refusal(openFrame(listener, new Uint8Array(LIMITS.envelopeBytes + 1)))).toBe('E_LIMIT ENV-7');
  });
});
