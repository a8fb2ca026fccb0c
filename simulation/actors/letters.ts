/** Files that people hand to each other: late, lost, twice, spoilt, or given to the wrong one. */
import { toHex, type ChainId, type Result } from '@dsm/core';
import { accept, acknowledge, commit, receive, takeAck, type Device, type Exchanged } from '@dsm/wallet';
import { runCommand, type DeviceSeat } from '../world/device.ts';
import type { Random } from '../world/random.ts';
import { seatOf, type World } from '../world/world.ts';

export type LetterKind = 'offer' | 'accept' | 'commit' | 'request' | 'ack';

export interface Letter {
  readonly kind: LetterKind;
  readonly from: DeviceSeat;
  readonly to: DeviceSeat;
  readonly bytes: Uint8Array;
}

/** What becomes of letters; all probabilities. */
export interface Mail {
  loss: number;
  duplicate: number;
  late: number;
  astray: number;
  spoilt: number;
}

export const GOOD_MAIL: Mail = { loss: 0, duplicate: 0, late: 0, astray: 0, spoilt: 0 };

/** A letter may lie about for a while, or be given to the wrong one, storm or not. */
export const USUAL_MAIL: Mail = { ...GOOD_MAIL, late: 0.12, astray: 0.02 };

/** The post office of a world: its habits, and every letter that was ever written, for replays. */
export interface Post {
  mail: Mail;
  readonly written: Letter[];
  /** Those who keep their next letter back for a while. */
  readonly withholding?: Set<DeviceSeat>;
}

const LATE_MS = 400_000;

/** By some time, or until just after something has ended. */
function lateBy(world: World, random: Random): number {
  const now = world.scheduler.nowMs();
  const next = world.moments.filter((atMs) => atMs > now);
  if (random.chance(0.4)) return random.between(1_000, 40_000);
  if (next.length === 0 || random.chance(0.3)) return random.between(5, LATE_MS);
  return Math.min(...next) - now + random.between(0, 10_000);
}

export function postLetter(world: World, post: Post, random: Random, letter: Letter): void {
  const { mail } = post;
  post.written.push(letter);
  if (random.chance(mail.loss)) return world.count('letter lost');
  if (post.withholding?.delete(letter.from)) {
    world.count('letter withheld');
    const delayMs = random.between(30_000, 1_500_000);
    world.scheduler.after(delayMs, 'a withheld letter', () => void takeLetter(world, post, letter));
    return;
  }
  let { to, bytes } = letter;
  if (random.chance(mail.astray)) {
    to = random.pick(world.seats);
    if (to !== letter.to) world.count('letter astray');
  }
  if (random.chance(mail.spoilt)) {
    world.count('letter spoilt');
    bytes = spoil(bytes, random);
  }
  const copies = random.chance(mail.duplicate) ? 2 : 1;
  if (copies === 2) world.count('letter duplicated');
  for (let copy = 0; copy < copies; copy++) {
    const late = random.chance(mail.late);
    if (late) world.count('letter late');
    const delayMs = late ? lateBy(world, random) : random.between(5, 300);
    const carried: Letter = { ...letter, to, bytes };
    world.scheduler.after(delayMs, `${to.who.name} gets ${letter.kind}`, () => void takeLetter(world, post, carried));
  }
}

/** Some bytes other than they were, or an end missing. */
export function spoil(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.chance(0.2)) return bytes.slice(0, random.below(bytes.length));
  const spoilt = bytes.slice();
  for (let i = random.between(1, 3); i > 0; i--) spoilt[random.below(spoilt.length)] = random.below(256);
  return spoilt;
}

/** Some hurry: what they accept is good for seconds. */
const hurried = (random: Random): { readonly expiryMs?: number } =>
  random.chance(0.3) ? { expiryMs: random.between(100, 20_000) } : {};

const turns: Readonly<Record<LetterKind, (device: Device, bytes: Uint8Array) => Promise<Result<Exchanged>>>> = {
  offer: accept,
  accept: commit,
  request: commit,
  commit: receive,
  ack: takeAck,
};

/** What the holder of a device does with a letter: what its kind asks for, and the answer goes back. */
export async function takeLetter(world: World, post: Post, letter: Letter): Promise<void> {
  const { kind, to, bytes } = letter;
  const random = to.who.random;
  if (to.waiting > 4) return;
  const outcome = await runCommand(
    world,
    to,
    kind,
    (device) => (kind === 'offer' ? accept(device, bytes, hurried(random)) : turns[kind](device, bytes)),
    bytes,
  );
  if (outcome.type === 'crashed') return;
  const { result } = outcome;
  world.say(
    `${to.who.name} takes ${kind} of ${letter.from.who.name}: ${result.ok ? result.value.turn : result.error.code}`,
  );
  if (!result.ok) return;
  const { payment, message } = result.value;
  if (kind === 'commit') {
    if (random.chance(0.5)) await sendAck(world, post, letter, result.value);
  } else if (message) {
    answer(world, post, to, payment.peer, kind === 'offer' ? 'accept' : 'commit', message, letter.from);
  }
}

async function sendAck(world: World, post: Post, { from, to }: Letter, { payment }: Exchanged): Promise<void> {
  const outcome = await runCommand(world, to, 'acknowledge', (device) => acknowledge(device, payment));
  if (outcome.type === 'crashed' || !outcome.result.ok || !outcome.result.value.message) return;
  answer(world, post, to, payment.peer, 'ack', outcome.result.value.message, from);
}

/** To the device of that account: of several copies to the one that `asked`. */
export function answer(
  world: World,
  post: Post,
  from: DeviceSeat,
  peer: ChainId,
  kind: LetterKind,
  bytes: Uint8Array,
  asked?: DeviceSeat,
): void {
  const isAsker = asked?.account !== undefined && Buffer.compare(asked.account, peer) === 0;
  const to = isAsker ? asked : seatOf(world, peer);
  if (to) postLetter(world, post, from.who.random, { kind, from, to, bytes });
  else world.say(`${from.who.name} writes to nobody: ${toHex(peer).slice(0, 8)}`);
}
