/**
 * Devices that cheat: byte copies of a home, old snapshots put back, clocks set at will, records cut out of the own
 * store, letters forged, withheld and replayed, requests to the nodes forged and replayed. The keys are their own.
 */
import {
  decodeFile,
  decodeWith,
  encodeFile,
  encodeWith,
  equalBytes,
  finalRequestCodec,
  ROUTES,
  type BundleItem,
  type Receipt,
} from '@dsm/core';
import { listRelationships, relationshipRecords } from '../../packages/wallet/src/exchange/records.ts';
import { listReservations, reservationRecords } from '../../packages/wallet/src/records/reservation.ts';
import { copyDisk, restoreDisk, type Disk } from '../disk/disk.ts';
import { runCommand, type DeviceSeat } from '../world/device.ts';
import { transportOf } from '../world/network.ts';
import { killProcess } from '../world/participant.ts';
import type { Random } from '../world/random.ts';
import { restartDevice, type World } from '../world/world.ts';
import { forgeAccount, forgeHalf, forgeVault } from './forger.ts';
import { attemptForgery } from './attempt.ts';
import { copyHome, reserveBefore, spendTwice } from './copies.ts';
import { postLetter, spoil, type Post } from './letters.ts';
import { tellLie } from './lies/index.ts';
import { introduce, makeCheat } from './troupe.ts';

export interface Trick {
  readonly world: World;
  readonly post: Post;
  readonly random: Random;
  readonly decision: number;
  /** Devices that have cheated so far, and how many may. */
  readonly cheats: Cheats;
}

export interface Cheats {
  readonly most: number;
  readonly seats: Set<DeviceSeat>;
  /** Old disks by name. */
  readonly snapshots: Map<string, Disk[]>;
  /** What was sent to nodes: `path`, body. */
  readonly sent: (readonly [string, Uint8Array])[];
}

export type Tricks = Readonly<Record<string, (trick: Trick) => Promise<void> | void>>;

/** Somebody who cheats, or begins to. Undefined when enough do already. */
function cheatOf({ world, random, cheats }: Trick): DeviceSeat | undefined {
  if (cheats.seats.size > 0 && (cheats.seats.size >= cheats.most || random.chance(0.7))) {
    return random.pick([...cheats.seats]);
  }
  if (cheats.seats.size >= cheats.most) return undefined;
  const seat = random.pick(world.seats.filter(({ who }) => who.honest && !who.lost));
  corrupt(world, cheats, seat);
  return seat;
}

export function corrupt(world: World, cheats: Cheats, seat: DeviceSeat): void {
  seat.who.honest = false;
  cheats.seats.add(seat);
  world.say(`${seat.who.name} begins to cheat`);
}

const say = ({ world, decision }: Trick, text: string): void => world.say(text, decision);

/** Items left out, doubled, or taken from another letter. */
export function forgeFile(world: World, bytes: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  const file = decodeFile(world.suite, bytes);
  if (!file.ok) return spoil(bytes, random);
  const items: BundleItem[] = [...file.value.items];
  const other = others.length > 0 ? decodeFile(world.suite, random.pick(others)) : undefined;
  switch (random.below(4)) {
    case 0:
      items.splice(random.below(items.length), 1);
      break;
    case 1:
      items.push(random.pick(items));
      break;
    case 2:
      if (other?.ok) items.push(...other.value.items.slice(0, 3));
      break;
    default:
      if (other?.ok && other.value.kind === file.value.kind) {
        return encodeFile(world.suite, file.value.kind, other.value.content, items);
      }
      return spoil(bytes, random);
  }
  return encodeFile(world.suite, file.value.kind, file.value.content, items);
}

export const TRICKS = {
  /** The next entry of the catalogue of what nobody may do. */
  async attempt(trick) {
    const { world, post, random, cheats } = trick;
    const join = (seat: DeviceSeat): boolean => {
      if (cheats.seats.size >= cheats.most) return false;
      corrupt(world, cheats, seat);
      return true;
    };
    const made = await attemptForgery(world, post, cheats.seats, join, random);
    if (!made) return;
    const { seat, name, outcome } = made;
    const end = outcome.type === 'crashed' ? 'crashes' : outcome.result.ok ? 'ok' : outcome.result.error.code;
    say(trick, `${seat.who.name} tries ${name}: ${end}`);
  },

  /** A byte copy of the home: from here on two devices have one key. */
  async clone(trick) {
    const { world, cheats } = trick;
    const victim = cheatOf(trick);
    if (!victim || world.seats.length > 128) return;
    cheats.seats.add(await copyHome(world, victim));
    say(trick, `a copy of ${victim.who.name} appears`);
  },

  /** The next false word, newly signed, to somebody who keeps to the rules. */
  async lie(trick) {
    const { world, random, cheats } = trick;
    const said = await tellLie(world, cheats.seats, random);
    if (said !== undefined) say(trick, said);
  },

  /** A home is copied, and both copies spend the same money while nobody can ask the nodes. */
  async spendTwice(trick) {
    const { world, random, cheats } = trick;
    const honest = world.seats.filter(({ who, device }) => who.honest && who.process && device && !who.rotten);
    if (honest.length < 2 || world.seats.length > 128) return;
    const one = random.pick(honest);
    const other = random.pick(honest.filter((seat) => seat !== one));
    const owner = await makeCheat(world, cheats.seats);
    if (!owner) return;
    await introduce(owner, one);
    await introduce(owner, other);
    if (random.chance(0.5)) await reserveBefore(world, owner, one);
    const copy = await copyHome(world, owner);
    cheats.seats.add(copy);
    say(trick, `${owner.who.name} has a copy and pays ${one.who.name} and ${other.who.name} with it`);
    await spendTwice({ world, random, owner, copy, payees: [one, other] });
  },

  keepSnapshot({ world, random, cheats }) {
    const seat = random.pick(world.seats);
    const kept = cheats.snapshots.get(seat.who.name) ?? [];
    cheats.snapshots.set(seat.who.name, [...kept, copyDisk(seat.who.disk)]);
  },

  /** Back to an old disk: one that was kept, or the one of now, in a while. */
  async snapshot(trick) {
    const { world, random, cheats } = trick;
    const seat = cheatOf(trick);
    if (!seat) return;
    const kept = cheats.snapshots.get(seat.who.name);
    const old = kept ? random.pick(kept) : copyDisk(seat.who.disk);
    if (!kept) await world.scheduler.wait(random.between(5_000, 120_000), `${seat.who.name} has a snapshot`);
    world.count('old snapshot restored');
    say(trick, `${seat.who.name} goes back to an old disk`);
    killProcess(world, seat.who, false);
    restoreDisk(seat.who.disk, old);
    await restartDevice(world, seat);
  },

  wildClock(trick) {
    const seat = cheatOf(trick);
    if (!seat) return;
    seat.who.skewMs = trick.random.between(-3_600_000, 3_600_000);
    trick.world.count('clock of a cheat');
    say(trick, `${seat.who.name} sets its clock ${seat.who.skewMs} ms off`);
  },

  /** Records cut out of the own store: what was credited, paid, or promised is forgotten. */
  async forget(trick) {
    const { world, random } = trick;
    const seat = cheatOf(trick);
    if (!seat) return;
    const name = random.pick(['credit', 'payment', 'evidence', 'reservation', 'journal', 'command', 'final', 'total']);
    await runCommand(world, seat, 'forget', async ({ store }) => {
      const records = await store.scan(name);
      if (records.length === 0) return { ok: true, value: undefined };
      world.count('records forgotten');
      say(trick, `${seat.who.name} forgets a record of ${name}`);
      return store.commit([{ collection: name, key: random.pick(records).key, remove: true }]);
    });
  },

  /** A payer that has forgotten what it paid somebody, and begins anew with the same reservation. */
  async amnesia(trick) {
    const { world } = trick;
    const seat = cheatOf(trick);
    if (!seat) return;
    await runCommand(world, seat, 'amnesia', async (device) => {
      const own = (await listReservations(device)).filter(({ payer }) => equalBytes(payer, device.account));
      const relationships = await listRelationships(device);
      if (own.every(({ total }) => total === 0n) && relationships.length === 0) return { ok: true, value: undefined };
      world.count('payments forgotten');
      say(trick, `${seat.who.name} forgets what it has paid`);
      return device.store.commit([
        ...own.map((one) => reservationRecords.put(device, one.vault, { ...one, total: 0n })),
        ...relationships.map(({ id }) => relationshipRecords.remove(id)),
      ]);
    });
  },

  /** An old letter in a new hand, forged or as it was. */
  forgeLetter(trick) {
    const { world, post, random } = trick;
    const from = cheatOf(trick);
    if (!from || post.written.length === 0) return;
    const letter = random.pick(post.written.slice(-64));
    const others = post.written.slice(-64).map(({ bytes }) => bytes);
    const bytes = random.chance(0.5) ? forgeFile(world, letter.bytes, others, random) : letter.bytes;
    const to = random.chance(0.6) ? letter.to : random.pick(world.seats);
    world.count('letter forged or replayed');
    say(trick, `${from.who.name} hands ${to.who.name} an old ${letter.kind} of ${letter.from.who.name}`);
    postLetter(world, { ...post, written: [] }, random, { ...letter, to, bytes });
  },

  /** The next letter of a cheat arrives long after it was written. */
  withhold(trick) {
    const seat = cheatOf(trick);
    if (!seat) return;
    trick.post.withholding?.add(seat);
    say(trick, `${seat.who.name} will keep a letter back`);
  },

  /** Operations that the rules forbid, signed with the own key. */
  async forgeState(trick) {
    const { world, random } = trick;
    const seat = cheatOf(trick);
    if (!seat) return;
    const what = random.pick(['account', 'account', 'vault', 'vault', 'half'] as const);
    const done = await runCommand(world, seat, `forge ${what}`, (device) => {
      if (what === 'account') return forgeAccount(world, device, random);
      return what === 'vault' ? forgeVault(device, random) : forgeHalf(device, random);
    });
    if (done.type === 'crashed' || (!done.result.ok && done.result.error.code === 'E_NOT_FOUND')) return;
    world.count(`forged: ${what}`);
    say(trick, `${seat.who.name} forges a state (${what}): ${done.result.ok ? 'ok' : done.result.error.code}`);
  },

  /** Requests to nodes, seen before, spoilt or as they were; certificates with a receipt too many. */
  async forgeRequest(trick) {
    const { world, random, cheats } = trick;
    const seat = cheatOf(trick);
    const { process } = seat?.who ?? {};
    if (!process || cheats.sent.length === 0) return;
    const [path, body] = random.pick(cheats.sent.slice(-128));
    const forged = random.chance(0.5) ? forgeRequest(world, path, body, cheats, random) : body;
    world.count('request forged or replayed');
    const node = random.below(world.nodeSeats.length);
    await transportOf(world, process).request(node, path, forged);
  },
} satisfies Tricks;

function forgeRequest(world: World, path: string, body: Uint8Array, { sent }: Cheats, random: Random): Uint8Array {
  if (path !== ROUTES.final) return spoil(body, random);
  const codec = finalRequestCodec(world.suite);
  const request = decodeWith(codec, body, 'request');
  if (!request.ok) return spoil(body, random);
  const { certificate, items } = request.value;
  const receipts: Receipt[] = [...certificate.receipts];
  for (const [otherPath, other] of random.chance(0.7) ? sent : []) {
    const found = otherPath === ROUTES.final ? decodeWith(codec, other, 'request') : undefined;
    const extra = found?.ok ? found.value.certificate : undefined;
    if (extra?.form === certificate.form && Buffer.compare(extra.hash, certificate.hash) === 0) {
      receipts.push(...extra.receipts.filter(({ node }) => !receipts.some((one) => one.node === node)));
    }
  }
  if (receipts.length === certificate.receipts.length) receipts.push(random.pick(receipts));
  receipts.sort((a, b) => a.node - b.node);
  return encodeWith(codec, { certificate: { ...certificate, receipts }, items });
}
