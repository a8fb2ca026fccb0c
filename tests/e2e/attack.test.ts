/** Byte copies of a home that pay twice: what each grade is worth then, and what proves the fraud. */
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  balanceOf,
  expectEveryByteChecked,
  HEX,
  initWallets,
  introduce,
  openWorld,
  paymentOf,
  TIME,
  type Answer,
  type World,
} from './support.ts';

const PAYERS = ['alice', 'erin'] as const;

let world: World;
beforeAll(async () => {
  world = openWorld();
  await world.upNetwork();
  await initWallets(world, ...PAYERS, 'bob', 'carol', 'dave');
  for (const payer of PAYERS) {
    await introduce(world, [payer, 'bob'], [payer, 'carol']);
    await world.ask(payer, `token create ${payer.toUpperCase()} --decimals 0 --max 100`);
    await world.ask(payer, `token mint ${payer.toUpperCase()} 100`);
  }
  await world.ask('alice', 'reserve bob 20 ALICE');
  await world.downNetwork();
  for (const payee of ['bob', 'carol']) await world.ask(payee, 'policy set --provisional-max any --run 2');
  for (const payer of PAYERS) cpSync(world.path(payer), world.path(`${payer}-copy`), { recursive: true });
});
afterAll(() => world.close());

/** Three turns by files; answers what the payee answered. */
async function payByFiles(from: string, to: string, what: string, file: string): Promise<Answer> {
  await world.ask(from, `offer ${to} ${what} --out ${file}1`);
  await world.ask(to, `accept ${file}1 --out ${file}2`);
  await world.ask(from, `commit ${file}2 --out ${file}3`);
  return world.ask(to, `receive ${file}3`);
}

describe('without any node', () => {
  test('reserved: the payee sees the copy at once and takes nothing twice', async () => {
    expect(await payByFiles('alice', 'bob', '15 ALICE', 'r')).toMatchObject({ grade: 'reserved' });
    // From the same 20, before the copy can know of the 15.
    await world.ask('alice-copy', 'offer bob 15 ALICE --out s1');
    expect(await world.refuse('bob', 'accept s1 --out s2')).toMatch(/^E_(TOTAL|STALE|FORK|CONFLICT)$/);
    expect(existsSync(world.path('s2'))).toBe(false);
    // Nobody else takes what is set aside for Bob.
    expect(await world.refuse('alice-copy', 'offer carol 15 ALICE --out s3')).toBe('E_RESERVATION');
    expect(await balanceOf(world, 'bob', 'ALICE')).toEqual(['0', '0', '15', '0']);
  });

  test.each(PAYERS)('provisional: %s pays Bob 70 and the copy pays Carol 60', async (payer) => {
    const token = payer.toUpperCase();
    expect(await payByFiles(payer, 'bob', `70 ${token} --provisional`, `${payer}-b`)).toMatchObject({
      grade: 'provisional',
      state: 'received',
      settleBy: TIME,
    });
    expect(await payByFiles(`${payer}-copy`, 'carol', `60 ${token} --provisional`, `${payer}-c`)).toMatchObject({
      grade: 'provisional',
    });
    for (const file of [`${payer}-b3`, `${payer}-c3`]) {
      expect(await world.verify(file)).toMatchObject({ ok: true, grade: 'provisional', settleBy: TIME });
    }
  });
});

describe('the nodes are back', () => {
  let evidence: Answer = {};

  test('payees who sync in turn: exactly one is paid', async () => {
    await world.upNetwork();
    const [first, second] = [await world.ask('bob', 'sync'), await world.ask('carol', 'sync')];
    expect(first).toMatchObject({ evidence: 0, claimed: [{ amount: '15', symbol: 'ALICE' }] });
    expect(second).toMatchObject({ evidence: 2, received: [] });
    for (const token of ['ALICE', 'ERIN']) {
      expect(await balanceOf(world, 'bob', token)).toEqual([token === 'ALICE' ? '85' : '70', '0', '0', '0']);
      expect((await balanceOf(world, 'carol', token))[0]).toMatch(/^(0|none)$/);
    }
    const { payments } = (await world.ask('carol', 'history')) as { payments: Answer[] };
    expect(payments.map(({ status, grade }) => [status, grade])).toEqual([
      ['lost', null],
      ['lost', null],
    ]);
    const { payments: paid } = (await world.ask('bob', 'history')) as { payments: Answer[] };
    expect(new Set(paid.map(({ status, grade }) => `${String(status)} ${String(grade)}`))).toEqual(
      new Set(['final certified']),
    );
  });

  test('evidence: listed, exported, verified by a process without a wallet, every byte of it', async () => {
    const { evidence: list } = (await world.ask('carol', 'evidence list')) as { evidence: Answer[] };
    const { account, device } = await world.ask('alice', 'id');
    evidence = list.find(({ chain }) => chain === account) ?? {};
    expect(list).toHaveLength(2);
    expect(evidence).toEqual({ id: HEX, chain: account, index: expect.any(Number) as number, device, at: TIME });
    const id = String(evidence['id']);
    await world.ask('carol', `evidence export ${id} --out fork`);
    await expectEveryByteChecked(world, 'fork', { ok: true, kind: 'evidence', states: 2 });
    const verified = await world.run('evidence verify fork --network net/network.json --home nobody --json');
    expect(verified).toEqual({ code: 0, stdout: '{"ok":true,"kind":"evidence","states":2}\n', stderr: '' });
    const refused = await world.run('evidence verify alice.card --network net/network.json --json');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ ok: false, error: { code: 'E_FORMAT' } });
    expect(existsSync(world.path('nobody'))).toBe(false);
  });

  test('evidence: taken over by others, who do no new business with that key', async () => {
    cpSync(world.path('alice'), world.path('unaware'), { recursive: true });
    await world.ask('unaware', 'contact add dave.card');
    await world.ask('dave', 'contact add alice.card');
    expect(await world.ask('dave', 'evidence list')).toEqual({ evidence: [] });
    const imported = await world.ask('dave', 'evidence import fork');
    expect(imported).toMatchObject({ id: evidence['id'], device: evidence['device'] });
    expect(await world.ask('dave', 'evidence import fork')).toEqual(imported);
    expect(await world.ask('dave', 'evidence list')).toEqual({ evidence: [imported] });
    await world.ask('dave', `evidence export ${String(evidence['id'])} --out fork-again`);
    expect(readFileSync(world.path('fork-again'))).toEqual(readFileSync(world.path('fork')));
    // The device itself stops as soon as it knows.
    expect(await world.ask('alice-copy', 'sync')).toMatchObject({ evidence: 1 });
    expect(await world.refuse('alice-copy', 'pay carol 1 ALICE')).toBe('E_FORK');
    expect(await world.refuse('alice-copy', 'offer carol 1 ALICE --provisional --out n1')).toBe('E_FORK');
    await world.ask('dave', 'policy set --provisional-max any');
    // One that has not heard yet offers all the same, to somebody who has.
    cpSync(world.path('erin'), world.path('unaware'), { recursive: true });
    expect(await world.refuse('carol', 'offer alice 1 ERIN --provisional --out n2')).toMatch(
      /^E_(QUARANTINED|BALANCE)$/,
    );
  });
});

describe('payees who sync at once', () => {
  test('exactly one is paid, and the books of all agree', async () => {
    await initWallets(world, 'fred');
    await introduce(world, ['fred', 'bob'], ['fred', 'carol']);
    await world.ask('fred', 'token create FRED --decimals 0 --max 100');
    await world.ask('fred', 'token mint FRED 100');
    cpSync(world.path('fred'), world.path('fred-copy'), { recursive: true });
    const toBob = await payByFiles('fred', 'bob', '90 FRED --provisional', 'f-b');
    const toCarol = await payByFiles('fred-copy', 'carol', '80 FRED --provisional', 'f-c');
    await Promise.all([world.ask('bob', 'sync'), world.ask('carol', 'sync')]);
    // Where the votes were split, a sync has begun the rounds that decide; this waits until they have.
    for (const home of ['bob', 'carol']) await world.ask(home, 'unlock');
    for (const home of ['bob', 'carol', 'fred', 'fred-copy']) await world.ask(home, 'sync');
    const rows = await Promise.all([
      paymentOf(world, 'bob', toBob['payment']),
      paymentOf(world, 'carol', toCarol['payment']),
    ]);
    expect(new Set(rows.map(({ status, grade }) => `${String(status)} ${String(grade)}`))).toEqual(
      new Set(['final certified', 'lost null']),
    );
    const [bob] = await balanceOf(world, 'bob', 'FRED');
    const [carol] = await balanceOf(world, 'carol', 'FRED');
    expect([
      ['90', '0'],
      ['90', 'none'],
      ['0', '80'],
      ['none', '80'],
    ]).toContainEqual([bob, carol]);
  });
});
