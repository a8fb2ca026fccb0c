/** A payee speaks about what was paid to it, and does not tell the truth. */
import { must } from '@dsm/core';
import { expect, test } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { reserve } from '../../src/account/reserve.ts';
import { releaseExpired, sync } from '../../src/index.ts';
import { accept, commit, receive, refund } from '../../src/exchange/index.ts';
import { findRelationship, outcomeKey, pendingOutcomeRecords } from '../../src/exchange/records.ts';
import { paymentRecords } from '../../src/records/payment.ts';
import { command, credit, layTable, type Table } from '../exchange/table.ts';
import { present } from '../support/wallets.ts';
import { codeOf, messageOf, pay } from './kit.ts';

const DAY_MS = 86_400_000;

/** The till owes Alice, pays it back out of a reservation, and Alice says that it never counted. */
async function denyRefund(table: Table) {
  const { alice, till, token, world } = table;
  const paid = must(await payOnline(alice.device, { to: till.device.account, token, amount: 1_000n }));
  await credit(till.device, paid.chain, paid.index, alice.device);
  const terms = { for: alice.device.account, token, amount: 500n, until: world.nowMs + 30 * DAY_MS };
  must(await reserve(till.device, terms));
  const { committed } = await pay(table, alice.device, till.device);
  const original = committed.payment.payment;
  const again = () => refund(till.device, { command: command(), payment: original, provisional: false });
  const offered = must(await again());
  const accepted = must(await accept(alice.device, messageOf(offered)));
  const paidBack = must(await commit(till.device, messageOf(accepted)));
  must(await receive(alice.device, messageOf(paidBack)));
  const { ownHalf } = present(await findRelationship(alice.device, till.device.account));
  const key = outcomeKey(ownHalf, paidBack.payment.payment);
  must(await alice.device.store.commit([pendingOutcomeRecords.put(alice.device, key, 'void')]));
  await pay(table, till.device, alice.device);
  const status = async () => present(await paymentRecords.read(till.device, paidBack.payment.payment)).status;
  return { again, status };
}

test('REL-24: a refund that its payee calls void counts as paid while it can still be claimed', async () => {
  const table = await layTable();
  const { again, status } = await denyRefund(table);
  expect(await status()).toBe('void');
  expect(codeOf(await again())).toBe('E_AMOUNT');
});

test('REL-7: what was called void and is claimed was paid', async () => {
  const table = await layTable();
  const { again, status } = await denyRefund(table);
  expect(must(await sync(table.alice.device)).claimed).toHaveLength(1);
  must(await sync(table.till.device));
  expect(await status()).toBe('final');
  expect(codeOf(await again())).toBe('E_AMOUNT');
});

test('REL-24: what was void and went back to its payer with the reservation is owed again', async () => {
  const table = await layTable();
  const { again, status } = await denyRefund(table);
  const { alice, till, world } = table;
  world.nowMs += 31 * DAY_MS;
  must(await releaseExpired(till.device, alice.device.account));
  expect(await status()).toBe('void');
  expect(codeOf(await again())).not.toBe('E_AMOUNT');
});
