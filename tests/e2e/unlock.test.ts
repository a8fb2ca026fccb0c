/** What is stuck is decided: a double spend whose payees reach the nodes at once, a payment that ran out of time. */
import { cpSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  balanceOf,
  HEX,
  initWallets,
  introduce,
  openWorld,
  paymentOf,
  type Answer,
  type Ran,
  type World,
} from './support.ts';

/** Many processes, some of them waiting for rounds to open. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** Three turns by files; answers what the payee answered. */
async function payByFiles(world: World, from: string, to: string, what: string, file: string): Promise<Answer> {
  await world.ask(from, `offer ${to} ${what} --out ${file}1`);
  await world.ask(to, `accept ${file}1 --out ${file}2`);
  await world.ask(from, `commit ${file}2 --out ${file}3`);
  return world.ask(to, `receive ${file}3`);
}

describe('a double spend whose votes are split two and two', () => {
  let world: World;
  beforeAll(async () => {
    world = openWorld('--delta 1s --gap 3s --margin 5s --settle 2h --round 1s');
    await world.upNetwork();
    await initWallets(world, 'bob', 'carol');
  });
  afterAll(() => world.close());

  /** A payer and a copy of it, both payees paid from one balance of 100, all nodes down. */
  async function payTwice(payer: string): Promise<{ readonly bob: Answer; readonly carol: Answer }> {
    const token = payer.toUpperCase();
    await initWallets(world, payer);
    await introduce(world, [payer, 'bob'], [payer, 'carol']);
    await world.ask(payer, `token create ${token} --decimals 0 --max 100`);
    await world.ask(payer, `token mint ${token} 100`);
    await world.downNetwork();
    for (const payee of ['bob', 'carol']) await world.ask(payee, 'policy set --provisional-max any --run 2');
    cpSync(world.path(payer), world.path(`${payer}-copy`), { recursive: true });
    const bob = await payByFiles(world, payer, 'bob', `90 ${token} --provisional`, `${payer}-b`);
    const carol = await payByFiles(world, `${payer}-copy`, 'carol', `80 ${token} --provisional`, `${payer}-c`);
    return { bob, carol };
  }

  /** Each payee reaches two other nodes first, so that neither has a quorum; `refused`: while Carol has only two. */
  async function split(refused: () => Promise<void> = async () => {}): Promise<void> {
    for (const [payee, nodes] of [
      ['bob', [1, 2]],
      ['carol', [3, 4]],
    ] as const) {
      await world.upNodes(...nodes);
      await world.ask(payee, 'sync');
      if (payee === 'carol') await refused();
      await world.downNetwork();
    }
    await world.upNetwork();
  }

  async function expectOne(paid: { readonly bob: Answer; readonly carol: Answer }, token: string): Promise<void> {
    for (const home of ['bob', 'carol']) await world.ask(home, 'sync');
    const rows = [
      await paymentOf(world, 'bob', paid.bob['payment']),
      await paymentOf(world, 'carol', paid.carol['payment']),
    ];
    const [winner, loser] = rows[0]?.['status'] === 'final' ? ['bob', 'carol'] : ['carol', 'bob'];
    const ordered = winner === 'bob' ? rows : rows.toReversed();
    expect(ordered).toMatchObject([
      { status: 'final', grade: 'certified' },
      { status: 'lost', grade: null, evidence: HEX },
    ]);
    expect((await balanceOf(world, winner ?? '', token))[0]).toBe(winner === 'bob' ? '90' : '80');
    expect((await balanceOf(world, loser ?? '', token))[0]).toMatch(/^(0|none)$/);
    const id = String(ordered[1]?.['evidence']);
    await world.ask(loser ?? '', `evidence export ${id} --out ${token}.fork`);
    expect(await world.verify(`${token}.fork`)).toMatchObject({ ok: true, kind: 'evidence' });
  }

  test('both payees sync at once: exactly one payment settles, by itself', async () => {
    const paid = await payTwice('alice');
    await split();
    await Promise.all([world.ask('bob', 'sync'), world.ask('carol', 'sync')]);
    await expectOne(paid, 'ALICE');
  });

  test('CLI-9: dsm unlock is E_PENDING without a quorum; with one it waits for the rounds', async () => {
    const paid = await payTwice('erin');
    await split(async () => {
      expect(await world.refuse('carol', 'unlock --wait 0s')).toBe('E_PENDING');
      expect(await world.refuse('carol', `unlock ${'0'.repeat(64)}`)).toBe('E_NOT_FOUND');
      expect(await world.refuse('carol', 'unlock 12')).toBe('E_USAGE');
    });
    const bob = world.start('unlock --home bob').ended;
    const carol = world.ask('carol', 'unlock');
    const ran: Ran = await bob;
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/certified|decided/) as string,
    });
    const { unlocked } = (await carol) as { unlocked: Answer[] };
    for (const slot of unlocked) {
      expect(slot).toEqual({
        chain: HEX,
        index: expect.any(Number) as number,
        state: HEX,
        round: expect.any(Number) as number,
        outcome: expect.stringMatching(/^(kept|other)$/) as string,
      });
    }
    await expectOne(paid, 'ERIN');
    expect(await world.ask('bob', 'unlock')).toEqual({ unlocked: [], waiting: [], open: [] });
  });
});

describe('a payment whose time is over', () => {
  test('is ended by a void; the balance is back, and the next payment goes through', async () => {
    const world = openWorld('--delta 1s --gap 3s --margin 5s --settle 4s --round 1s');
    try {
      await world.upNetwork();
      await initWallets(world, 'alice', 'bob');
      await introduce(world, ['alice', 'bob']);
      await world.ask('alice', 'token create MEAL --decimals 2 --max 1000');
      await world.ask('alice', 'token mint MEAL 100');
      await world.downNetwork();
      expect(await world.refuse('alice', 'pay bob 40 MEAL')).toMatch(/^E_(PENDING|UNREACHABLE)$/);
      expect((await balanceOf(world, 'alice'))[0]).toBe('60.00');
      await new Promise((resolve) => setTimeout(resolve, 8_000));
      await world.upNetwork();
      expect(await world.ask('alice', 'unlock')).toMatchObject({ unlocked: [{ index: 3, outcome: 'void' }] });
      expect((await balanceOf(world, 'alice'))[0]).toBe('100.00');
      const { payments } = (await world.ask('alice', 'history')) as { payments: Answer[] };
      expect(payments.at(-1)).toMatchObject({ amount: '40.00', direction: 'out', status: 'expired', grade: null });
      expect((await world.start('history --home alice').ended).stdout).toContain('expired, nothing was paid');

      expect(await world.ask('alice', 'pay bob 40 MEAL')).toMatchObject({ grade: 'certified', index: 4 });
      expect(await world.ask('bob', 'sync')).toMatchObject({ received: [{ amount: '40.00' }] });
      expect((await balanceOf(world, 'bob'))[0]).toBe('40.00');
      await world.ask('alice', 'export --out alice.chain');
      expect(await world.verify('alice.chain')).toMatchObject({ ok: true, kind: 'chain', grade: 'certified' });
    } finally {
      await world.close();
    }
  });
});
