import { must, type Result } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { payOnline } from '../../src/account/payment.ts';
import { createToken, mint as mintTokens } from '../../src/account/token.ts';
import { certify } from '../../src/directory/certify.ts';
import { accept, commit, offer, receive, type Exchanged } from '../../src/exchange/index.ts';
import { verifyFile } from '@dsm/core';
import type { Device } from '../../src/device.ts';
import { policyKey, policyRecords } from '../../src/records/policy.ts';
import { suite } from '../support/wallets.ts';
import { command, copyOf, credit, introduce, layTable, makePerson, type Table } from './table.ts';

const codeOf = (result: Result<unknown>): string | undefined => (result.ok ? undefined : result.error.code);
const messageOf = (exchanged: Exchanged): Uint8Array => exchanged.message as Uint8Array;

const takeAny = async (device: Device, run = 4): Promise<void> => {
  const policy = { provisional: 'any', maxUnits18: 0n, run } as const;
  must(await device.store.commit([policyRecords.put(device, policyKey(null), policy)]));
};

const offerOf = (table: Table, from: Device, to: Device, amount: bigint) =>
  offer(from, { command: command(), to: to.account, token: table.token, amount, order: 'tea', provisional: true });

async function pay(table: Table, from: Device, to: Device, amount: bigint): Promise<Exchanged> {
  const offered = must(await offerOf(table, from, to, amount));
  const accepted = must(await accept(to, messageOf(offered)));
  const committed = must(await commit(from, messageOf(accepted)));
  const received = must(await receive(to, messageOf(committed)));
  return { ...received, message: committed.message };
}

const takeDown = (table: Table): void => {
  for (const node of [0, 1, 2, 3]) table.directory.down.add(node);
};

describe('a provisional payment', () => {
  test('WAL-10: by default nobody takes one', async () => {
    const table = await layTable();
    const offered = must(await offerOf(table, table.alice.device, table.till.device, 100n));
    expect(codeOf(await accept(table.till.device, messageOf(offered)))).toBe('E_POLICY');
  });

  test('REL-14: the whole run is shown, its length is limited, the file verifies alone', async () => {
    const table = await layTable();
    const { alice, till } = table;
    await takeAny(till.device, 2);
    takeDown(table);
    const first = await pay(table, alice.device, till.device, 100n);
    expect(first.payment).toMatchObject({ grade: 'provisional', status: 'received', order: 'tea' });
    const second = await pay(table, alice.device, till.device, 200n);
    const verdict = verifyFile(suite, table.world.net.network, messageOf(second));
    expect(verdict).toMatchObject({ ok: true, kind: 'commit', findings: { grade: 'provisional', states: 3 } });
    const third = must(await offerOf(table, alice.device, till.device, 300n));
    expect(codeOf(await accept(till.device, messageOf(third)))).toBe('E_POLICY');
  });

  test('the payee submits the payer states itself', async () => {
    const table = await layTable();
    const { alice, till } = table;
    await takeAny(till.device);
    takeDown(table);
    const { payment, message } = await pay(table, alice.device, till.device, 100n);
    table.directory.down.clear();
    expect(must(await certify(till.device, payment.state!)).receipts).toHaveLength(4);
    // REL-21: a turn that is repeated when it is settled long since answers with the same date.
    const { settleBy } = must(await receive(till.device, message as Uint8Array)).payment;
    expect(settleBy).not.toBeNull();
    expect(settleBy).toBe(payment.settleBy);
    await credit(till.device, payment.chain!, payment.index!, alice.device);
    const credited = must(await receive(till.device, message as Uint8Array)).payment;
    expect(credited).toMatchObject({ status: 'final', settleBy });
  });

  test('REL-14: the payee has brought the run to the nodes and the payer does not know yet: it may go on paying', async () => {
    const table = await layTable();
    const { alice, till } = table;
    await takeAny(till.device);
    takeDown(table);
    const { payment } = await pay(table, alice.device, till.device, 100n);
    table.directory.down.clear();
    must(await certify(till.device, payment.state!));
    takeDown(table);
    const second = await pay(table, alice.device, till.device, 200n);
    expect(second.payment).toMatchObject({ grade: 'provisional', status: 'received' });
    const verdict = verifyFile(suite, table.world.net.network, messageOf(second));
    expect(verdict).toMatchObject({ ok: true, findings: { states: 3 } });
  });

  test('REL-16: two open offers on one account state touch other leaves; the first committed wins', async () => {
    const table = await layTable();
    const bob = await makePerson(table.world, table.directory, 'bob');
    await introduce(table.alice, table.canteen, bob);
    const { device: alice } = table.alice;
    const { token } = must(await createToken(table.canteen.device, { symbol: 'TICKET', decimals: 0, cap: 9n }));
    must(await mintTokens(table.canteen.device, token, 9n));
    const paid = must(await payOnline(table.canteen.device, { to: alice.account, token, amount: 3n }));
    await credit(alice, paid.chain, paid.index, table.canteen.device);
    await takeAny(table.till.device);
    await takeAny(bob.device);
    const meal = must(await offerOf(table, alice, table.till.device, 100n));
    const ticket = must(await offerOf({ ...table, token }, alice, bob.device, 2n));
    const meals = must(await accept(table.till.device, messageOf(meal)));
    const tickets = must(await accept(bob.device, messageOf(ticket)));
    const committed = must(await commit(alice, messageOf(meals)));
    expect(must(await receive(table.till.device, messageOf(committed))).payment).toMatchObject({ status: 'received' });
    expect(codeOf(await commit(alice, messageOf(tickets)))).toBe('E_STALE');
  });

  test('REL-16: a credit that came between offer and commit makes the offer stale', async () => {
    const table = await layTable();
    await takeAny(table.till.device);
    const { device: alice } = table.alice;
    const accepted = must(
      await accept(table.till.device, messageOf(must(await offerOf(table, alice, table.till.device, 100n)))),
    );
    const paid = must(await payOnline(table.canteen.device, { to: alice.account, token: table.token, amount: 1n }));
    await credit(alice, paid.chain, paid.index, table.canteen.device);
    expect(codeOf(await commit(alice, messageOf(accepted)))).toBe('E_STALE');
  });

  test('a copy pays twice from one balance: at most one settles, and there is evidence', async () => {
    const table = await layTable();
    const bob = await makePerson(table.world, table.directory, 'bob');
    const carol = await makePerson(table.world, table.directory, 'carol');
    await introduce(table.alice, bob, carol);
    await takeAny(bob.device);
    await takeAny(carol.device);
    takeDown(table);
    const copy = await copyOf(table, table.alice);
    const toBob = await pay(table, table.alice.device, bob.device, 9_000n);
    const toCarol = await pay(table, copy, carol.device, 8_000n);
    table.directory.down.clear();
    must(await certify(bob.device, toBob.payment.state!));
    expect(codeOf(await certify(carol.device, toCarol.payment.state!))).toMatch(/E_FORK|E_CONFLICT/);
  });
});
