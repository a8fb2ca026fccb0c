/** WAL-33 to WAL-36, REL-44 to REL-46, CLI-28: a home is lost and comes back from a backup and 24 words. */
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { balanceOf, HEX, introduce, openWorld, paymentOf, TIME, turnBits, type World } from './support.ts';

const HOUR_MS = 3_600_000;

let world: World;
const words: Record<string, string> = {};
let offsetHours = 0;

async function init(name: string): Promise<void> {
  const made = await world.ask(name, `init --name ${name} --network net/network.json --suite ml-dsa-44`);
  words[name] = String(made['words']);
  await world.ask(name, `card --out ${name}.card`);
}

beforeAll(async () => {
  world = openWorld();
  await world.upNetwork();
  await Promise.all(['alice', 'till', 'bob'].map(init));
  await introduce(world, ['alice', 'till'], ['alice', 'bob']);
  await world.ask('alice', 'token create MEAL --decimals 2 --max 1000');
  await world.ask('alice', 'token mint MEAL 100');
  await world.ask('alice', 'reserve till 20 MEAL');
});
afterAll(() => world.close());

let files = 0;

/** Alice pays by files; answers the name of the commit. */
async function payByFiles(amount: string, to = 'till', from = 'alice'): Promise<string> {
  files += 1;
  const file = (turn: number): string => `${to}-${files}-${turn}`;
  await world.ask(from, `offer ${to} ${amount} MEAL --out ${file(1)}`);
  await world.ask(to, `accept ${file(1)} --out ${file(2)}`);
  await world.ask(from, `commit ${file(2)} --out ${file(3)}`);
  await world.ask(to, `receive ${file(3)}`);
  return file(3);
}

/** The home is gone; what is in it is kept aside as the lost device. */
const lose = (name: string): void => renameSync(world.path(name), world.path(`${name}-lost`));

async function restore(name: string, home = name): Promise<Record<string, unknown>> {
  world.env['DSM_WORDS'] = words[name] ?? '';
  try {
    return await world.ask(home, `restore ${name}.backup`);
  } finally {
    delete world.env['DSM_WORDS'];
  }
}

/** Moves every clock on, past D, the gap and Δ. */
async function waitHours(hours: number): Promise<void> {
  offsetHours += hours;
  await world.downNetwork();
  world.env['DSM_CLOCK_OFFSET'] = `${offsetHours}h`;
  await world.upNetwork();
}

describe('a till whose home is lost', () => {
  let commit = '';
  let signsFrom = '';

  test('CLI-28: what is not a backup with its words makes no wallet', async () => {
    await payByFiles('5');
    await world.ask('till', 'backup --out till.backup');
    commit = await payByFiles('4');
    await world.ask('alice', 'pay till 3 MEAL');
    lose('till');
    expect(await world.refuse('other', 'restore till.backup')).toBe('E_PASSPHRASE');
    world.env['DSM_WORDS'] = 'twelve words are not enough';
    expect(await world.refuse('other', 'restore till.backup')).toBe('E_FORMAT');
    world.env['DSM_WORDS'] = words['alice'] ?? '';
    expect(await world.refuse('other', 'restore till.backup')).toBe('E_PASSPHRASE');
    world.env['DSM_WORDS'] = words['till'] ?? '';
    expect(await world.refuse('alice', 'restore till.backup')).toBe('E_EXISTS');
    expect(await world.refuse('other', 'restore nothing.backup')).toBe('E_NOT_FOUND');
    expect(await world.refuse('other', `restore ${commit}`)).toBe('E_FORMAT');
    for (const [, turned] of turnBits(world.bytes('till.backup'), 3)) {
      writeFileSync(world.path('turned.backup'), turned);
      expect(await world.refuse('other', 'restore turned.backup')).toMatch(/^E_(DAMAGED|ENCODING|FORMAT|VERSION)$/);
    }
    delete world.env['DSM_WORDS'];
    expect(await world.refuse('other', 'balance')).toBe('E_NOT_FOUND');
  });

  test('comes back, and says from when on it signs and what is not known', async () => {
    const back = await restore('till');
    expect(back).toEqual({
      name: 'till',
      identity: HEX,
      device: HEX,
      account: HEX,
      backupAt: TIME,
      signsFrom: TIME,
      unknown: { payments: 0, reservations: 1 },
    });
    signsFrom = String(back['signsFrom']);
    const waitMs = Date.parse(signsFrom) - Date.now();
    expect(waitMs).toBeGreaterThan(2 * HOUR_MS - 60_000);
    expect(waitMs).toBeLessThan(2 * HOUR_MS + 60_000);
    const told = await world.run('balance --home till');
    expect(told.stdout).toContain('is lost if its payer does not show it again');
    expect(await balanceOf(world, 'till')).toEqual(['0.00', '0.00', '5.00', '0.00']);
  });

  test('WAL-34: claims what it holds and what the payer shows again, and signs nothing else', async () => {
    expect(await world.refuse('till', 'pay alice 1 MEAL')).toBe('E_TOO_EARLY');
    expect(await world.refuse('till', 'request alice 1 MEAL --out request')).toBe('E_TOO_EARLY');
    expect(await world.ask('till', `receive ${commit}`)).toMatchObject({ state: 'unknown', grade: 'reserved' });
    const synced = await world.ask('till', 'sync');
    expect(synced).toMatchObject({ claimed: [{ amount: '9.00', total: '9.00' }], received: [] });
    expect(synced['open']).toMatchObject([
      { code: 'E_TOO_EARLY', message: expect.stringContaining(signsFrom) as string },
    ]);
    await world.ask('alice', 'sync');
  });

  test('WAL-35: after the date a sync certifies it anew, and it pays again', async () => {
    await waitHours(3);
    expect(await world.refuse('till', 'pay alice 1 MEAL')).toBe('E_PARENT');
    expect(await world.ask('till', 'sync')).toMatchObject({ open: [] });
    expect(await balanceOf(world, 'till')).toEqual(['12.00', '0.00', '0.00', '0.00']);
    expect(await world.ask('till', 'pay alice 1 MEAL')).toMatchObject({ grade: 'certified' });
    const { states } = (await world.ask('till', 'chain show')) as { states: { operation: unknown }[] };
    expect(states.some(({ operation }) => JSON.stringify(operation).includes('restored'))).toBe(true);
    await world.ask('till', 'export --out till.chain');
    expect(await world.verify('till.chain')).toMatchObject({ ok: true, grade: 'certified' });
  });

  test('REL-45: is paid out of a new reservation, not out of the old one', async () => {
    await world.ask('alice', 'offer till 1 MEAL --out old1');
    expect(await world.refuse('till', 'accept old1 --out old2')).toBe('E_RESERVATION');
    const { payments } = (await world.ask('alice', 'history')) as { payments: Record<string, string>[] };
    const open = payments.find(({ status }) => status === 'offered');
    await world.ask('alice', `cancel ${open?.['payment']}`);
  });

  test('REL-44: and whoever syncs learns of the restore', async () => {
    await world.ask('alice', 'sync');
    expect(await world.refuse('alice', 'offer till 1 MEAL --out old3')).toBe('E_RESERVATION');
    await world.ask('alice', 'reserve till 10 MEAL');
    await payByFiles('2');
    await payByFiles('1');
    expect(await world.ask('till', 'sync')).toMatchObject({ claimed: [{ amount: '3.00', total: '3.00' }] });
    expect(await balanceOf(world, 'till')).toEqual(['14.00', '0.00', '0.00', '0.00']);
  });

  test('WAL-36: the lost device finds that its account was continued', async () => {
    await world.ask('till-lost', 'sync');
    expect(await world.refuse('till-lost', 'pay alice 1 MEAL')).toBe('E_FORK');
    expect(await world.ask('till', 'evidence list')).toEqual({ evidence: [] });
  });
});

describe('a payer whose home is lost', () => {
  test('REL-44: comes back from the backup', async () => {
    await world.ask('alice', 'reserve bob 10 MEAL');
    await payByFiles('2', 'bob');
    await world.ask('alice', 'backup --out alice.backup');
    await payByFiles('3', 'bob');
    await world.ask('alice', 'pay bob 1 MEAL');
    copyFileSync(world.path('alice.backup'), world.path('kept.backup'));
    lose('alice');
    await restore('alice');
  });

  test('REL-44: pays again after the date, in a new half, and never twice at one place', async () => {
    expect(await world.refuse('alice', 'offer bob 1 MEAL --out early1')).toBe('E_TOO_EARLY');
    await waitHours(3);
    await world.ask('alice', 'sync');
    expect(await world.refuse('alice', 'offer bob 1 MEAL --out old5')).toBe('E_RESERVATION');
    await world.ask('alice', 'reserve bob 5 MEAL');
    const paid = await payByFiles('4', 'bob');
    expect(await world.verify(paid)).toMatchObject({ ok: true, grade: 'reserved' });
    await world.ask('bob', 'sync');
    expect(await balanceOf(world, 'bob')).toEqual(['10.00', '0.00', '0.00', '0.00']);
    for (const name of ['alice', 'bob', 'till']) {
      await world.ask(name, 'sync');
      expect(await world.ask(name, 'evidence list')).toEqual({ evidence: [] });
    }
    const { payments } = (await world.ask('bob', 'history')) as { payments: { payment: string }[] };
    for (const { payment } of payments)
      expect(await paymentOf(world, 'bob', payment)).toMatchObject({ status: 'final' });
  });
});
