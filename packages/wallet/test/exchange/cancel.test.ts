import { must, type Result } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { accept, cancel, commit, offer, receive, request, type Exchanged } from '../../src/exchange/index.ts';
import { setPolicy } from '../../src/contacts/policy.ts';
import { balances } from '../../src/view/balances.ts';
import { history } from '../../src/view/history.ts';
import { command, layTable, type Person, type Table } from './table.ts';

const codeOf = (result: Result<unknown>): string | undefined => (result.ok ? undefined : result.error.code);
const messageOf = ({ message }: Exchanged): Uint8Array => {
  if (message === null) throw new Error('a message is expected');
  return message;
};
const idOf = ({ payment }: Exchanged): Uint8Array => payment.payment;

const offerOf = (table: Table, amount: bigint, provisional = false) =>
  offer(table.alice.device, {
    command: command(),
    to: table.till.device.account,
    token: table.token,
    amount,
    order: '',
    provisional,
  });

const requestOf = ({ till, alice, token }: Table, amount: bigint) =>
  request(till.device, { command: command(), from: alice.device.account, token, amount, order: '' });

async function payOnce(table: Table, amount: bigint): Promise<void> {
  const accepted = must(await accept(table.till.device, messageOf(must(await offerOf(table, amount)))));
  must(await receive(table.till.device, messageOf(must(await commit(table.alice.device, messageOf(accepted))))));
}

const reservedOf = async ({ device }: Person): Promise<bigint> => must(await balances(device))[0]?.reserved ?? 0n;
const statusesOf = async ({ device }: Person) => must(await history(device)).map(({ status }) => status);

describe('REL-21: a payee that gives up', () => {
  test('a request may ask again at once, and the payer commits to the new one', async () => {
    const table = await layTable();
    await payOnce(table, 100n);
    const wrong = must(await requestOf(table, 900n));
    expect(codeOf(await requestOf(table, 90n))).toBe('E_OPEN');
    expect(must(await cancel(table.till.device, idOf(wrong))).status).toBe('cancelled');
    const right = must(await requestOf(table, 90n));
    const committed = must(await commit(table.alice.device, messageOf(right)));
    must(await receive(table.till.device, messageOf(committed)));
    expect(codeOf(await commit(table.alice.device, messageOf(wrong)))).toMatch(/^E_(STALE|LINK|OPEN)$/);
    expect(await reservedOf(table.till)).toBe(190n);
    // All at one moment of the test's clock, so in any order.
    expect((await statusesOf(table.till)).toSorted()).toEqual(['cancelled', 'received', 'received']);
  });

  test('a request that the payer commits to all the same is received, and the one after it is dead', async () => {
    const table = await layTable();
    await payOnce(table, 100n);
    const first = must(await requestOf(table, 900n));
    const committed = must(await commit(table.alice.device, messageOf(first)));
    must(await cancel(table.till.device, idOf(first)));
    const second = must(await requestOf(table, 90n));
    expect(must(await receive(table.till.device, messageOf(committed))).payment).toMatchObject({
      status: 'received',
      grade: 'reserved',
    });
    expect(await reservedOf(table.till)).toBe(1_000n);
    expect(codeOf(await commit(table.alice.device, messageOf(second)))).toBe('E_STALE');
    const third = must(await requestOf(table, 50n));
    must(await receive(table.till.device, messageOf(must(await commit(table.alice.device, messageOf(third))))));
    expect(await reservedOf(table.till)).toBe(1_050n);
  });

  test('an accept, out of a reservation or provisional: the same', async () => {
    const table = await layTable();
    must(await setPolicy(table.till.device, { provisionalMax: 'any' }));
    for (const provisional of [false, true]) {
      const accepted = must(await accept(table.till.device, messageOf(must(await offerOf(table, 700n, provisional)))));
      must(await cancel(table.till.device, idOf(accepted)));
      must(await cancel(table.till.device, idOf(accepted)));
      const committed = must(await commit(table.alice.device, messageOf(accepted)));
      expect(must(await receive(table.till.device, messageOf(committed))).payment.status).toBe('received');
      expect(codeOf(await cancel(table.till.device, idOf(accepted)))).toBe('E_STATE');
    }
    expect(must(await balances(table.till.device))).toMatchObject([{ reserved: 700n, provisional: 700n }]);
  });

  test('WAL-10: an accept that was given up counts against the policy while its commit can come', async () => {
    const table = await layTable();
    must(await setPolicy(table.till.device, { provisionalMax: '10', run: 2 }));
    const accepted = must(await accept(table.till.device, messageOf(must(await offerOf(table, 700n, true)))));
    const committed = must(await commit(table.alice.device, messageOf(accepted)));
    must(await cancel(table.till.device, idOf(accepted)));
    expect(codeOf(await accept(table.till.device, messageOf(must(await offerOf(table, 700n, true)))))).toBe('E_POLICY');
    must(await receive(table.till.device, messageOf(committed)));
    expect(must(await balances(table.till.device))).toMatchObject([{ provisional: 700n }]);
  });
});
