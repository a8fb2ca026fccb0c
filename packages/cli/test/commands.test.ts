import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { initWallet, introduce, openShop, openWorld, type World } from './support/world.ts';

// Commands and nodes are processes or share one with everything else: slow on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const HEX = /^[0-9a-f]{64}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const hex = expect.stringMatching(HEX) as string;
const iso = expect.stringMatching(ISO) as string;

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await openShop(world);
});
afterAll(() => world.close());

const ask = (home: string, line: string): Promise<Record<string, unknown>> => world.ask(home, ...words(line));
const refusal = (home: string, line: string) => world.refusal(home, ...words(line));
/** Words that begin with `@` are files of the world. */
const words = (line: string): string[] =>
  line.split(' ').map((word) => (word.startsWith('@') ? world.path(word.slice(1)) : word));

describe('who and whom', () => {
  test('init answers the id and 24 words, once', async () => {
    const made = await initWallet(world, 'dora');
    expect(made).toEqual({
      name: 'dora',
      identity: hex,
      device: hex,
      account: hex,
      words: expect.any(String) as string,
    });
    expect(String(made['words']).split(' ')).toHaveLength(24);
    const again = await world.refusal('dora', 'init', '--name', 'x', '--network', world.file);
    expect(again.code).toBe('E_EXISTS');
    const { words: _, ...id } = made;
    expect(await ask('dora', 'id')).toEqual(id);
  });

  test('init refuses an unknown suite, a bad name and a missing network, and makes no home', async () => {
    const init = (name: string, ...more: string[]) => world.refusal('none', 'init', '--name', name, ...more);
    expect((await init('x', '--network', world.file, '--suite', 'rsa')).code).toBe('E_ALGORITHM');
    expect((await init('x', '--network', world.path('nowhere'))).code).toBe('E_NOT_FOUND');
    expect((await init('', '--network', world.file)).code).toBe('E_FORMAT');
    expect((await init('x'.repeat(65), '--network', world.file)).code).toBe('E_FORMAT');
    expect(existsSync(world.path('none'))).toBe(false);
    expect((await refusal('none', 'id')).code).toBe('E_NOT_FOUND');
  });

  test('contacts: by file under any name, by id from the network, listed', async () => {
    await initWallet(world, 'eve');
    const { account, identity } = await ask('eve', 'id');
    await ask('eve', 'sync');
    expect(await ask('dora', `contact add ${String(account)} --as evening`)).toMatchObject({
      name: 'evening',
      account,
    });
    expect(await ask('dora', `contact add ${String(identity)}`)).toMatchObject({ name: 'evening', account });
    expect(await ask('dora', 'contact list')).toEqual({
      contacts: [{ name: 'evening', account, identity, device: hex }],
    });
    expect((await refusal('eve', `contact add ${String(account)}`)).code).toBe('E_SELF');
    expect((await refusal('dora', `contact add ${'0'.repeat(64)}`)).code).toBe('E_NOT_FOUND');
    expect((await refusal('dora', 'contact add @nowhere.card')).code).toBe('E_NOT_FOUND');
    expect((await refusal('dora', `contact add @network.json`)).code).toBe('E_ENCODING');
    expect((await refusal('dora', 'contact add @till.card --as evening')).code).toBe('E_CONTACT');
  });

  test('policy: shown, set for all and for one', async () => {
    expect(await ask('till', 'policy show')).toMatchObject({ provisionalMax: 'none', contacts: [] });
    expect(await ask('till', 'policy set --provisional-max 2.5 --run 3 --contact alice')).toEqual({
      contact: 'alice',
      provisionalMax: '2.5',
      run: 3,
    });
    expect(await ask('till', 'policy show')).toMatchObject({
      provisionalMax: 'none',
      contacts: [{ contact: 'alice', provisionalMax: '2.5', run: 3 }],
    });
    expect((await refusal('till', 'policy set --run 0')).code).toBe('E_USAGE');
    expect((await refusal('till', 'policy set')).code).toBe('E_USAGE');
    expect((await refusal('till', 'policy set --provisional-max -1')).code).toBe('E_AMOUNT');
    expect((await refusal('till', 'policy set --provisional-max 1 --contact nobody')).code).toBe('E_CONTACT');
  });
});

describe('value through the network', () => {
  test('pay answers the certified state; the payee finds it by sync', async () => {
    const paid = await ask('alice', 'pay till 10 MEAL --order lunch');
    expect(paid).toEqual({
      payment: hex,
      grade: 'certified',
      chain: hex,
      index: expect.any(Number) as number,
      hash: hex,
      receipts: expect.any(Number) as number,
    });
    expect(paid['receipts']).toBeGreaterThanOrEqual(3);
    const synced = await ask('till', 'sync');
    expect(synced).toMatchObject({
      received: [{ payment: paid['payment'], peer: 'alice', amount: '10.00', symbol: 'MEAL', grade: 'certified' }],
      claimed: [],
      evidence: 0,
    });
    expect(await ask('till', 'sync')).toMatchObject({ received: [], certified: 0 });
    expect(await ask('till', 'balance')).toEqual({
      balances: [
        { symbol: 'MEAL', token: hex, available: '10.00', setAside: '0.00', reserved: '0.00', provisional: '0.00' },
      ],
    });
    expect(await ask('till', 'history')).toMatchObject({
      payments: [
        { payment: paid['payment'], direction: 'in', peer: 'alice', grade: 'certified', status: 'final', at: iso },
      ],
    });
  });

  test('a payment that too few nodes see is pending, and sync finishes it', async () => {
    await initWallet(world, 'frank');
    await introduce(world, 'alice', 'frank');
    await world.stopNodes();
    expect((await refusal('alice', 'pay frank 5 MEAL')).code).toBe('E_PENDING');
    expect((await refusal('alice', 'sync')).code).toBe('E_UNREACHABLE');
    await world.startNodes();
    await ask('alice', 'sync');
    expect(await ask('frank', 'sync')).toMatchObject({ received: [{ peer: 'alice', amount: '5.00' }] });
  });

  test.each([
    ['0', 'E_AMOUNT'],
    ['-5', 'E_AMOUNT'],
    ['-5.50', 'E_AMOUNT'],
    ['1.234', 'E_AMOUNT'],
    ['1,5', 'E_AMOUNT'],
    ['1e2', 'E_AMOUNT'],
    ['0x10', 'E_AMOUNT'],
    ['٣', 'E_AMOUNT'],
    ['340282366920938463463374607431768211456', 'E_AMOUNT'],
    ['100000', 'E_BALANCE'],
  ])('an amount of %s is refused with %s', async (amount, code) => {
    expect((await refusal('alice', `pay till ${amount} MEAL`)).code).toBe(code);
  });

  test.each(['reserve till 1.001 MEAL', 'offer till -1 MEAL --out @refused', 'request till 0 MEAL --out @refused'])(
    '%s is refused alike',
    async (line) => {
      expect((await refusal('alice', line)).code).toBe('E_AMOUNT');
      expect(existsSync(world.path('refused'))).toBe(false);
    },
  );

  test('unknown tokens, contacts and oneself are refused', async () => {
    expect((await refusal('alice', 'pay till 1 GOLD')).code).toBe('E_TOKEN');
    expect((await refusal('alice', 'pay till 1 meal')).code).toBe('E_TOKEN');
    expect((await refusal('alice', 'pay nobody 1 MEAL')).code).toBe('E_CONTACT');
    expect((await refusal('alice', 'token create MEAL --decimals 2 --max 0')).code).toBe('E_AMOUNT');
    expect((await refusal('alice', 'token create MEAL --decimals 2 --max 1.001')).code).toBe('E_AMOUNT');
    expect((await refusal('alice', 'token create MEAL --decimals 19 --max 1')).code).toBe('E_USAGE');
    expect((await refusal('alice', 'token create meal --decimals 2 --max 1')).code).toBe('E_TOKEN');
    expect((await refusal('till', 'token mint MEAL 1')).code).toBe('E_TOKEN');
  });

  test('two tokens of one symbol: SYMBOL@TOKENID decides', async () => {
    const { token } = await ask('alice', 'token create CUP --decimals 0 --max 10');
    await ask('alice', 'token create CUP --decimals 0 --max 20');
    expect((await refusal('alice', 'token mint CUP 1')).code).toBe('E_TOKEN');
    expect(await ask('alice', `token mint CUP@${String(token)} 1`)).toMatchObject({ grade: 'certified' });
    expect((await refusal('alice', `token mint CUP@${String(token)} 1.5`)).code).toBe('E_AMOUNT');
    expect((await refusal('alice', `token mint CUP@${String(token)} 10`)).code).toBe('E_CAP');
  });
});

describe('payments by files', () => {
  test('the three turns out of a reservation, offline, with the same answer again and again', async () => {
    const reserved = await ask('alice', 'reserve till 20 MEAL --until 7d');
    expect(reserved).toEqual({ reservation: hex, until: iso });
    await world.stopNodes();
    const offered = await ask('alice', 'offer till 7.50 MEAL --order table-4 --out @1');
    expect(offered).toEqual({ payment: hex, grade: 'reserved', state: 'offered', claimBy: iso });
    const { payment } = offered;
    const bytes = readFileSync(world.path('1'));
    expect(await ask('alice', 'offer till 7.50 MEAL --order table-4 --out @1')).toEqual(offered);
    expect(readFileSync(world.path('1'))).toEqual(bytes);
    expect((await refusal('alice', 'offer till 7.50 MEAL --order table-4 --out @1b')).code).toBe('E_OPEN');
    expect(existsSync(world.path('1b'))).toBe(false);

    const accepted = await ask('till', 'accept @1 --out @2');
    expect(accepted).toMatchObject({ payment, grade: 'reserved', state: 'accepted' });
    expect(await ask('till', 'accept @1 --out @2')).toEqual(accepted);
    expect(await ask('till', 'accept @1 --out @2-again')).toEqual(accepted);
    expect(readFileSync(world.path('2-again'))).toEqual(readFileSync(world.path('2')));

    const committed = await ask('alice', 'commit @2 --out @3');
    expect(committed).toMatchObject({ payment, grade: 'reserved', state: 'committed', claimBy: iso });
    expect(await ask('alice', 'commit @2 --out @3')).toEqual(committed);

    const received = await ask('till', 'receive @3 --out @4');
    expect(received).toMatchObject({ payment, grade: 'reserved', state: 'received', claimBy: iso });
    expect(await ask('till', 'receive @3')).toEqual(received);
    expect(await ask('alice', 'ack @4')).toMatchObject({ payment, state: 'acknowledged' });
    expect((await refusal('alice', `cancel ${String(payment)}`)).code).toBe('E_STATE');

    expect(await ask('till', 'balance')).toMatchObject({ balances: [{ symbol: 'MEAL', reserved: '7.50' }] });
    const mine = (await ask('alice', 'balance'))['balances'] as { symbol: string; setAside: string }[];
    expect(mine.find(({ symbol }) => symbol === 'MEAL')).toMatchObject({ setAside: '12.50' });
    await world.startNodes();
  });

  test('the two turns of a request, and a refund that names the original', async () => {
    const requested = await ask('till', 'request alice 2.50 MEAL --order coffee --out @r1');
    expect(requested).toMatchObject({ grade: 'reserved', state: 'requested' });
    expect(await ask('alice', 'commit @r1 --out @r2')).toMatchObject({ state: 'committed' });
    expect(await ask('till', 'receive @r2')).toMatchObject({ payment: requested['payment'], state: 'received' });
    const id = String(requested['payment']);
    const refund = `refund ${id} 1 --provisional`;
    expect((await refusal('till', `refund ${id} 2.51 --provisional --out @back`)).code).toBe('E_AMOUNT');
    const back = await ask('till', `${refund} --out @back`);
    expect(back).toMatchObject({ grade: 'provisional', state: 'offered', settleBy: iso });
    const { payments } = (await ask('till', 'history')) as { payments: Record<string, unknown>[] };
    expect(payments.at(-1)).toMatchObject({ payment: back['payment'], direction: 'out', amount: '1.00', refundOf: id });
    expect(await ask('till', `cancel ${String(back['payment']).slice(0, 12)}`)).toMatchObject({ state: 'cancelled' });
    expect((await refusal('till', 'cancel 0000')).code).toBe('E_NOT_FOUND');
  });

  test('provisional payments meet the policy', async () => {
    const tooMuch = await ask('alice', 'offer till 3 MEAL --provisional --out @p0');
    expect((await refusal('till', 'accept @p0 --out @p0a')).code).toBe('E_POLICY');
    expect(existsSync(world.path('p0a'))).toBe(false);
    await ask('alice', `cancel ${String(tooMuch['payment'])}`);
    const offered = await ask('alice', 'offer till 2.50 MEAL --provisional --out @p1 --expires 2h');
    expect(offered).toEqual({ payment: hex, grade: 'provisional', state: 'offered', settleBy: iso });
    await ask('till', 'accept @p1 --out @p2 --expires 1h');
    await ask('alice', 'commit @p2 --out @p3');
    expect(await ask('till', 'receive @p3')).toMatchObject({ grade: 'provisional', state: 'received' });
    expect(await ask('till', 'balance')).toMatchObject({ balances: [{ provisional: '2.50' }] });
  });

  test('CLI-5: a file that the command did not write is never overwritten, and nothing moves', async () => {
    writeFileSync(world.path('taken'), 'mine');
    const before = await ask('alice', 'history');
    const lines = [
      ['alice', 'offer till 1 MEAL --provisional --out @taken'],
      ['alice', 'card --out @taken'],
      ['alice', 'export --out @taken'],
      ['alice', 'backup --out @taken'],
      ['till', 'accept @1 --out @taken'],
      ['till', 'claim --out @taken'],
    ] as const;
    for (const [home, line] of lines) expect((await refusal(home, line)).code, line).toBe('E_EXISTS');
    expect(readFileSync(world.path('taken'), 'utf8')).toBe('mine');
    expect(await ask('alice', 'history')).toEqual(before);
    expect((await refusal('alice', 'offer till 1 MEAL --provisional --out @none/x')).code).toBe('E_NOT_FOUND');
    expect(await ask('alice', 'history')).toEqual(before);
  });

  test('files of another kind, and what is no file of ours, are refused with a code', async () => {
    writeFileSync(world.path('noise'), Buffer.from([1, 2, 3]));
    expect((await refusal('till', 'accept @2 --out @x')).code).toBe('E_FORMAT');
    expect((await refusal('alice', 'ack @1')).code).toBe('E_FORMAT');
    expect((await refusal('till', 'receive @noise')).code).toBe('E_ENCODING');
    expect((await refusal('till', 'accept @nowhere --out @x')).code).toBe('E_NOT_FOUND');
    expect((await refusal('till', 'evidence import @1')).code).toBe('E_FORMAT');
    expect(existsSync(world.path('x'))).toBe(false);
  });
});

describe('records and proofs', () => {
  test('chain show and get: a state is found by its checkpoint', async () => {
    const shown = (await ask('alice', 'chain show')) as {
      states: { index: number; hash: string; operation: string }[];
    };
    expect(shown.states.map(({ index }) => index)).toEqual(shown.states.map((_, i) => i));
    expect(shown.states.slice(0, 3).map(({ operation }) => operation)).toEqual(['genesis', 'createToken', 'mint']);
    const some = (await ask('alice', 'chain show --from 1 --to 2')) as typeof shown;
    expect(some.states).toEqual(shown.states.slice(1, 3));
    for (const { index, hash } of some.states) {
      const found = await ask('alice', `chain get ${index}`);
      expect(found).toEqual({ index, state: hash, hashes: expect.any(Number) as number });
      expect(found['hashes']).toBeLessThanOrEqual(64);
    }
    expect((await refusal('alice', 'chain get 999')).code).toBe('E_NOT_FOUND');
    expect((await refusal('alice', 'chain get -1')).code).toBe('E_USAGE');
    expect((await refusal('alice', 'chain show --chain abc')).code).toBe('E_USAGE');
  });

  test('a claim goes out as a file, in the same bytes again, and anybody carries it', async () => {
    const claim = await ask('till', 'claim --out @claim');
    expect(claim).toEqual({ reservation: hex, amount: '10.00', symbol: 'MEAL', until: iso });
    const bytes = readFileSync(world.path('claim'));
    expect(await ask('till', 'claim --out @claim')).toEqual(claim);
    expect(readFileSync(world.path('claim'))).toEqual(bytes);
    const carried = await world.ask('nobody', 'submit', world.path('claim'), '--network', world.file);
    expect(carried).toMatchObject({ grade: 'certified', chain: claim['reservation'] });
    // What was claimed is not a payment of its own: the history knows none of that id.
    const { received, claimed } = (await ask('till', 'sync')) as Record<string, { chain: string }[]>;
    expect(received?.filter(({ chain }) => chain === claim['reservation'])).toEqual([]);
    expect(claimed).toEqual([{ reservation: claim['reservation'], amount: '10.00', symbol: 'MEAL', total: '10.00' }]);
    expect(await ask('till', 'balance')).toMatchObject({ balances: [{ reserved: '0.00' }] });
    expect((await refusal('till', 'claim --out @claim2')).code).toBe('E_NOT_FOUND');
    expect((await refusal('alice', 'release till')).code).toBe('E_TOO_EARLY');
    expect((await refusal('till', 'release alice')).code).toBe('E_NOT_FOUND');
  });

  test('every file that dsm writes verifies, with its kind and grade', async () => {
    await ask('alice', 'export --out @chain');
    await ask('alice', 'backup --out @backup');
    const verify = (name: string) => world.ask('nobody', 'verify', world.path(name), '--network', world.file);
    expect(await verify('alice.card')).toEqual({ ok: true, kind: 'card', states: 2 });
    expect(await verify('1')).toMatchObject({ ok: true, kind: 'offer' });
    expect(await verify('2')).toMatchObject({ ok: true, kind: 'accept' });
    expect(await verify('3')).toMatchObject({ ok: true, kind: 'commit', grade: 'reserved' });
    expect(await verify('4')).toMatchObject({ ok: true, kind: 'ack' });
    expect(await verify('r1')).toMatchObject({ ok: true, kind: 'request' });
    expect(await verify('p3')).toMatchObject({ ok: true, kind: 'commit', grade: 'provisional' });
    expect(await verify('claim')).toMatchObject({ ok: true, kind: 'claim' });
    expect(await verify('chain')).toMatchObject({ ok: true, kind: 'chain' });
    expect(await verify('backup')).toEqual({ ok: true, kind: 'backup' });
    expect(await verify('network.json')).toEqual({ ok: true, kind: 'network' });
  });

  test('compact files leave out what the peer holds, and verify says what is missing', async () => {
    await ask('till', 'request alice 1 MEAL --compact --out @k1');
    await ask('alice', 'commit @k1 --compact --out @k2');
    expect(await ask('till', 'receive @k2')).toMatchObject({ grade: 'reserved', state: 'received' });
    expect(readFileSync(world.path('k2')).length).toBeLessThan(readFileSync(world.path('r2')).length);
    const ran = await world.run('nobody', 'verify', world.path('k2'), '--network', world.file);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ ok: false, kind: 'commit', error: { code: 'E_INCOMPLETE' } });
  });

  test('nothing was left beside the files', () => {
    expect(readdirSync(world.dir).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(readdirSync(world.path('alice'))).toEqual(['wallet.sqlite']);
  });
});
