/** Two processes pay each other over encrypted TCP. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { balanceOf, initWallets, introduce, openWorld, waitFor, type Background, type World } from './support.ts';

let world: World;

beforeAll(async () => {
  world = openWorld();
  await world.upNetwork();
  await initWallets(world, 'issuer', 'alice', 'till', 'stranger');
  await introduce(world, ['issuer', 'alice'], ['alice', 'till']);
  await world.ask('stranger', 'contact add till.card');
  await world.ask('issuer', 'token create MEAL --decimals 2 --max 10000');
  await world.ask('issuer', 'token mint MEAL 500');
  await world.ask('issuer', 'pay alice 100 MEAL');
  await world.ask('alice', 'sync');
  await world.ask('alice', 'reserve till 20 MEAL');
});
afterAll(() => world.close());

interface Till {
  readonly port: number;
  readonly background: Background;
  end(): Promise<string>;
}

async function openTill(options = ''): Promise<Till> {
  const background = world.start(`listen --host 127.0.0.1 --port 0 --home till${options}`);
  const { child, printed, ended } = background;
  await waitFor(() => /:\d+/.test(printed.stdout) || child.exitCode !== null);
  const port = Number(/:(\d+)/.exec(printed.stdout)?.[1]);
  return {
    port,
    background,
    end: async () => {
      child.kill('SIGTERM');
      expect(await ended).toMatchObject({ code: 0 });
      return printed.stdout;
    },
  };
}

test('CLI-10: an offer to a till that listens is paid, confirmed and claimed', async () => {
  const till = await openTill();
  const paid = await world.ask('alice', `offer till 7.50 MEAL --order table-4 --to 127.0.0.1:${till.port}`);
  expect(paid).toMatchObject({ grade: 'reserved', state: 'acknowledged' });
  const again = await world.ask('alice', `offer till 2.50 MEAL --to 127.0.0.1:${till.port}`);
  expect(again['payment']).not.toBe(paid['payment']);
  expect(await world.refuse('till', 'balance')).toBe('E_BUSY');
  await waitFor(() => till.background.printed.stderr.includes('claimed'));
  const shown = await till.end();
  expect(shown).toContain('received: 7.50 MEAL from alice');
  expect(shown).toContain(String(paid['payment']));
  expect(await balanceOf(world, 'till')).toEqual(['10.00', '0.00', '0.00', '0.00']);
});

test('CLI-10: strangers stay out unless they are to be introduced; nobody there; not the payee', async () => {
  const till = await openTill();
  expect(await world.refuse('stranger', `offer till 1 MEAL --to 127.0.0.1:${till.port}`)).toBe('E_UNREACHABLE');
  // Whoever is at the address is not the issuer.
  expect(await world.refuse('alice', `offer issuer 1 MEAL --to 127.0.0.1:${till.port}`)).toBe('E_UNREACHABLE');
  expect(till.background.printed.stderr).toContain('E_CONTACT');
  expect(await world.refuse('alice', `offer till 100 MEAL --to 127.0.0.1:${till.port}`)).toBe('E_BALANCE');
  await till.end();
  expect(await world.refuse('alice', `offer till 1 MEAL --to 127.0.0.1:${till.port}`)).toBe('E_UNREACHABLE');
  const open = await openTill(' --introduce');
  expect(await world.refuse('stranger', `offer till 1 MEAL --to 127.0.0.1:${open.port}`)).toBe('E_TOKEN');
  await open.end();
  const { contacts } = (await world.ask('till', 'contact list')) as { contacts: readonly { readonly name: string }[] };
  expect(contacts.map(({ name }) => name)).toContain('stranger');
});

test('CLI-10: either a file or an address that is one', async () => {
  for (const words of ['', ' --out a.dsm --to 127.0.0.1:1', ' --to here', ' --to :4470', ' --to a:99999']) {
    expect(await world.refuse('alice', `offer till 1 MEAL${words}`)).toBe('E_USAGE');
  }
  expect(await world.refuse('till', 'listen --port 70000')).toBe('E_USAGE');
});
