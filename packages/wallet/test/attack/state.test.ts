import { must, verifyFile } from '@dsm/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { createToken } from '../../src/account/token.ts';
import { acknowledge, accept, commit, receive, request, takeAck, refund } from '../../src/exchange/index.ts';
import {
  findRelationship,
  messageKey,
  messageRecords,
  outcomeKey,
  pendingOutcomeRecords,
} from '../../src/exchange/records.ts';
import { paymentRecords } from '../../src/records/payment.ts';
import { listReservations } from '../../src/records/reservation.ts';
import { buildClaim } from '../../src/sync/claims.ts';
import { reserve } from '../../src/account/reserve.ts';
import { sync } from '../../src/sync/sync.ts';
import { exportChain } from '../../src/view/chain.ts';
import { history } from '../../src/view/history.ts';
import { command, copyOf, credit, introduce, layTable, makePerson, type Table } from '../exchange/table.ts';
import { present } from '../support/wallets.ts';
import { codeOf, cutOff, messageOf, offerTo, pay, payUpToCommit, takeAny } from './kit.ts';

let table: Table;
beforeEach(async () => {
  table = await layTable();
});

const DAY_MS = 86_400_000;

/** A reservation of the till for Alice, so that both can pay. */
async function reserveBack({ alice, till, token, world }: Table): Promise<void> {
  const paid = must(await payOnline(alice.device, { to: till.device.account, token, amount: 1_000n }));
  await credit(till.device, paid.chain, paid.index, alice.device);
  must(
    await reserve(till.device, { for: alice.device.account, token, amount: 500n, until: world.nowMs + 30 * DAY_MS }),
  );
}

describe('what a message says about a payment', () => {
  test('REL-19: an acknowledgement of what was never committed is refused', async () => {
    const { alice, till } = table;
    const { accepted, committed } = await payUpToCommit(table, alice.device, till.device);
    const early = await copyOf(table, alice);
    const { payment } = must(await receive(till.device, messageOf(committed)));
    const ack = messageOf(must(await acknowledge(till.device, payment)));
    must(
      await early.store.commit([
        paymentRecords.put(early, payment.payment, {
          ...accepted.payment,
          direction: 'out',
          peer: till.device.account,
          status: 'offered',
        }),
      ]),
    );
    expect(codeOf(await takeAck(early, ack))).toBe('E_STATE');
    expect(must(await takeAck(alice.device, ack)).payment.status).toBe('acknowledged');
  });

  test('REL-7: a payee says what became of payments to itself, and of no others', async () => {
    const { alice, till, token, world, directory } = table;
    const carol = await makePerson(world, directory, 'carol');
    await introduce(alice, carol);
    must(
      await reserve(alice.device, { for: carol.device.account, token, amount: 500n, until: world.nowMs + 30 * DAY_MS }),
    );
    const { committed } = await pay(table, alice.device, till.device);
    await pay(table, alice.device, carol.device);
    const { ownHalf } = present(await findRelationship(carol.device, alice.device.account));
    const key = outcomeKey(ownHalf, committed.payment.payment);
    must(await carol.device.store.commit([pendingOutcomeRecords.put(carol.device, key, 'void')]));
    await pay(table, alice.device, carol.device);
    const row = await paymentRecords.read(alice.device, committed.payment.payment);
    expect(row?.status).toBe('committed');
  });
});

describe('witnesses under one root', () => {
  test('REL-21: a compact commit is taken however late, whatever the payee has written since', async () => {
    const { alice, till, world } = table;
    await reserveBack(table);
    await pay(table, till.device, alice.device);
    const { committed } = await payUpToCommit(table, alice.device, till.device, { compact: true });
    world.nowMs += 2 * DAY_MS;
    must(await offerTo(table, till.device, alice.device));
    expect(must(await receive(till.device, messageOf(committed))).payment).toMatchObject({ grade: 'reserved' });
  });

  test('REL-21: a commit whose message a crash took is written again, whatever came meanwhile', async () => {
    const { alice, till } = table;
    await reserveBack(table);
    await pay(table, till.device, alice.device);
    const { accepted, committed } = await payUpToCommit(table, alice.device, till.device);
    must(await alice.device.store.commit([messageRecords.remove(messageKey(committed.payment.payment, 'committed'))]));
    must(await receive(till.device, messageOf(committed)));
    await pay(table, till.device, alice.device);
    const again = must(await commit(alice.device, messageOf(accepted)));
    expect(codeOf(await receive(till.device, messageOf(again)))).toBe('ok');
    expect(verifyFile(alice.device.suite, table.world.net.network, messageOf(again))).toMatchObject({ ok: true });
  });

  test('CHN-13: both halves of a relationship are exported and verify, whoever paid whom', async () => {
    const { alice, till } = table;
    await reserveBack(table);
    await pay(table, alice.device, till.device);
    await pay(table, till.device, alice.device);
    await pay(table, alice.device, till.device);
    await pay(table, till.device, alice.device);
    for (const [one, other] of [
      [alice, till],
      [till, alice],
    ] as const) {
      const { ownHalf } = present(await findRelationship(one.device, other.device.account));
      const file = must(await exportChain(one.device, ownHalf));
      expect(verifyFile(one.device.suite, table.world.net.network, file)).toMatchObject({
        ok: true,
        findings: { states: 5 },
      });
    }
  });
});

describe('the chain of a reservation', () => {
  test('CHN-13: is exported by the payee whatever claims were drafted before, and verifies', async () => {
    const { alice, till } = table;
    await pay(table, alice.device, till.device);
    const { vault } = present((await listReservations(till.device))[0]);
    must(await buildClaim(till.device, vault));
    await pay(table, alice.device, till.device);
    must(await buildClaim(till.device, vault));
    expect(must(await sync(till.device)).claimed).toHaveLength(2);
    await pay(table, alice.device, till.device);
    must(await sync(till.device));
    const file = must(await exportChain(till.device, vault));
    expect(verifyFile(till.device.suite, table.world.net.network, file)).toMatchObject({
      ok: true,
      findings: { states: 4, grade: 'certified' },
    });
  });
});

describe('what a caller hands in', () => {
  test('WAL-1: an order reference that no message may carry is refused and does not damage the wallet', async () => {
    const { alice, till, token } = table;
    await pay(table, alice.device, till.device);
    for (const order of ['x'.repeat(65), 'a\u0000b', ' padded ', 'a\u202eb']) {
      expect(codeOf(await offerTo(table, alice.device, till.device, { order }))).toBe('E_FORMAT');
      const asked = { command: command(), from: alice.device.account, token, amount: 1n, order };
      expect(codeOf(await request(till.device, asked))).toBe('E_FORMAT');
      const reference = { salt: new Uint8Array(16), order, refundOf: null };
      const online = { to: till.device.account, token, amount: 1n, reference };
      expect(codeOf(await payOnline(alice.device, online))).toBe('E_FORMAT');
    }
    expect(codeOf(await history(alice.device))).toBe('ok');
    await pay(table, alice.device, till.device);
  });

  test('VAL-1: a token that no policy may describe is refused and does not damage the wallet', async () => {
    const { canteen } = table;
    for (const odd of [{ decimals: 19 }, { decimals: 0.5 }, { cap: 1n << 128n }, { expiresAt: -1 }]) {
      const made = await createToken(canteen.device, { symbol: 'ODD', decimals: 2, cap: 5n, ...odd });
      expect(codeOf(made), JSON.stringify(Object.keys(odd))).not.toBe('ok');
    }
    must(await createToken(canteen.device, { symbol: 'EVEN', decimals: 2, cap: 5n }));
  });
});

describe('a refund', () => {
  test('REL-24: that was offered and never taken can be begun again once its time is over', async () => {
    const { alice, till } = table;
    await reserveBack(table);
    const { received } = await pay(table, alice.device, till.device);
    const options = { payment: received.payment.payment, provisional: false };
    must(await refund(till.device, { ...options, command: command() }));
    table.world.nowMs += 2 * DAY_MS;
    expect(codeOf(await refund(till.device, { ...options, command: command() }))).toBe('ok');
  });
});

describe('a provisional offer', () => {
  test('REL-14: for a place that the payee knows to be taken is refused', async () => {
    const { alice, till, token } = table;
    await takeAny(till.device);
    const copy = await copyOf(table, alice);
    must(await payOnline(alice.device, { to: till.device.account, token, amount: 10n }));
    must(await sync(till.device));
    cutOff(table);
    const stale = must(await offerTo(table, copy, till.device, { provisional: true }));
    expect(codeOf(await accept(till.device, messageOf(stale)))).toBe('E_CONFLICT');
  });
});
