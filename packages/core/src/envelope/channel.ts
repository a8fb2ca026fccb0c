/**
 * Sealed channels between two who know each other's cards (spec ENV-5 to ENV-8). Three messages: the hello is an
 * envelope to the listener, the welcome encapsulates to the caller's key and to a key that lives for this channel only,
 * the caller's first frame ends it. Both ends have then shown that they hold the key of their card, and keys that are
 * stolen later open nothing of it.
 *
 * Pure: a channel is a value, and each frame gives the next one.
 */
import type { ChainId } from '../bytes.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { decodeItem, encodeItem } from '../encoding/cbor.ts';
import { bytes, hash, literal, record, type Codec } from '../encoding/schema.ts';
import { KEM_PUBLIC_KEY_BYTES } from '../identity/operations.ts';
import { LIMITS } from '../limits.ts';
import { fail, ok, type Result } from '../result.ts';
import {
  KEM_CIPHERTEXT_BYTES,
  KEM_RANDOM_BYTES,
  nonceOf,
  notForUs,
  openEnvelope,
  sealEnvelope,
  sealingKey,
  type KemPair,
  type Sealing,
} from './envelope.ts';

const COUNTER_BYTES = 8;
const TAG_BYTES = 16;

export interface Channel {
  readonly suite: CryptoSuite;
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  /** Frames so far in each direction: the number of the next. */
  readonly sent: number;
  readonly received: number;
}

/** Who calls, in the envelope: a listener learns it, whoever listens on the wire does not. */
export interface Hello {
  readonly account: ChainId;
  /** KEM key for this one channel. */
  readonly onceKey: Uint8Array;
  /** Only the listener can read it, so whoever uses it is the listener. */
  readonly secret: Uint8Array;
  /** The caller's card, for a listener that has not met it; empty otherwise. */
  readonly card: Uint8Array;
}

interface HelloItem extends Hello {
  readonly tag: 'dsm-hello';
  readonly version: 1;
}

const helloCodec: Codec<HelloItem> = record<HelloItem>({
  tag: literal('dsm-hello'),
  version: literal(1),
  account: hash<ChainId>(),
  onceKey: bytes(KEM_PUBLIC_KEY_BYTES),
  secret: bytes(32),
  card: bytes(0, LIMITS.helloBytes),
});

interface Welcome {
  readonly tag: 'dsm-welcome';
  readonly version: 1;
  /** To the key of this channel, and to the caller's own. */
  readonly toOnce: Uint8Array;
  readonly toCaller: Uint8Array;
  /** The listener's first frame, empty: it shows that the listener could read the hello. */
  readonly confirmation: Uint8Array;
}

const welcomeCodec: Codec<Welcome> = record<Welcome>({
  tag: literal('dsm-welcome'),
  version: literal(1),
  toOnce: bytes(KEM_CIPHERTEXT_BYTES),
  toCaller: bytes(KEM_CIPHERTEXT_BYTES),
  confirmation: bytes(COUNTER_BYTES + TAG_BYTES),
});

/** What a caller keeps between its hello and the welcome. */
export interface PendingHello {
  readonly bytes: Uint8Array;
  readonly hello: Hello;
  readonly once: KemPair;
}

/** Fresh bytes that a hello takes: the seed of its key, the secret, the encapsulation. */
export const HELLO_RANDOM_BYTES: number = 32 + 32 + KEM_RANDOM_BYTES;
/** Fresh bytes that a welcome takes: two encapsulations. */
export const WELCOME_RANDOM_BYTES: number = 2 * KEM_RANDOM_BYTES;

export interface Caller {
  readonly account: ChainId;
  readonly card?: Uint8Array;
}

/** The caller's first message, to the KEM key of the listener's card. */
export function makeHello(
  sealing: Sealing,
  { account, card = new Uint8Array(0) }: Caller,
  listenerKey: Uint8Array,
  random: Uint8Array,
): Result<PendingHello> {
  const once = sealing.suite.kemKeyPair(random.subarray(0, 32));
  const hello: Hello = { account, onceKey: once.publicKey, secret: random.slice(32, 64), card };
  const content = encodeItem(helloCodec.toItem({ tag: 'dsm-hello', version: 1, ...hello }));
  const sealed = sealEnvelope(sealing, listenerKey, random.subarray(64), content);
  return sealed.ok ? ok({ bytes: sealed.value, hello, once }) : sealed;
}

/** Read by the listener. Who the caller is has to be shown yet: by the caller's first frame. */
export function openHello(sealing: Sealing, own: KemPair, sent: Uint8Array): Result<Hello> {
  const content = openEnvelope(sealing, own, sent, LIMITS.helloBytes);
  if (!content.ok) return content;
  const item = decodeItem(content.value, LIMITS.helloBytes);
  return item.ok ? helloCodec.fromItem(item.value, 'hello') : item;
}

interface Secrets {
  readonly hello: Hello;
  readonly helloBytes: Uint8Array;
  readonly listenerKey: Uint8Array;
  readonly callerKey: Uint8Array;
  readonly toOnce: Uint8Array;
  readonly toCaller: Uint8Array;
  readonly onceShared: Uint8Array;
  readonly callerShared: Uint8Array;
}

/** One key for each direction, out of all three secrets and everything that was said (spec ENV-6). */
const directionKey = ({ suite, network }: Sealing, direction: 0 | 1, secrets: Secrets): Uint8Array => {
  const { hello, helloBytes, listenerKey, callerKey, toOnce, toCaller, onceShared, callerShared } = secrets;
  return sealingKey(suite, 'channel', [
    network,
    direction,
    [hello.secret, onceShared, callerShared],
    [hello.account, callerKey, listenerKey],
    [helloBytes, toOnce, toCaller],
  ]);
};

const newChannel = (sealing: Sealing, secrets: Secrets, isCaller: boolean): Channel => ({
  suite: sealing.suite,
  sendKey: directionKey(sealing, isCaller ? 0 : 1, secrets),
  receiveKey: directionKey(sealing, isCaller ? 1 : 0, secrets),
  sent: 0,
  received: 0,
});

export interface Welcomed {
  readonly bytes: Uint8Array;
  /** Its first frame has to come and to be empty before anything else is believed. */
  readonly channel: Channel;
}

/** The listener's answer to a caller whose card it holds. `callerKey`: the KEM key of that card. */
export function answerHello(
  sealing: Sealing,
  own: KemPair,
  sent: { readonly bytes: Uint8Array; readonly hello: Hello; readonly callerKey: Uint8Array },
  random: Uint8Array,
): Result<Welcomed> {
  const { suite } = sealing;
  const { bytes: helloBytes, hello, callerKey } = sent;
  const once = suite.encapsulate(hello.onceKey, random.subarray(0, KEM_RANDOM_BYTES));
  const caller = suite.encapsulate(callerKey, random.subarray(KEM_RANDOM_BYTES));
  if (!once || !caller) return notForUs('ENV-5', 'not a key that a channel can be opened to');
  const agreed = { toOnce: once.ciphertext, toCaller: caller.ciphertext };
  const shared = { onceShared: once.sharedKey, callerShared: caller.sharedKey };
  const secrets: Secrets = { hello, helloBytes, listenerKey: own.publicKey, callerKey, ...agreed, ...shared };
  const first = sealFrame(newChannel(sealing, secrets, false), EMPTY);
  if (!first.ok) return first;
  const { frame: confirmation, channel } = first.value;
  const welcome: Welcome = { tag: 'dsm-welcome', version: 1, ...agreed, confirmation };
  return ok({ bytes: encodeItem(welcomeCodec.toItem(welcome)), channel });
}

/** The caller's channel; its first frame has to be empty and goes out at once. */
export function openWelcome(
  sealing: Sealing,
  own: KemPair,
  pending: PendingHello,
  listenerKey: Uint8Array,
  sent: Uint8Array,
): Result<Channel> {
  const item = decodeItem(sent, LIMITS.helloBytes);
  if (!item.ok) return item;
  const welcome = welcomeCodec.fromItem(item.value, 'welcome');
  if (!welcome.ok) return welcome;
  const { toOnce, toCaller, confirmation } = welcome.value;
  const onceShared = sealing.suite.decapsulate(pending.once.secretKey, toOnce);
  const callerShared = sealing.suite.decapsulate(own.secretKey, toCaller);
  if (!onceShared || !callerShared) return notForUs('ENV-5', 'the welcome is not for this caller');
  const { bytes: helloBytes, hello } = pending;
  const said = { hello, helloBytes, listenerKey, callerKey: own.publicKey, toOnce, toCaller };
  const channel = newChannel(sealing, { ...said, onceShared, callerShared }, true);
  const first = openFrame(channel, confirmation);
  if (!first.ok) return first;
  return first.value.message.length === 0
    ? ok(first.value.channel)
    : notForUs('ENV-5', 'the welcome says more than that the channel is open');
}

const EMPTY: Uint8Array = new Uint8Array(0);

/** The next frame of a channel. An empty message opens a channel once and ends it after that (spec ENV-7). */
export function sealFrame(
  channel: Channel,
  message: Uint8Array,
): Result<{ readonly frame: Uint8Array; readonly channel: Channel }> {
  if (message.length > LIMITS.fileBytes) return fail('E_LIMIT', 'ENV-7', 'the message is too long for a frame');
  const nonce = nonceOf(channel.sent);
  const counter = nonce.slice(-COUNTER_BYTES);
  const sealed = channel.suite.seal(channel.sendKey, nonce, message, counter);
  const frame = new Uint8Array(COUNTER_BYTES + sealed.length);
  frame.set(counter);
  frame.set(sealed, COUNTER_BYTES);
  return ok({ frame, channel: { ...channel, sent: channel.sent + 1 } });
}

/** `E_ENVELOPE`: not the next frame of this channel: forged, repeated, or one before it is missing. */
export function openFrame(
  channel: Channel,
  frame: Uint8Array,
): Result<{ readonly message: Uint8Array; readonly channel: Channel }> {
  if (frame.length > LIMITS.envelopeBytes) return fail('E_LIMIT', 'ENV-7', 'the frame is too long');
  const nonce = nonceOf(channel.received);
  const counter = nonce.slice(-COUNTER_BYTES);
  const isNext = frame.length >= COUNTER_BYTES + TAG_BYTES && counter.every((byte, i) => frame[i] === byte);
  const message = isNext
    ? channel.suite.open(channel.receiveKey, nonce, frame.subarray(COUNTER_BYTES), counter)
    : undefined;
  return message
    ? ok({ message, channel: { ...channel, received: channel.received + 1 } })
    : notForUs('ENV-7', 'not the next frame of this channel');
}
