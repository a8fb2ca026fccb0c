/** Payments through four nodes that are processes of their own, and through what is left of them. */
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  balanceOf,
  HEX,
  initWallets,
  introduce,
  openWorld,
  paymentOf,
  TIME,
  waitFor,
  type Answer,
  type World,
} from './support.ts';

let world: World;
beforeAll(async () => {
  world = openWorld();
  await world.upNetwork();
  await initWallets(world, 'canteen', 'alice', 'till');
  await introduce(world, ['canteen', 'alice'], ['alice', 'till']);
});
afterAll(() => world.close());

describe('wallets', () => {
  /** Bytes of one signature: what tells the suites apart in a card. */
  const SUITES = [
    ['slh-dsa-sha2-128f', '', 17_088],
    ['slh-dsa-sha2-128s', ' --suite slh-dsa-sha2-128s', 7_856],
    ['ml-dsa-44', ' --suite ml-dsa-44', 2_420],
  ] as const;

  test.each(SUITES)('init with %s: %j', async (suite, option, signatureBytes) => {
    const made = await world.ask(suite, `init --name ${suite} --network net/network.json${option}`);
    expect(made).toEqual({
      name: suite,
      identity: HEX,
      device: HEX,
      account: HEX,
      words: expect.stringMatching(/^([a-z]+ ){23}[a-z]+$/) as string,
    });
    expect(await world.ask(suite, 'id')).toEqual({ ...made, words: undefined });
    const { bytes } = await world.ask(suite, `card --out ${suite}.card`);
    expect(bytes).toBe(world.bytes(`${suite}.card`).length);
    expect(bytes).toBeGreaterThan(signatureBytes);
    expect(bytes).toBeLessThan(signatureBytes + 6_500);
    expect(await world.verify(`${suite}.card`)).toEqual({ ok: true, kind: 'card', states: 2 });
  });

  test('a contact is added by its id, fetched from the nodes and verified', async () => {
    await initWallets(world, 'nora');
    const { account, identity, device } = await world.ask('nora', 'id');
    await world.ask('nora', 'sync');
    expect(await world.ask('till', `contact add ${String(account)} --as n`)).toEqual({
      name: 'n',
      account,
      identity,
      device,
    });
    expect(await world.ask('canteen', `contact add ${String(identity)}`)).toMatchObject({ name: 'nora', account });
    const listed = (await world.ask('till', 'contact list')) as { contacts: Answer[] };
    expect(new Set(listed.contacts.map(({ name }) => name))).toEqual(new Set(['alice', 'n']));
    expect(await world.refuse('till', `contact add ${'12'.repeat(32)}`)).toBe('E_NOT_FOUND');
  });

  test('the default policy refuses what is provisional and nothing else', async () => {
    expect(await world.ask('till', 'policy show')).toEqual({ provisionalMax: 'none', run: 4, contacts: [] });
  });
});

describe('a certified payment', () => {
  test('from the creation of a token to the balance of the payee', async () => {
    const created = await world.ask('canteen', 'token create MEAL --decimals 2 --max 1000.50');
    expect(created).toMatchObject({ symbol: 'MEAL', token: HEX });
    expect(await world.ask('canteen', 'token mint MEAL 1000.5')).toMatchObject({ grade: 'certified' });
    expect(await world.refuse('canteen', 'token mint MEAL 0.01')).toBe('E_CAP');
    await world.ask('canteen', 'pay alice 400 MEAL');
    expect(await world.ask('alice', 'sync')).toMatchObject({ received: [{ amount: '400.00' }] });

    const paid = await world.ask('alice', 'pay till 7.5 MEAL --order lunch');
    expect(paid).toEqual({
      payment: HEX,
      grade: 'certified',
      chain: HEX,
      index: expect.any(Number) as number,
      hash: HEX,
      receipts: expect.any(Number) as number,
    });
    expect(await world.ask('till', 'sync')).toMatchObject({
      received: [{ payment: paid['payment'], peer: 'alice', amount: '7.50', symbol: 'MEAL', grade: 'certified' }],
      claimed: [],
      certified: expect.any(Number) as number,
      evidence: 0,
    });
    expect(await balanceOf(world, 'till')).toEqual(['7.50', '0.00', '0.00', '0.00']);
    expect(await balanceOf(world, 'alice')).toEqual(['392.50', '0.00', '0.00', '0.00']);
    expect(await paymentOf(world, 'alice', paid['payment'])).toEqual({
      payment: paid['payment'],
      direction: 'out',
      peer: 'till',
      amount: '7.50',
      symbol: 'MEAL',
      grade: 'certified',
      status: 'final',
      at: TIME,
      order: 'lunch',
    });
    const shown = await world.ask('alice', `chain get ${String(paid['index'])}`);
    expect(shown).toEqual({ index: paid['index'], state: paid['hash'], hashes: expect.any(Number) as number });
  });

  test('two issuers, one symbol: ambiguous, and SYMBOL@TOKENID decides', async () => {
    const { token } = await world.ask('till', 'token create MEAL --decimals 0 --max 50');
    await world.ask('till', 'token mint MEAL@' + String(token) + ' 50');
    await world.ask('till', `pay alice 9 MEAL@${String(token)}`);
    await world.ask('alice', 'sync');
    expect(await world.refuse('alice', 'pay till 1 MEAL')).toBe('E_TOKEN');
    expect(await world.refuse('alice', `pay till 1.5 MEAL@${String(token)}`)).toBe('E_AMOUNT');
    await world.ask('alice', `pay till 9 MEAL@${String(token)}`);
    const { balances } = (await world.ask('alice', 'balance')) as { balances: Answer[] };
    expect(new Set(balances.map(({ symbol, available }) => `${String(available)} ${String(symbol)}`))).toEqual(
      new Set(['0 MEAL', '392.50 MEAL']),
    );
  });
});

describe('some of the nodes', () => {
  let meal = '';
  beforeAll(async () => {
    const { balances } = (await world.ask('canteen', 'balance')) as { balances: Answer[] };
    meal = `MEAL@${String(balances[0]?.['token'])}`;
  });

  test('one of four is killed: payments are certified by the others', async () => {
    const nodes = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isNodeOf(pid, 'node-3'));
    expect(nodes).toHaveLength(1);
    process.kill(Number(nodes[0]), 'SIGKILL');
    const paid = await world.ask('alice', `pay till 1 ${meal}`);
    expect(paid).toMatchObject({ grade: 'certified', receipts: 3 });
    const { received } = (await world.ask('till', 'sync')) as { received: Answer[] };
    expect(received.map(({ payment }) => payment)).toContain(paid['payment']);
  });

  test('two of four: E_PENDING, nothing on top of it, and sync finishes it when they are back', async () => {
    await world.downNetwork();
    await world.upNodes(1, 2);
    expect(await world.refuse('alice', `pay till 30 ${meal}`)).toBe('E_PENDING');
    const [pending] = await paymentsOf('alice', '30.00');
    expect(pending).toMatchObject({ direction: 'out', status: 'pending' });
    expect(await world.refuse('alice', `pay till 1 ${meal}`)).toBe('E_PARENT');
    expect(await world.ask('alice', 'sync')).toMatchObject({ certified: 0, open: [{ code: 'E_PENDING' }] });
    expect(await world.ask('till', 'sync')).toMatchObject({ received: [] });

    await world.upNodes(3);
    expect(await world.ask('alice', 'sync')).toMatchObject({ certified: 1 });
    expect(await paymentOf(world, 'alice', pending?.['payment'])).toMatchObject({
      grade: 'certified',
      status: 'final',
    });
    expect(await world.ask('till', 'sync')).toMatchObject({
      received: [{ payment: pending?.['payment'], amount: '30.00' }],
    });
    expect(await world.ask('alice', 'sync')).toMatchObject({ certified: 0, open: [] });
    expect(await paymentsOf('till', '30.00')).toHaveLength(1);
  });

  test('none: what needs them says so, what does not goes on', async () => {
    await world.downNetwork();
    expect(await world.refuse('alice', `pay till 2 ${meal}`)).toBe('E_PENDING');
    expect(await world.refuse('till', 'sync')).toBe('E_UNREACHABLE');
    expect(await world.refuse('till', `contact add ${'34'.repeat(32)}`)).toBe('E_UNREACHABLE');
    for (const words of ['id', 'balance', 'history', 'contact list', 'chain show', 'evidence list', 'policy show']) {
      await world.ask('alice', words);
    }
    expect(await world.ask('alice', 'export --out alice.chain')).toEqual({
      chain: HEX,
      bytes: expect.any(Number) as number,
    });
    expect(await world.verify('alice.chain')).toMatchObject({ ok: true, kind: 'chain', grade: 'provisional' });
    await world.ask('alice', 'backup --out alice.backup');
    expect(await world.verify('alice.backup')).toEqual({ ok: true, kind: 'backup' });
  });

  test('the same network with its data again: the payment of before is finished', async () => {
    const before = readFileSync(world.path('net/network.json'));
    await world.upNetwork();
    expect(readFileSync(world.path('net/network.json'))).toEqual(before);
    await world.ask('alice', 'sync');
    expect(await world.ask('till', 'sync')).toMatchObject({ received: [{ amount: '2.00' }] });
    await world.ask('alice', 'export --out alice.certified');
    expect(await world.verify('alice.certified')).toMatchObject({ ok: true, kind: 'chain', grade: 'certified' });
  });

  const paymentsOf = async (home: string, amount: string): Promise<readonly Answer[]> =>
    ((await world.ask(home, 'history')) as { payments: Answer[] }).payments.filter((row) => row['amount'] === amount);

  const isNodeOf = (pid: string, node: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(world.path('net'), node, 'config.json'));
    } catch {
      return false;
    }
  };
});

describe('a home', () => {
  test('copied as files works elsewhere, with nothing of the place it came from', async () => {
    cpSync(world.path('till'), world.path('moved/deep/till'), { recursive: true });
    expect(await balanceOf(world, 'moved/deep/till')).toEqual(await balanceOf(world, 'till'));
    for (const name of readdirSync(world.path('till'))) {
      expect(statSync(world.path(`till/${name}`)).isFile()).toBe(true);
      expect(readFileSync(world.path(`till/${name}`)).includes(world.dir)).toBe(false);
    }
  });

  test('has one user at a time: of commands started at once each succeeds or is E_BUSY', async () => {
    const keeper = world.start('keep --home till --json');
    const codes = await Promise.all([1, 2, 3].map(() => world.run('balance --home till --json')));
    for (const { code, stdout, stderr } of codes) {
      expect(code === 0 ? stdout : stderr).toMatch(code === 0 ? /^\{"balances":/ : /^\{"error":\{"code":"E_BUSY"/);
    }
    await waitFor(async () => (await world.run('id --home till --json')).code === 0);
    keeper.child.kill('SIGTERM');
    expect(await keeper.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('of commands that pay at once, what is paid is what is answered, and nothing twice', async () => {
    const [before] = await balanceOf(world, 'canteen');
    const all = await Promise.all([1, 2, 3].map(() => world.run('pay alice 1 MEAL --home canteen --json')));
    const paid = all.filter(({ code }) => code === 0).length;
    expect(paid).toBeGreaterThan(0);
    for (const { code, stderr } of all) expect(stderr).toMatch(code === 0 ? /^$/ : /^\{"error":\{"code":"E_BUSY"/);
    const [after] = await balanceOf(world, 'canteen');
    expect(Number(before) - Number(after)).toBe(paid);
  });
});
