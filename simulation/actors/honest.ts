/** What people do with their wallets, through the face that every program uses. */
import { equalBytes, ok, type ChainId, type Result, type TokenId } from '@dsm/core';
import {
  backup,
  balances,
  buildClaim,
  cancel,
  history,
  listContacts,
  listReservations,
  mint,
  offer,
  payOnline,
  refund,
  releaseExpired,
  request,
  reserve,
  submitFile,
  sync,
  unlock,
  type Device,
  type PaymentRecord,
} from '@dsm/wallet';
import { runCommand, type DeviceSeat, type Outcome } from '../world/device.ts';
import type { Random } from '../world/random.ts';
import { seatOf, type World } from '../world/world.ts';
import { answer, postLetter, type Post } from './letters.ts';

export interface Deed {
  readonly world: World;
  readonly post: Post;
  readonly seat: DeviceSeat;
  readonly random: Random;
  readonly decision: number;
}

export type Deeds = Readonly<Record<string, (deed: Deed) => Promise<void>>>;

const peerOf = async (device: Device, random: Random): Promise<ChainId | undefined> => {
  const contacts = await listContacts(device);
  return contacts.ok && contacts.value.length > 0 ? random.pick(contacts.value).account : undefined;
};

/** Somebody for whom this device has set something aside, or who has for it; mostly, else any contact. */
async function partnerOf(deed: Deed, own: 'payer' | 'payee'): Promise<ChainId | undefined> {
  const { random, seat } = deed;
  const { device } = seat;
  if (!device) return undefined;
  const now = device.clock() + deed.world.facts.marginMs;
  const open = (await listReservations(device)).filter(
    (one) => equalBytes(one[own], device.account) && one.status === 'open' && one.until > now,
  );
  if (open.length === 0 || random.chance(0.05)) return peerOf(device, random);
  return random.pick(open)[own === 'payer' ? 'payee' : 'payer'];
}

const tokenOf = ({ world }: Deed): TokenId => world.token as TokenId;

const resultOf = (outcome: Outcome<unknown>): string =>
  outcome.type === 'crashed' ? 'crashes' : outcome.result.ok ? 'ok' : outcome.result.error.code;

/** Runs a command and says so. */
async function run<T>(
  deed: Deed,
  command: string,
  text: string,
  work: (device: Device) => Promise<Result<T>>,
): Promise<T | undefined> {
  const outcome = await runCommand(deed.world, deed.seat, command, work);
  deed.world.say(`${deed.seat.who.name} ${text}: ${resultOf(outcome)}`, deed.decision);
  return outcome.type === 'done' && outcome.result.ok ? outcome.result.value : undefined;
}

async function withPeer(deed: Deed, work: (peer: ChainId, name: string) => Promise<void>): Promise<void> {
  const { device } = deed.seat;
  const peer = device && (await peerOf(device, deed.random));
  if (peer) await work(peer, seatOf(deed.world, peer)?.who.name ?? '?');
}

const amountOf = (random: Random): bigint => BigInt(random.between(1, random.chance(0.1) ? 8_000 : 200));

/** Written by hand on the bill: not one for each command. */
const ORDERS = ['', 'table 4', 'lunch', 'ticket 17'];

async function makeOffer(deed: Deed, provisional: boolean): Promise<void> {
  const { random, seat } = deed;
  const to = provisional ? seat.device && (await peerOf(seat.device, random)) : await partnerOf(deed, 'payer');
  if (to) {
    const name = seatOf(deed.world, to)?.who.name ?? '?';
    const amount = amountOf(random);
    const options = {
      command: random.bytes(32),
      to,
      token: tokenOf(deed),
      amount,
      order: random.pick(ORDERS),
      provisional,
      compact: random.chance(0.3),
      ...(random.chance(0.3) && { expiryMs: random.between(1_000, 120_000) * deed.world.lasting }),
    };
    const text = `offers ${name} ${amount}${provisional ? ', provisional' : ''}`;
    const made = await run(deed, 'offer', text, (device) => offer(device, options));
    if (made?.message) answer(deed.world, deed.post, deed.seat, to, 'offer', made.message);
  }
}

const chosenPayment = async (
  deed: Deed,
  fits: (payment: PaymentRecord) => boolean,
): Promise<PaymentRecord | undefined> => {
  const { device } = deed.seat;
  const listed = device && (await history(device));
  const fitting = listed?.ok ? listed.value.map(({ payment }) => payment).filter(fits) : [];
  return fitting.length > 0 ? deed.random.pick(fitting) : undefined;
};

export const DEEDS = {
  async pay(deed) {
    await withPeer(deed, async (to, name) => {
      const amount = amountOf(deed.random);
      await run(deed, 'pay', `pays ${name} ${amount}`, (device) =>
        payOnline(device, { to, token: tokenOf(deed), amount }),
      );
    });
  },

  async reserve(deed) {
    const { random } = deed;
    await withPeer(deed, async (payee, name) => {
      const amount = BigInt(random.between(200, 3_000));
      const { marginMs, gapMs } = deed.world.facts;
      const lasts = marginMs + random.between(30_000, 1_200_000) * deed.world.lasting;
      const endsMs = deed.world.scheduler.nowMs() + lasts;
      deed.world.moments.push(endsMs - marginMs, endsMs, endsMs + gapMs);
      await run(deed, 'reserve', `reserves ${amount} for ${name}, ${Math.round(lasts / 1_000)} s`, (device) =>
        reserve(device, { for: payee, token: tokenOf(deed), amount, until: device.clock() + lasts }),
      );
    });
  },

  offerReserved: (deed) => makeOffer(deed, false),
  offerProvisional: (deed) => makeOffer(deed, true),

  async request(deed) {
    const { random } = deed;
    const from = await partnerOf(deed, 'payee');
    if (!from) return;
    const name = seatOf(deed.world, from)?.who.name ?? '?';
    const amount = amountOf(random);
    const options = { command: random.bytes(32), from, token: tokenOf(deed), amount, order: random.pick(ORDERS) };
    const made = await run(deed, 'request', `requests ${amount} from ${name}`, (device) => request(device, options));
    if (made?.message) answer(deed.world, deed.post, deed.seat, from, 'request', made.message);
  },

  async refund(deed) {
    const { random } = deed;
    const payment = await chosenPayment(deed, ({ direction, status }) => direction === 'in' && status === 'received');
    if (!payment) return;
    const options = { command: random.bytes(32), payment: payment.payment, provisional: random.chance(0.5) };
    const made = await run(deed, 'refund', 'pays back', (device) => refund(device, options));
    if (made?.message) answer(deed.world, deed.post, deed.seat, payment.peer, 'offer', made.message);
  },

  async cancel(deed) {
    const open = await chosenPayment(deed, ({ status }) => status === 'offered' || status === 'requested');
    if (open) await run(deed, 'cancel', 'withdraws', (device) => cancel(device, open.payment));
  },

  async release(deed) {
    const { device } = deed.seat;
    if (!device) return;
    const own = (await listReservations(device)).filter(({ payer }) => equalBytes(payer, device.account));
    if (own.length === 0) return;
    const { payee } = deed.random.pick(own);
    await run(deed, 'release', 'takes back what is left', (one) => releaseExpired(one, payee));
  },

  async sync(deed) {
    await run(deed, 'sync', 'syncs', sync);
  },

  /** Somebody else carries a claim to the nodes. */
  async carryClaim(deed) {
    const { device } = deed.seat;
    if (!device) return;
    const open = (await listReservations(device)).filter(
      ({ payee, total, claimed }) => equalBytes(payee, device.account) && total > claimed,
    );
    if (open.length === 0) return;
    const { vault } = deed.random.pick(open);
    const file = await run(deed, 'claim', 'writes a claim', (one) => buildClaim(one, vault));
    const carrier = deed.random.pick(deed.world.seats);
    if (!file) return;
    deed.world.scheduler.after(deed.random.between(10, 60_000), `${carrier.who.name} carries`, () => {
      const carried = run({ ...deed, seat: carrier }, 'submit', 'carries a claim', (one) => submitFile(one, file));
      void carried;
    });
  },

  async unlock(deed) {
    const patienceMs = deed.random.pick([0, 5_000, 60_000]);
    await run(deed, 'unlock', 'unlocks', (device) => unlock(device, { patienceMs }));
  },

  async backup(deed) {
    const { seat, world } = deed;
    const file = await run(deed, 'backup', 'makes a backup', backup);
    if (file && seat.device) world.backups.set(seat.who.name, { file, seed: seat.device.keys.seed });
  },

  async look(deed) {
    await run(deed, 'balance', 'looks at the balance', balances);
  },

  /** A letter is handed over once more: the answer is the same. */
  async repeat(deed) {
    const { post, random, world } = deed;
    const own = post.written.filter(({ from }) => from === deed.seat).slice(-8);
    if (own.length === 0) return;
    world.count('letter replayed');
    postLetter(world, { ...post, written: [] }, random, random.pick(own));
  },

  async mint(deed) {
    await run(deed, 'mint', 'mints', (device) => mint(device, tokenOf(deed), BigInt(deed.random.between(1, 1_000))));
  },

  async wait() {
    await Promise.resolve(ok(undefined));
  },
} satisfies Deeds;

export type DeedName = keyof typeof DEEDS;
