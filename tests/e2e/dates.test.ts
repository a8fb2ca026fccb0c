/** RES-4 to RES-6: dates of reservations, with the clocks of wallets and nodes moved. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { balanceOf, HEX, initWallets, introduce, openWorld, paymentOf, TIME, waitFor, type World } from './support.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

let world: World;
let paid: unknown;
let unclaimed: unknown;
/** When the reservation for the till and that for Bob end. */
let end = 0;

beforeAll(async () => {
  world = openWorld('--delta 1s --gap 10m --margin 20m --settle 2h --round 1s');
  await world.upNetwork();
  await initWallets(world, 'alice', 'till', 'bob');
  await introduce(world, ['alice', 'till'], ['alice', 'bob']);
  await world.ask('alice', 'token create MEAL --decimals 2 --max 1000');
  await world.ask('alice', 'token mint MEAL 100');
});
afterAll(() => world.close());

async function payByFiles(to: string, amount: string): Promise<unknown> {
  const { payment } = await world.ask('alice', `offer ${to} ${amount} MEAL --out ${to}1`);
  await world.ask(to, `accept ${to}1 --out ${to}2`);
  await world.ask('alice', `commit ${to}2 --out ${to}3`);
  await world.ask(to, `receive ${to}3`);
  return payment;
}

/** Moves every clock to so long after the end of the reservations, and starts the nodes again. */
async function moveTo(afterEndMs: number, nodes: 'up' | 'down' = 'up'): Promise<void> {
  await world.downNetwork();
  world.env['DSM_CLOCK_OFFSET'] = `${Math.round((end + afterEndMs - Date.now()) / 1_000)}s`;
  if (nodes === 'up') await world.upNetwork();
}

describe('a reservation', () => {
  test('lasts 30 days unless --until says otherwise, and is not released before', async () => {
    const now = Date.now();
    const reserved = await world.ask('alice', 'reserve till 20 MEAL');
    expect(reserved).toEqual({ reservation: HEX, until: TIME });
    end = Date.parse(String(reserved['until']));
    expect(end - now - 30 * DAY_MS).toBeGreaterThanOrEqual(0);
    expect(end - now - 30 * DAY_MS).toBeLessThan(MINUTE_MS);
    const until = new Date(end).toISOString();
    expect(await world.ask('alice', `reserve bob 10 MEAL --until ${until}`)).toMatchObject({ until });
    expect(await world.refuse('alice', 'reserve bob 71 MEAL')).toBe('E_BALANCE');
    expect(await balanceOf(world, 'alice')).toEqual(['70.00', '30.00', '0.00', '0.00']);

    paid = await payByFiles('till', '5');
    unclaimed = await payByFiles('bob', '4');
    expect(await world.refuse('alice', 'release till')).toBe('E_TOO_EARLY');
    expect(await paymentOf(world, 'till', paid)).toMatchObject({
      claimBy: new Date(end - 20 * MINUTE_MS).toISOString(),
    });
  });

  test('near its end its payee no longer counts on it, and says what is urgent', async () => {
    await moveTo(-10 * MINUTE_MS, 'down');
    expect(await world.refuse('alice', 'offer till 1 MEAL --out late1')).toMatch(/^E_(RESERVATION|EXPIRED)$/);
    const told = await world.run('balance --home till');
    expect(told).toMatchObject({ code: 0 });
    expect(told.stderr).toContain('must be claimed by');
    expect(await world.run('balance --home till --json')).toMatchObject({ code: 0, stderr: '' });
  });

  test('is claimed by the keeper, which warns until nodes answer', async () => {
    const keeper = world.start('keep --home till');
    await waitFor(() => keeper.printed.stderr.includes('must be claimed by'));
    await moveTo(-9 * MINUTE_MS);
    await waitFor(async () => {
      const { stdout } = await world.run('balance --home till --json');
      return stdout.includes('"available":"5.00"');
    }, MINUTE_MS);
    keeper.child.kill('SIGTERM');
    expect(await keeper.ended).toMatchObject({ code: 0 });
    expect(await balanceOf(world, 'till')).toEqual(['5.00', '0.00', '0.00', '0.00']);
    expect(await paymentOf(world, 'till', paid)).toMatchObject({ grade: 'certified', status: 'final' });
    expect(await world.refuse('alice', 'release till')).toBe('E_TOO_EARLY');
  });

  test('between its end and the gap nobody takes anything', async () => {
    await moveTo(5 * MINUTE_MS);
    expect(await world.refuse('alice', 'release till')).toBe('E_TOO_EARLY');
    expect(await world.ask('bob', 'sync')).toMatchObject({ claimed: [] });
    expect(await balanceOf(world, 'bob')).toEqual(['0.00', '0.00', '4.00', '0.00']);
  });

  test('gives back what is left after the gap, once', async () => {
    await moveTo(11 * MINUTE_MS);
    expect(await world.ask('alice', 'release till')).toEqual({
      released: [{ reservation: HEX, amount: '15.00', symbol: 'MEAL' }],
    });
    expect(await world.refuse('alice', 'release till')).toBe('E_NOT_FOUND');
    expect(await balanceOf(world, 'alice')).toEqual(['85.00', '6.00', '0.00', '0.00']);
    // What Bob never claimed is the payer's again, and Bob is told.
    expect(await world.ask('alice', 'release bob')).toMatchObject({ released: [{ amount: '10.00' }] });
    await world.ask('bob', 'sync');
    expect((await balanceOf(world, 'bob'))[2]).toMatch(/^(0\.00|none)$/);
    expect(await paymentOf(world, 'bob', unclaimed)).toMatchObject({ grade: null, status: 'lost' });
    expect(await balanceOf(world, 'alice')).toEqual(['95.00', '0.00', '0.00', '0.00']);
  });
});
