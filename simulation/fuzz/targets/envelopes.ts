/** Sealed envelopes and channels: what a stranger may send to a device before anything is known of it. */
import * as core from '@dsm/core';
import type { Channel, PendingHello, Sealing } from '@dsm/core';
import { nodeCryptoSuite } from '@dsm/platform/node';
import type { World } from '../seeds/world.ts';
import { argumentTarget, judge, type Target } from './target.ts';

const fill = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte);

interface Meeting {
  readonly sealing: Sealing;
  readonly caller: core.KemPair;
  readonly listener: core.KemPair;
  readonly hello: PendingHello;
  readonly welcome: core.Welcomed;
  readonly frame: Uint8Array;
}

/** A channel that was opened as it should be, up to its first frame. */
function meet({ net, alice }: World): Meeting {
  // The stand-in pads its KEM keys, and nothing can be sealed to those.
  const sealing = { suite: nodeCryptoSuite(), network: net.network.id };
  const caller = sealing.suite.kemKeyPair(fill(1, 32));
  const listener = sealing.suite.kemKeyPair(fill(2, 32));
  const hello = core.must(
    core.makeHello(sealing, { account: alice.account }, listener.publicKey, fill(3, core.HELLO_RANDOM_BYTES)),
  );
  const sent = { bytes: hello.bytes, hello: hello.hello, callerKey: caller.publicKey };
  const welcome = core.must(core.answerHello(sealing, listener, sent, fill(4, core.WELCOME_RANDOM_BYTES)));
  const channel: Channel = core.must(core.openWelcome(sealing, caller, hello, listener.publicKey, welcome.bytes));
  const { frame } = core.must(core.sealFrame(channel, fill(0, 0)));
  return { sealing, caller, listener, hello, welcome, frame };
}

export function envelopeTargets(world: World): readonly Target[] {
  const { sealing, caller, listener, hello, welcome, frame } = meet(world);
  const letter = core.must(core.sealEnvelope(sealing, listener.publicKey, fill(5, core.KEM_RANDOM_BYTES), fill(6, 40)));
  return [
    {
      name: 'openEnvelope',
      input: 'item',
      seeds: [letter],
      run: (bytes) => judge(core.openEnvelope(sealing, listener, bytes)),
      isSlow: true,
    },
    {
      name: 'openHello',
      input: 'item',
      seeds: [hello.bytes],
      run: (bytes) => judge(core.openHello(sealing, listener, bytes)),
      isSlow: true,
    },
    {
      name: 'openWelcome',
      input: 'item',
      seeds: [welcome.bytes],
      run: (bytes) => judge(core.openWelcome(sealing, caller, hello, listener.publicKey, bytes)),
      isSlow: true,
    },
    argumentTarget('openFrame', core.bytes(0, 4_096), [frame], (bytes) =>
      judge(core.openFrame(welcome.channel, bytes)),
    ),
  ];
}
