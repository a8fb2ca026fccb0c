/** What stands in the messages of an exchange: what is left out, what is too much, what is of elsewhere. */
import {
  decodeFileOf,
  encodeFile,
  must,
  itemNames,
  openNetwork,
  type BundleItem,
  type Certificate,
  type FileKind,
  type Result,
} from '@dsm/core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { reserve } from '../../src/account/reserve.ts';
import type { Device } from '../../src/device.ts';
import { accept, commit, receive, request } from '../../src/exchange/index.ts';
import { readItem } from '../../src/records/item.ts';
import { listReservations } from '../../src/records/reservation.ts';
import { messageOf, offerTo, pay, takeAny } from '../attack/kit.ts';
import { readTerms } from '../../src/vault/record.ts';
import { makeWallet, makeWorld, present, suite } from '../support/wallets.ts';
import { command, copyOf, introduce, layTable, type Table } from './table.ts';

let table: Table;
let alice: Device;
let till: Device;

beforeAll(async () => {
  table = await layTable();
  await introduce(table.canteen, table.alice);
});

beforeEach(async () => {
  alice = await copyOf(table, table.alice);
  till = await copyOf(table, table.till);
});

const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

/** The message with other items. */
function change<K extends FileKind>(
  kind: K,
  message: Uint8Array,
  to: (items: readonly BundleItem[]) => readonly BundleItem[],
): Uint8Array {
  const { content, items } = must(decodeFileOf(suite, kind, message));
  return encodeFile(suite, kind, content as never, to(items));
}

/** What a message answers that lacks one of its items, each in turn. */
async function withoutEach(
  kind: FileKind,
  message: Uint8Array,
  take: (bytes: Uint8Array) => Promise<Result<unknown>>,
): Promise<ReadonlySet<string>> {
  const { length } = must(decodeFileOf(suite, kind, message)).items;
  const codes = new Set<string>();
  for (let left = 0; left < length; left++) {
    codes.add(codeOf(await take(change(kind, message, (items) => items.toSpliced(left, 1)))));
  }
  return codes;
}

const requestOf = (amount: bigint, compact = false) => ({
  command: command(),
  from: alice.account,
  token: table.token,
  amount,
  order: '',
  compact,
});

describe('BND-2: of a compact message nothing can be left out', () => {
  const compact = true;

  test('offer, accept and commit', async () => {
    await pay(table, alice, till);
    const offered = must(await offerTo(table, alice, till, { compact }));
    expect(await withoutEach('offer', messageOf(offered), (bytes) => accept(till, bytes))).not.toContain('ok');
    const accepted = must(await accept(till, messageOf(offered), { compact }));
    expect(await withoutEach('accept', messageOf(accepted), (bytes) => commit(alice, bytes))).not.toContain('ok');
    const committed = must(await commit(alice, messageOf(accepted), { compact }));
    expect(await withoutEach('commit', messageOf(committed), (bytes) => receive(till, bytes))).not.toContain('ok');
    must(await receive(till, messageOf(committed)));
  });

  test('a request', async () => {
    await pay(table, alice, till);
    const requested = must(await request(till, requestOf(5n, compact)));
    const codes = await withoutEach('request', messageOf(requested), (bytes) => commit(alice, bytes, { compact }));
    expect(codes).not.toContain('ok');
    expect(codes).toContain('E_INCOMPLETE');
    must(await commit(alice, messageOf(requested), { compact }));
  });
});

test('BND-3: a certificate that nothing asks for must hold all the same', async () => {
  const compact = true;
  const { funding } = await fundingOf(alice);
  await pay(table, alice, till, { compact });
  const offered = messageOf(must(await offerTo(table, alice, till, { compact })));
  const withIt = (item: BundleItem): Uint8Array => change('offer', offered, (items) => [...items, item]);
  const damaged = { ...funding, receipts: funding.receipts.slice(1) };
  expect(codeOf(await accept(till, withIt({ type: 'certificate', certificate: damaged })))).toBe('E_CERTIFICATE');
  expect(codeOf(await accept(till, withIt({ type: 'certificate', certificate: funding })))).toBe('ok');
});

/** The certificate of the state that sets value aside for the till. */
async function fundingOf(device: Device): Promise<{ readonly funding: Certificate }> {
  const { vault } = present((await listReservations(device))[0]);
  const { fundingIndex } = present(await readTerms(device, vault));
  const item = await readItem(device, itemNames.certificate(device.account, fundingIndex));
  if (item?.type !== 'certificate') throw new Error('the reservation is not certified');
  return { funding: item.certificate };
}

test('NET-1: a message of another network is refused, also where it shows too little to say so', async () => {
  const other = makeWorld();
  const { id: _id, quorum: _quorum, ...description } = other.net.network;
  const network = must(openNetwork(suite, { ...description, name: 'another' }));
  const { device: stranger } = await makeWallet({ ...other, net: { ...other.net, network } }, 'stranger');
  const message = messageOf(must(await offerTo(table, alice, till)));
  expect(codeOf(await accept(stranger, message))).toBe('E_NETWORK');
  const less = change('offer', message, (items) => items.filter(({ type }) => type !== 'certificate'));
  expect(codeOf(await accept(stranger, less))).toBe('E_NETWORK');
});

describe('REL-23: offers that cross', () => {
  test('of two the one with the lower id goes first, whoever made it', async () => {
    const canteen = await copyOf(table, table.canteen);
    await takeAny(canteen);
    await takeAny(alice);
    const provisional = true;
    const mine = must(await offerTo(table, alice, canteen, { provisional }));
    const theirs = must(await offerTo(table, canteen, alice, { provisional }));
    const both = [await accept(alice, messageOf(theirs)), await accept(canteen, messageOf(mine))];
    expect(both.map(codeOf).toSorted()).toEqual(['E_OPEN', 'ok']);
  });
});

test('REL-17: of two reservations that cover a request the one that ends first is used', async () => {
  const { canteen, world, token } = table;
  await introduce(table.alice, table.till);
  const until = world.nowMs + 40 * 86_400_000;
  const payer = canteen.device;
  await introduce(canteen, table.till);
  for (const later of [0, 86_400_000]) {
    must(
      await reserve(payer, {
        for: table.till.device.account,
        token,
        amount: later ? 5_000n : 500n,
        until: until + later,
      }),
    );
  }
  const payee = table.till.device;
  await pay(table, payer, payee, { amount: 100n });
  await pay(table, payer, payee, { amount: 1_000n });
  const requested = must(await request(payee, { ...requestOf(50n), from: payer.account }));
  const [first] = (await listReservations(payer)).toSorted((a, b) => a.until - b.until);
  expect(requested.payment.vault).toEqual(present(first).vault);
});
