import {
  decodeFile,
  encodeFile,
  encodeItem,
  ERROR_CODES,
  faultyStore,
  memoryStore,
  must,
  nameOf,
  verifyFile,
  type BundleItem,
  type DsmFile,
  type Item,
  type MemoryDisk,
  type Result,
} from '@dsm/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { addContact } from '../../src/contacts/contacts.ts';
import { ownCard } from '../../src/contacts/card.ts';
import type { Device } from '../../src/device.ts';
import { submitFile } from '../../src/directory/submit-file.ts';
import { accept, acknowledge, commit, receive, request, takeAck } from '../../src/exchange/index.ts';
import { paymentRecords } from '../../src/records/payment.ts';
import { listReservations } from '../../src/records/reservation.ts';
import { buildClaim } from '../../src/sync/claims.ts';
import { exportChain } from '../../src/view/chain.ts';
import { importEvidence } from '../../src/view/evidence.ts';
import { command, introduce, layTable, makePerson, type Person, type Table } from '../exchange/table.ts';
import { copyDisk } from '../support/directory.ts';
import { present, reopen, suite } from '../support/wallets.ts';
import { reserve } from '../../src/account/reserve.ts';
import { cutOff, dump, messageOf, offerTo, pay } from './kit.ts';

type Take = (device: Device, bytes: Uint8Array) => Promise<Result<unknown>>;

const HANDLERS = {
  accept,
  commit,
  receive,
  takeAck,
  submitFile,
  addContact: (device, file) => addContact(device, { file }),
  importEvidence,
} satisfies Readonly<Record<string, Take>>;

/** A message at the moment when its receiver has not taken it yet. */
interface Pending {
  readonly kind: string;
  readonly by: keyof typeof HANDLERS;
  readonly bytes: Uint8Array;
  readonly disk: MemoryDisk;
}

let table: Table;
let pending: Pending[];
/** Files of other payments, relationships and networks. */
let foreign: Uint8Array[];
/** Items of another network: nothing here ever needs one. */
let strange: readonly BundleItem[];

const take = async (kind: string, by: Pending['by'], bytes: Uint8Array, { disk }: Person): Promise<Uint8Array> => {
  pending.push({ kind, by, bytes, disk: copyDisk(disk) });
  return bytes;
};

beforeAll(async () => {
  pending = [];
  table = await layTable();
  const { alice, till, token, world, directory } = table;
  const carol = await makePerson(world, directory, 'carol');
  await introduce(alice, carol);
  must(
    await reserve(alice.device, {
      for: carol.device.account,
      token,
      amount: 500n,
      until: world.nowMs + 9 * 86_400_000,
    }),
  );
  cutOff(table);
  await take('card', 'addContact', must(await ownCard(carol.device)), till);
  const old = await pay(table, alice.device, till.device);
  const other = await pay(table, alice.device, carol.device);
  const elsewhere = await layTable();
  const far = await pay(elsewhere, elsewhere.alice.device, elsewhere.till.device);
  strange = open(messageOf(far.committed)).items;
  foreign = [old, other, far].flatMap((turns) => [turns.offered, turns.accepted, turns.committed].map(messageOf));

  const offered = must(await offerTo(table, alice.device, till.device, { order: 'tea' }));
  await take('offer', 'accept', messageOf(offered), till);
  const accepted = must(await accept(till.device, messageOf(offered)));
  await take('accept', 'commit', messageOf(accepted), alice);
  const committed = must(await commit(alice.device, messageOf(accepted)));
  await take('commit', 'receive', messageOf(committed), till);
  const received = must(await receive(till.device, messageOf(committed)));
  const ack = must(await acknowledge(till.device, received.payment));
  await take('ack', 'takeAck', messageOf(ack), alice);
  must(await takeAck(alice.device, messageOf(ack)));
  const asked = { command: command(), from: alice.device.account, token, amount: 50n, order: '' };
  const requested = must(await request(till.device, { ...asked, compact: true }));
  await take('request', 'commit', messageOf(requested), alice);
  const paid = must(await commit(alice.device, messageOf(requested), { compact: true }));
  await take('compact commit', 'receive', messageOf(paid), till);
  const reservation = present((await listReservations(till.device))[0]);
  await take('claim', 'submitFile', must(await buildClaim(till.device, reservation.vault)), till);
  foreign.push(must(await exportChain(alice.device)), ...pending.map(({ bytes }) => bytes));
}, 60_000);

/** Runs a hostile file against a fresh copy; answers the code. Whatever fails must not have changed the store. */
async function feed({ by, disk: before }: Pending, bytes: Uint8Array, what: string): Promise<string> {
  const disk = copyDisk(before);
  const device = await reopen(table.world, memoryStore(disk), table.directory);
  const counting = faultyStore(device.store, {});
  const result = await HANDLERS[by]({ ...device, store: counting }, bytes);
  if (result.ok) return 'ok';
  expect(Object.keys(ERROR_CODES), what).toContain(result.error.code);
  expect(result.error.code, what).not.toBe('E_INTERNAL');
  expect(result.error.rule, what).toMatch(/^[A-Z]{3}-\d+$/);
  expect(counting.commits() > 0 && dump(disk) !== dump(before), `${what} changed the store`).toBe(false);
  return result.error.code;
}

const reencode = ({ kind, content }: DsmFile, items: readonly BundleItem[]): Uint8Array =>
  encodeFile(suite, kind, content as never, items);

const open = (bytes: Uint8Array): DsmFile => must(decodeFile(suite, bytes));

describe('hostile bytes: a stable code, no exception, nothing written', () => {
  test('every genuine message is taken', async () => {
    for (const one of pending) {
      const expected = one.by === 'submitFile' ? 'E_PENDING' : 'ok';
      expect(await feed(one, one.bytes, one.kind), one.kind).toBe(expected);
    }
  });

  test('ENC-1: cut short anywhere, with a byte more, or with one bit turned', async () => {
    for (const one of pending) {
      const { length } = one.bytes;
      const cuts = [0, 1, 7, Math.floor(length / 3), length - 1];
      for (const cut of cuts) expect(await feed(one, one.bytes.slice(0, cut), `${one.kind} ${cut}`)).not.toBe('ok');
      expect(await feed(one, Uint8Array.of(...one.bytes, 0), one.kind)).toBe('E_ENCODING');
      const step = Math.max(1, Math.floor(length / 14));
      for (let at = one.kind.length % step; at < length; at += step) {
        const turned = one.bytes.slice();
        turned[at] = (turned[at] ?? 0) ^ (1 << (at % 8));
        const what = `${one.kind} bit ${at}`;
        // The file as a whole does not verify, but what is known already is not looked at again.
        expect(verifyFile(suite, table.world.net.network, turned).ok, what).toBe(false);
        expect(await outcome(one, turned, what), what).not.toBe('harm');
      }
    }
  });

  test('BND-2: with an item taken away, twice, or exchanged for one of another payment or network', async () => {
    for (const one of pending) {
      const file = open(one.bytes);
      for (const item of strange) {
        const more = reencode(file, [...file.items, item]);
        expect(await feed(one, more, one.kind), `${one.kind} and a strange ${item.type}`).toMatch(
          /^E_(SURPLUS|NETWORK|INCOMPLETE)$/,
        );
      }
      for (const [i, item] of file.items.entries()) {
        const without = file.items.toSpliced(i, 1);
        const what = `${one.kind} item ${i} ${item.type}`;
        expect(await outcome(one, reencode(file, without), what), what).not.toBe('harm');
        expect(await feed(one, reencode(file, [...file.items, item]), what)).toBe('E_SURPLUS');
        const other = foreign
          .flatMap((bytes) => open(bytes).items)
          .find((candidate) => candidate.type === item.type && nameOf(suite, candidate) !== nameOf(suite, item));
        if (!other) continue;
        const swapped = reencode(file, [...without, other]);
        expect(await outcome(one, swapped, `${what} exchanged`), what).not.toBe('harm');
      }
    }
  });

  test('FIL-1: of another kind, of another payment, of another network', async () => {
    for (const one of pending) {
      for (const [i, bytes] of foreign.entries()) {
        if (open(bytes).kind === open(one.bytes).kind && i < 3) continue;
        const before = pending.find((other) => other.bytes === bytes);
        if (before?.by === one.by) continue;
        const what = `${one.by} of foreign ${i}`;
        expect(await outcome(one, bytes, what), what).not.toBe('harm');
      }
    }
  });

  test('ENC-2: huge, deep, or of a strange shape', async () => {
    let deep: Item = [];
    for (let i = 0; i < 200; i++) deep = [deep];
    const witness = encodeItem([
      'dsm',
      1,
      'offer',
      [new Uint8Array(32), new Uint8Array(32), null],
      Array.from({ length: 30_000 }, () => [6, [0]]),
    ]);
    const shapes = [
      deep,
      [],
      null,
      'dsm',
      ['dsm', 1, 'offer', [], []],
      ['dsm', 2, 'offer', [], []],
      ['dsm', 1, 'x', [], []],
    ];
    for (const one of pending) {
      for (const shape of shapes)
        expect(await feed(one, encodeItem(shape as Item), one.kind)).toMatch(/^E_(ENC|FOR|VER)/);
      expect(await feed(one, witness, one.kind)).toMatch(/^E_(LIMIT|FORMAT)$/);
      expect(await feed(one, new Uint8Array(17_000_000), one.kind)).toBe('E_LIMIT');
    }
  });
});

/** `harm`: it was taken, and something else came of it than of the genuine message. */
const outcome = async (one: Pending, bytes: Uint8Array, what: string): Promise<string> => {
  const code = await feed(one, bytes, what);
  return code === 'ok' && !(await isHarmless(one, bytes)) ? 'harm' : code;
};

/** A changed message that was taken all the same did what the genuine one does, and nothing else. */
async function isHarmless(one: Pending, bytes: Uint8Array): Promise<boolean> {
  const payments = async (file: Uint8Array): Promise<string> => {
    const device = await reopen(table.world, memoryStore(copyDisk(one.disk)), table.directory);
    await HANDLERS[one.by](device, file);
    const rows = (await paymentRecords.list(device)).map(({ value }) => [
      value.payment.join(),
      value.status,
      value.amount,
    ]);
    const reservations = (await listReservations(device)).map(({ total, claimed }) => [total, claimed]);
    return [...rows, ...reservations].join('\n');
  };
  const after = await payments(bytes);
  return after === (await payments(one.bytes)) || after === (await payments(new Uint8Array(0)));
}
