import { must } from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { createToken, mint } from '../../src/account/token.ts';
import { setPolicy } from '../../src/contacts/policy.ts';
import { accept, cancel, commit, receive } from '../../src/exchange/index.ts';
import { payingRelationships } from '../../src/exchange/records.ts';
import { listReservations } from '../../src/records/reservation.ts';
import { sync } from '../../src/sync/sync.ts';
import { copyOf, layTable, type Table } from '../exchange/table.ts';
import { present } from '../support/wallets.ts';
import { codeOf, cutOff, messageOf, offerTo, pay } from './kit.ts';

let table: Table;
beforeEach(async () => {
  table = await layTable();
});

const limitTo = async ({ till }: Table, provisionalMax: string): Promise<void> => {
  must(await setPolicy(till.device, { provisionalMax, run: 8 }));
};

describe('WAL-10: what is taken provisionally from one payer', () => {
  test('is not used up by offers that were withdrawn', async () => {
    const { alice, till } = table;
    await limitTo(table, '5');
    for (let i = 0; i < 3; i++) {
      table.world.nowMs += 1;
      const offered = must(await offerTo(table, alice.device, till.device, { amount: 500n, provisional: true }));
      must(await accept(till.device, messageOf(offered)));
      must(await cancel(alice.device, offered.payment.payment));
    }
    table.world.nowMs += 1;
    await pay(table, alice.device, till.device, { amount: 500n, provisional: true });
    const more = must(await offerTo(table, alice.device, till.device, { amount: 1n, provisional: true }));
    expect(codeOf(await accept(till.device, messageOf(more)))).toBe('E_POLICY');
  });

  test('counts tokens of different digits in units, not in base units', async () => {
    const { alice, canteen, till } = table;
    const whole = must(await createToken(canteen.device, { symbol: 'TICKET', decimals: 0, cap: 100n })).token;
    must(await mint(canteen.device, whole, 100n));
    must(await payOnline(canteen.device, { to: alice.device.account, token: whole, amount: 50n }));
    must(await sync(alice.device));
    await limitTo(table, '10');
    cutOff(table);
    const tickets = { token: whole };
    await pay(tickets, alice.device, till.device, { amount: 9n, provisional: true });
    const meals = must(await offerTo(table, alice.device, till.device, { amount: 101n, provisional: true }));
    expect(codeOf(await accept(till.device, messageOf(meals)))).toBe('E_POLICY');
  });
});

describe('REL-22: what a reserved payment is worth', () => {
  test('never counts again what a copy of the payee has claimed', async () => {
    const { alice, till } = table;
    await pay(table, alice.device, till.device, { amount: 100n });
    const copy = await copyOf(table, till);
    const before = await copyOf(table, alice);
    await pay(table, alice.device, copy, { amount: 700n });
    must(await sync(copy));
    must(await sync(till.device));
    expect((await listReservations(till.device))[0]).toMatchObject({ total: 100n, claimed: 800n });
    // The payer as it was before it paid the copy: what it offers now is a part of what the copy has got.
    const offered = must(await offerTo(table, before, till.device, { amount: 300n }));
    expect(codeOf(await accept(till.device, messageOf(offered)))).toBe('E_TOTAL');
  });

  test('is not paid twice by a payer that begins a second relationship, not even when both were accepted', async () => {
    const { alice, till } = table;
    // A modified client: a copy that has forgotten the relationship and what it paid there.
    const copy = await copyOf(table, alice);
    const [mine, theirs] = [alice.device, copy];
    const offers = [must(await offerTo(table, mine, till.device)), must(await offerTo(table, theirs, till.device))];
    const accepts = [];
    for (const one of offers) accepts.push(must(await accept(till.device, messageOf(one))));
    const commits = [];
    for (const [i, device] of [mine, theirs].entries()) {
      commits.push(must(await commit(device, messageOf(present(accepts[i])))));
    }
    expect((await payingRelationships(till.device, mine.account)).length).toBe(2);
    expect(codeOf(await receive(till.device, messageOf(present(commits[1]))))).toBe('ok');
    expect(codeOf(await receive(till.device, messageOf(present(commits[0]))))).toBe('E_TOTAL');
    expect(must(await sync(till.device)).claimed).toMatchObject([{ total: 100n }]);
    expect((await listReservations(till.device))[0]).toMatchObject({ total: 100n, claimed: 100n });
  });

  test('an accept and its commit count up to E minus the margin, and not a moment later', async () => {
    const { alice, till, world } = table;
    const reservation = present((await listReservations(alice.device))[0]);
    const last = reservation.until - alice.device.network.marginMs;
    await pay(table, alice.device, till.device);
    world.nowMs = last - 1_000;
    const offered = must(await offerTo(table, alice.device, till.device));
    world.nowMs = last - 1;
    const accepted = must(await accept(till.device, messageOf(offered)));
    const committed = must(await commit(alice.device, messageOf(accepted)));
    expect(must(await receive(till.device, messageOf(committed))).payment.grade).toBe('reserved');
    world.nowMs = last;
    expect(codeOf(await offerTo(table, alice.device, till.device))).toBe('E_RESERVATION');
    world.nowMs = reservation.until;
    expect(must(await sync(till.device)).claimed).toMatchObject([{ total: 200n }]);
  });
});
