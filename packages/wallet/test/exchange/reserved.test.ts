import { must, verifyFile, type ChainId, type Result } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import {
  accept,
  acknowledge,
  cancel,
  commit,
  offer,
  receive,
  refund,
  request,
  takeAck,
} from '../../src/exchange/index.ts';
import type { Exchanged } from '../../src/exchange/index.ts';
import { payOnline } from '../../src/account/payment.ts';
import { reserve } from '../../src/account/reserve.ts';
import { setPolicy } from '../../src/contacts/policy.ts';
import { paymentRecords } from '../../src/records/payment.ts';
import { buildClaim } from '../../src/sync/claims.ts';
import { suite } from '../support/wallets.ts';
import { command, copyOf, credit, layTable, type Table } from './table.ts';

const codeOf = (result: Result<unknown>): string | undefined => (result.ok ? undefined : result.error.code);
const messageOf = (exchanged: Exchanged): Uint8Array => exchanged.message as Uint8Array;

const offerOf = (table: Table, amount: bigint, extra = {}) =>
  offer(table.alice.device, {
    command: command(),
    to: table.till.device.account,
    token: table.token,
    amount,
    order: 'table 4',
    provisional: false,
    ...extra,
  });

/** Three turns; answers the messages. */
async function payOnce(table: Table, amount: bigint) {
  const offered = must(await offerOf(table, amount));
  const accepted = must(await accept(table.till.device, messageOf(offered)));
  const committed = must(await commit(table.alice.device, messageOf(accepted)));
  const received = must(await receive(table.till.device, messageOf(committed)));
  return { offered, accepted, committed, received };
}

const verdict = (table: Table, bytes: Uint8Array) => verifyFile(suite, table.world.net.network, bytes);

describe('a payment out of a reservation, offline', () => {
  test('REL-10, REL-15, REL-18, REL-19: three turns end in a reserved payment, and every file verifies alone', async () => {
    const table = await layTable();
    for (const node of [0, 1, 2, 3]) table.directory.down.add(node);
    const { offered, accepted, committed, received } = await payOnce(table, 750n);
    expect(received.payment).toMatchObject({ status: 'received', grade: 'reserved', amount: 750n, order: 'table 4' });
    const ack = must(await acknowledge(table.till.device, received.payment));
    expect(must(await takeAck(table.alice.device, messageOf(ack))).payment.status).toBe('acknowledged');
    expect(verdict(table, messageOf(offered))).toMatchObject({ ok: true, kind: 'offer' });
    expect(verdict(table, messageOf(accepted))).toMatchObject({ ok: true, kind: 'accept' });
    expect(verdict(table, messageOf(committed))).toMatchObject({
      ok: true,
      kind: 'commit',
      findings: { grade: 'reserved' },
    });
    expect(verdict(table, messageOf(ack))).toMatchObject({ ok: true, kind: 'ack' });
  });

  test('REL-21: repeating any turn gives the same bytes and moves nothing', async () => {
    const table = await layTable();
    const key = command();
    const first = must(await offerOf(table, 750n, { command: key }));
    const second = must(await offerOf(table, 750n, { command: key }));
    expect(second.message).toEqual(first.message);
    const accepted = must(await accept(table.till.device, messageOf(first)));
    expect(must(await accept(table.till.device, messageOf(first))).message).toEqual(accepted.message);
    const committed = must(await commit(table.alice.device, messageOf(accepted)));
    expect(must(await commit(table.alice.device, messageOf(accepted))).message).toEqual(committed.message);
    must(await receive(table.till.device, messageOf(committed)));
    must(await receive(table.till.device, messageOf(committed)));
    expect(must(await offerOf(table, 750n, { command: key })).message).toEqual(first.message);
    const payments = await paymentRecords.list(table.till.device);
    expect(payments.filter(({ value }) => value.kind === 'reserved')).toHaveLength(1);
  });

  test('RES-2: several payments one after the other; a total is never above what was set aside', async () => {
    const table = await layTable();
    await payOnce(table, 750n);
    await payOnce(table, 750n);
    expect(codeOf(await offerOf(table, 501n))).toBe('E_BALANCE');
    await payOnce(table, 500n);
  });

  test('REL-22, RES-3: a commit that comes after later states of the payer is claimed all the same', async () => {
    const table = await layTable();
    const { alice, canteen, till, token } = table;
    const paid = must(await payOnline(canteen.device, { to: till.device.account, token, amount: 900n }));
    await credit(till.device, paid.chain, paid.index, canteen.device);
    must(await setPolicy(alice.device, { provisionalMax: 'any' }));
    const offered = must(await offerOf(table, 750n));
    const accepted = must(await accept(till.device, messageOf(offered), { expiryMs: 60_000 }));
    const late = must(await commit(alice.device, messageOf(accepted)));
    // The letter lies about. Meanwhile the payer accepts something, and shows its half with the state that pays below.
    table.world.nowMs += 3_600_000;
    const back = must(
      await offer(till.device, {
        command: command(),
        to: alice.device.account,
        token,
        amount: 30n,
        order: '',
        provisional: true,
      }),
    );
    must(await commit(till.device, messageOf(must(await accept(alice.device, messageOf(back))))));
    const received = must(await receive(till.device, messageOf(late)));
    expect(received.payment).toMatchObject({ status: 'received', grade: 'reserved', amount: 750n });
    const vault = received.payment.vault as ChainId;
    expect(verdict(table, must(await buildClaim(till.device, vault)))).toMatchObject({ ok: true, kind: 'claim' });
  });

  test('REL-17: two turns on a synced relationship, full and compact', async () => {
    const table = await layTable();
    await payOnce(table, 500n);
    const options = { from: table.alice.device.account, token: table.token, amount: 250n, order: 'coffee' };
    for (const compact of [false, true]) {
      const requested = must(await request(table.till.device, { ...options, command: command(), compact }));
      const committed = must(await commit(table.alice.device, messageOf(requested), { compact }));
      const received = must(await receive(table.till.device, messageOf(committed)));
      expect(received.payment).toMatchObject({ status: 'received', grade: 'reserved', amount: 250n });
      const expected = compact ? { ok: false, error: { code: 'E_INCOMPLETE' } } : { ok: true };
      expect(verdict(table, messageOf(requested))).toMatchObject(expected);
      expect(verdict(table, messageOf(committed))).toMatchObject(expected);
    }
  });

  test('REL-13: three turns in compact form on a synced relationship', async () => {
    const table = await layTable();
    await payOnce(table, 500n);
    const offered = must(await offerOf(table, 100n, { compact: true }));
    const accepted = must(await accept(table.till.device, messageOf(offered), { compact: true }));
    const committed = must(await commit(table.alice.device, messageOf(accepted), { compact: true }));
    expect(must(await receive(table.till.device, messageOf(committed))).payment.grade).toBe('reserved');
    expect(messageOf(committed).length).toBeLessThan(6_500);
  });

  test('REL-21: one open payment with a peer at a time; cancelling frees the place', async () => {
    const table = await layTable();
    const offered = must(await offerOf(table, 100n));
    expect(codeOf(await offerOf(table, 200n))).toBe('E_OPEN');
    const accepted = must(await accept(table.till.device, messageOf(offered)));
    must(await cancel(table.alice.device, offered.payment.payment));
    expect(codeOf(await commit(table.alice.device, messageOf(accepted)))).toBe('E_STATE');
    await payOnce(table, 200n);
  });

  test('REL-16, REL-22: an accept that has expired is not committed; a commit after E minus margin is void', async () => {
    const table = await layTable();
    const offered = must(await offerOf(table, 100n));
    const accepted = must(await accept(table.till.device, messageOf(offered)));
    table.world.nowMs += 25 * 3_600_000;
    expect(codeOf(await commit(table.alice.device, messageOf(accepted)))).toBe('E_EXPIRED');
    const again = must(await offerOf(table, 100n));
    const acceptedAgain = must(await accept(table.till.device, messageOf(again)));
    const committed = must(await commit(table.alice.device, messageOf(acceptedAgain)));
    table.world.nowMs += 30 * 86_400_000;
    expect(codeOf(await receive(table.till.device, messageOf(committed)))).toBe('E_VOID');
  });

  test('REL-13: a copy of the payer cannot spend the reservation twice: the payee refuses', async () => {
    const table = await layTable();
    await payOnce(table, 500n);
    const copy = await copyOf(table, table.alice);
    await payOnce(table, 1_500n);
    const twice = must(
      await offer(copy, {
        command: command(),
        to: table.till.device.account,
        token: table.token,
        amount: 1_500n,
        order: '',
        provisional: false,
      }),
    );
    expect(codeOf(await accept(table.till.device, messageOf(twice)))).toBe('E_STALE');
  });

  test('REL-23: an offer closes the request that proposed the same place', async () => {
    const table = await layTable();
    await payOnce(table, 500n);
    const options = { from: table.alice.device.account, token: table.token, amount: 100n, order: '' };
    const byTill = must(await request(table.till.device, { ...options, command: command() }));
    const byAlice = must(await offerOf(table, 100n));
    expect(codeOf(await commit(table.alice.device, messageOf(byTill)))).toBe('E_OPEN');
    const accepted = must(await accept(table.till.device, messageOf(byAlice)));
    const committed = must(await commit(table.alice.device, messageOf(accepted)));
    must(await receive(table.till.device, messageOf(committed)));
    expect(codeOf(await commit(table.alice.device, messageOf(byTill)))).toBe('E_STALE');
    await payOnce(table, 100n);
  });

  test('REL-23: crossing requests are both dead, and either side can begin again', async () => {
    const table = await layTable();
    const { alice, till, token, world } = table;
    await payOnce(table, 500n);
    // A reservation the other way round.
    const paid = must(await payOnline(alice.device, { to: till.device.account, token, amount: 1_000n }));
    await credit(till.device, paid.chain, paid.index, alice.device);
    const until = world.nowMs + 30 * 86_400_000;
    must(await reserve(till.device, { for: alice.device.account, token, amount: 500n, until }));
    const back = { command: command(), to: alice.device.account, token, amount: 50n, order: '', provisional: false };
    const offered = must(await offer(till.device, back));
    const accepted = must(await accept(alice.device, messageOf(offered)));
    must(await receive(alice.device, messageOf(must(await commit(till.device, messageOf(accepted))))));

    const options = { token, amount: 100n, order: '' };
    const byTill = must(await request(till.device, { ...options, from: alice.device.account, command: command() }));
    const byAlice = must(await request(alice.device, { ...options, from: till.device.account, command: command() }));
    expect(codeOf(await commit(alice.device, messageOf(byTill)))).toBe('E_STALE');
    expect(codeOf(await commit(till.device, messageOf(byAlice)))).toBe('E_STALE');

    const again = must(await request(till.device, { ...options, from: alice.device.account, command: command() }));
    const committed = must(await commit(alice.device, messageOf(again)));
    expect(must(await receive(till.device, messageOf(committed))).payment.grade).toBe('reserved');
  });

  test('REL-24: a refund names the original and never exceeds it', async () => {
    const table = await layTable();
    const { received } = await payOnce(table, 750n);
    const refuse = await refund(table.till.device, {
      command: command(),
      payment: received.payment.payment,
      amount: 751n,
      provisional: true,
    });
    expect(codeOf(refuse)).toBe('E_AMOUNT');
  });
});
