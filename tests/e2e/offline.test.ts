/** Two devices at a table: every node is down from the preparation to the last block. */
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
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
  turnBits,
  type Answer,
  type World,
} from './support.ts';

const MINUTE_MS = 60_000;

let world: World;
beforeAll(async () => {
  world = openWorld();
  await world.upNetwork();
  await initWallets(world, 'alice', 'till', 'bob');
  await introduce(world, ['alice', 'till'], ['alice', 'bob']);
  await world.ask('alice', 'token create MEAL --decimals 2 --max 1000');
  await world.ask('alice', 'token mint MEAL 200');
  await world.ask('alice', 'pay till 5 MEAL');
  await world.ask('alice', 'reserve bob 3 MEAL');
  expect(await world.ask('alice', 'reserve till 20 MEAL --until 7d')).toEqual({ reservation: HEX, until: TIME });
  await world.ask('till', 'sync');
  await world.downNetwork();
});
afterAll(() => world.close());

const historyOf = async (home: string): Promise<readonly Answer[]> =>
  ((await world.ask(home, 'history')) as { payments: Answer[] }).payments;

/** Bytes of the last answer of a command that writes `out`, for what is compared later. */
async function askTwice(home: string, words: string, out: string): Promise<Answer> {
  const first = await world.ask(home, words);
  const bytes = world.bytes(out);
  expect(await world.ask(home, words)).toEqual(first);
  expect(world.bytes(out)).toEqual(bytes);
  return first;
}

describe('three turns out of a reservation', () => {
  let payment: unknown;

  test('each turn answers as it must, and again the same', async () => {
    const offered = await askTwice('alice', 'offer till 7.5 MEAL --order table-4 --out 1', '1');
    ({ payment } = offered);
    expect(offered).toEqual({ payment: HEX, grade: 'reserved', state: 'offered', claimBy: TIME });
    expect(await world.refuse('alice', 'offer till 7.5 MEAL --order table-4 --out 1b')).toBe('E_OPEN');
    expect(await world.refuse('alice', 'request till 1 MEAL --out 1b')).toBe('E_OPEN');

    // The content identifies the payment, whatever the file is called.
    copyFileSync(world.path('1'), world.path('renamed'));
    const accepted = await askTwice('till', 'accept 1 --out 2', '2');
    expect(accepted).toEqual({ ...offered, state: 'accepted' });
    expect(await world.ask('till', 'accept renamed --out 2r')).toEqual(accepted);
    expect(world.bytes('2r')).toEqual(world.bytes('2'));
    expect(await world.refuse('till', 'offer alice 1 MEAL --provisional --out 1b')).toBe('E_OPEN');

    const committed = await askTwice('alice', 'commit 2 --out 3', '3');
    expect(committed).toEqual({ ...offered, state: 'committed' });
    const received = await askTwice('till', 'receive 3 --out 4', '4');
    expect(received).toEqual({ ...offered, state: 'received' });
    expect(await world.ask('till', 'receive 3')).toEqual(received);
    expect(await world.ask('alice', 'ack 4')).toEqual({ ...offered, state: 'acknowledged' });
    expect(existsSync(world.path('1b'))).toBe(false);

    // Long after, every command still says what it said, and nothing moves.
    await askTwice('alice', 'offer till 7.5 MEAL --order table-4 --out 1', '1');
    await askTwice('till', 'accept 1 --out 2', '2');
    expect(await historyOf('till')).toHaveLength(2);
  });

  test('the balances are disjoint, in exactly the digits of the token', async () => {
    expect(await balanceOf(world, 'alice')).toEqual(['172.00', '15.50', '0.00', '0.00']);
    expect(await balanceOf(world, 'till')).toEqual(['5.00', '0.00', '7.50', '0.00']);
    expect(await paymentOf(world, 'till', payment)).toEqual({
      payment,
      direction: 'in',
      peer: 'alice',
      amount: '7.50',
      symbol: 'MEAL',
      grade: 'reserved',
      status: 'received',
      at: TIME,
      order: 'table-4',
      claimBy: TIME,
    });
    expect(await world.refuse('alice', `cancel ${String(payment)}`)).toBe('E_STATE');
    expect(await world.refuse('till', `cancel ${String(payment)}`)).toBe('E_STATE');
  });

  test('a token that the payee has never heard of comes with the offer of a contact', async () => {
    await world.ask('alice', 'offer bob 1.25 MEAL --out t1');
    for (const [at, bytes] of turnBits(world.bytes('t1'), 6)) {
      writeFileSync(world.path(`t1-${at}`), bytes);
      expect(await world.refuse('bob', `accept t1-${at} --out t2`)).toMatch(/^E_/);
    }
    expect([existsSync(world.path('t2')), (await historyOf('bob')).length]).toEqual([false, 0]);
    await world.ask('bob', 'accept t1 --out t2');
    await world.ask('alice', 'commit t2 --out t3');
    expect(await world.ask('bob', 'receive t3')).toMatchObject({ grade: 'reserved', state: 'received' });
    expect(await balanceOf(world, 'bob')).toEqual(['0.00', '0.00', '1.25', '0.00']);
    expect(await world.refuse('alice', 'offer bob 1.76 MEAL --out t4')).toBe('E_BALANCE');
  });

  test('an offer to somebody else is not accepted', async () => {
    expect(await world.refuse('bob', 'accept 1 --out s2')).toBe('E_MISMATCH');
    expect(existsSync(world.path('s2'))).toBe(false);
  });
});

describe('two turns', () => {
  test('a request is committed and received', async () => {
    const requested = await askTwice('till', 'request alice 2.5 MEAL --order coffee --out r1', 'r1');
    expect(requested).toEqual({ payment: HEX, grade: 'reserved', state: 'requested', claimBy: TIME });
    expect(await world.refuse('till', 'request alice 2.5 MEAL --order coffee --out r1b')).toBe('E_OPEN');
    const committed = await askTwice('alice', 'commit r1 --out r2', 'r2');
    expect(committed).toEqual({ ...requested, state: 'committed' });
    expect(await world.ask('till', 'receive r2')).toEqual({ ...requested, state: 'received' });
    expect(await balanceOf(world, 'till')).toEqual(['5.00', '0.00', '10.00', '0.00']);
  });

  test('compact messages leave out what the peer holds: it goes on, others are told what is missing', async () => {
    await world.ask('till', 'request alice 0.5 MEAL --compact --out c1');
    await world.ask('alice', 'commit c1 --compact --out c2');
    for (const file of ['c1', 'c2']) {
      expect(await world.verify(file)).toMatchObject({ ok: false, error: { code: 'E_INCOMPLETE', rule: 'BND-2' } });
    }
    expect(world.bytes('c2').length).toBeLessThan(world.bytes('r2').length / 2);
    expect(await world.ask('till', 'receive c2')).toMatchObject({ grade: 'reserved', state: 'received' });
  });
});

describe('what does not come to a payment', () => {
  test('cancelled: the place is free again, and the accept of before is worth nothing', async () => {
    const { payment } = await world.ask('alice', 'offer till 1 MEAL --out x1');
    await world.ask('till', 'accept x1 --out x2');
    expect(await world.ask('alice', `cancel ${String(payment)}`)).toMatchObject({ payment, state: 'cancelled' });
    expect(await paymentOf(world, 'alice', payment)).toMatchObject({ status: 'cancelled' });
    expect(await world.refuse('alice', 'commit x2 --out x3')).toBe('E_STATE');
    expect(existsSync(world.path('x3'))).toBe(false);
    // The payee has heard nothing of it: it may give up by itself.
    expect(await world.refuse('till', 'request alice 1 MEAL --out x4')).toBe('E_OPEN');
    expect(await world.ask('till', `cancel ${String(payment)}`)).toMatchObject({ payment, state: 'cancelled' });
  });

  test('expired: an accept ends after a day, or when --expires says so', async () => {
    const { payment } = await world.ask('alice', 'offer till 1 MEAL --out y1');
    await world.ask('till', 'accept y1 --out y2 --expires 1h');
    const { payment: lasting } = await world.ask('alice', 'offer bob 1 MEAL --out z1');
    await world.ask('bob', 'accept z1 --out z2');

    world.env['DSM_CLOCK_OFFSET'] = '61m';
    expect(await world.refuse('alice', 'commit y2 --out y3')).toBe('E_EXPIRED');
    world.env['DSM_CLOCK_OFFSET'] = '23h';
    expect(await world.verify('z2')).toMatchObject({ ok: true });
    world.env['DSM_CLOCK_OFFSET'] = '25h';
    expect(await world.refuse('alice', 'commit z2 --out z3')).toBe('E_EXPIRED');
    expect(await world.refuse('alice', 'offer bob 1 MEAL --out z4 --expires 25h')).toBe('E_WINDOW');
    // Expired is closed: another offer may follow.
    expect(await paymentOf(world, 'alice', payment)).toMatchObject({ status: 'expired' });
    const next = await world.ask('alice', 'offer till 1 MEAL --out y4');
    expect(next['payment']).not.toBe(payment);
    await world.ask('alice', `cancel ${String(next['payment'])}`);
    delete world.env['DSM_CLOCK_OFFSET'];
    const open = [
      ['alice', payment],
      ['till', payment],
      ['alice', lasting],
      ['bob', lasting],
    ] as const;
    for (const [home, id] of open) await world.ask(home, `cancel ${String(id)}`);
    expect(await balanceOf(world, 'alice')).toEqual(['172.00', '11.25', '0.00', '0.00']);
  });
});

describe('provisional payments', () => {
  test('are refused by default, taken within the policy, never beyond', async () => {
    const { payment } = await world.ask('alice', 'offer bob 9 MEAL --provisional --out p1');
    expect(await world.refuse('bob', 'accept p1 --out p2')).toBe('E_POLICY');
    expect(await world.ask('bob', 'policy set --provisional-max 8.99 --run 1')).toEqual({
      provisionalMax: '8.99',
      run: 1,
    });
    expect(await world.refuse('bob', 'accept p1 --out p2')).toBe('E_POLICY');
    await world.ask('bob', 'policy set --provisional-max any --run 1 --contact alice');
    await askTwice('bob', 'accept p1 --out p2', 'p2');
    await askTwice('alice', 'commit p2 --out p3', 'p3');
    const received = await askTwice('bob', 'receive p3 --out p4', 'p4');
    expect(received).toEqual({ payment, grade: 'provisional', state: 'received', settleBy: TIME });
    expect(await balanceOf(world, 'bob')).toEqual(['0.00', '0.00', '1.25', '9.00']);
    expect(await balanceOf(world, 'alice')).toEqual(['163.00', '11.25', '0.00', '0.00']);

    // A run of two is one more than this contact may have.
    await world.ask('alice', 'offer bob 1 MEAL --provisional --out q1');
    expect(await world.refuse('bob', 'accept q1 --out q2')).toBe('E_POLICY');
    // What is provisional, or not claimed yet, is not spendable.
    expect(await world.refuse('bob', 'offer alice 1 MEAL --provisional --out q3')).toBe('E_BALANCE');
  });
});

describe('a refund', () => {
  test('is a payment back that names the original, in parts, never more than it', async () => {
    const original = (await historyOf('till')).find(({ order }) => order === 'table-4');
    const id = String(original?.['payment']);
    await world.ask('alice', 'policy set --provisional-max any --run 4');
    expect(await world.refuse('till', `refund ${id} 7.51 --provisional --out b1`)).toBe('E_AMOUNT');
    const back = await askTwice('till', `refund ${id} 4 --provisional --out b1`, 'b1');
    await world.ask('alice', 'accept b1 --out b2');
    await world.ask('till', 'commit b2 --out b3');
    await world.ask('alice', 'receive b3');
    expect(await paymentOf(world, 'alice', back['payment'])).toMatchObject({
      direction: 'in',
      amount: '4.00',
      grade: 'provisional',
      refundOf: id,
    });
    expect(await world.refuse('till', `refund ${id} 3.51 --provisional --out b4`)).toBe('E_AMOUNT');
    expect(await world.refuse('alice', `refund ${id} 1 --provisional --out b4`)).toBe('E_STATE');
    expect(existsSync(world.path('b4'))).toBe(false);
  });
});

describe('bad input', () => {
  test('of a payment: refused with its code, and nothing is written', async () => {
    const refused = [
      ['till 0 MEAL', 'E_AMOUNT'],
      ['till -1 MEAL', 'E_AMOUNT'],
      ['till 1.001 MEAL', 'E_AMOUNT'],
      ['till 3402823669209384634633746074317682114.56 MEAL', 'E_AMOUNT'],
      ['till 999 MEAL', 'E_BALANCE'],
      ['till 1 GOLD', 'E_TOKEN'],
      ['nobody 1 MEAL', 'E_CONTACT'],
    ] as const;
    const before = await historyOf('alice');
    for (const [what, code] of refused) {
      expect({ what, code: await world.refuse('alice', `offer ${what} --provisional --out bad`) }).toEqual({
        what,
        code,
      });
    }
    expect(await world.refuse('alice', 'contact add alice.card')).toBe('E_SELF');
    expect(existsSync(world.path('bad'))).toBe(false);
    expect(await historyOf('alice')).toEqual(before);
  });

  test(
    'of a turn: a file that is cut, of another kind or for somebody else is refused, and the wallet goes on',
    { timeout: MINUTE_MS },
    async () => {
      await world.ask('alice', 'offer till 0.25 MEAL --out g1');
      await world.ask('till', 'accept g1 --out g2');
      await world.ask('alice', 'commit g2 --out g3');
      const before = await balanceOf(world, 'till');
      writeFileSync(world.path('bad-cut'), world.bytes('g3').slice(0, -9));
      expect(await world.refuse('till', 'receive bad-cut')).toBe('E_ENCODING');
      expect(await world.refuse('bob', 'receive g3')).toBe('E_MISMATCH');
      expect(await world.refuse('till', 'accept g3 --out g4')).toBe('E_FORMAT');
      expect(await balanceOf(world, 'till')).toEqual(before);
      expect(await world.ask('till', 'receive g3')).toMatchObject({ state: 'received', grade: 'reserved' });
    },
  );
});

describe('every kind of file', () => {
  const some = expect.any(Number) as number;

  test.each<[file: string, expected: Answer]>([
    ['alice.card', { ok: true, kind: 'card', states: 2 }],
    ['1', { ok: true, kind: 'offer', states: some }],
    ['2', { ok: true, kind: 'accept', states: some }],
    ['3', { ok: true, kind: 'commit', grade: 'reserved', states: some, claimBy: TIME }],
    ['4', { ok: true, kind: 'ack', states: some }],
    ['r1', { ok: true, kind: 'request', states: some }],
    ['r2', { ok: true, kind: 'commit', grade: 'reserved', states: some, claimBy: TIME }],
    ['p1', { ok: true, kind: 'offer', states: some }],
    ['p3', { ok: true, kind: 'commit', grade: 'provisional', states: some, settleBy: TIME }],
    ['b1', { ok: true, kind: 'offer', states: some }],
  ])('%s is verified without a wallet, and every byte of it counts', (file, expected) =>
    expectEveryByteChecked(world, file, expected),
  );

  test('claim, chain and backup, too', async () => {
    const claim = await askTwice('till', 'claim --out claim', 'claim');
    expect(claim).toEqual({ reservation: HEX, amount: '10.75', symbol: 'MEAL', until: TIME });
    await world.ask('till', 'backup --out backup');
    await world.ask('till', 'export --out account');
    await expectEveryByteChecked(world, 'claim', { ok: true, kind: 'claim', states: 1 });
    await expectEveryByteChecked(world, 'backup', { ok: true, kind: 'backup' });
    await expectEveryByteChecked(world, 'account', { ok: true, kind: 'chain', grade: 'provisional', states: some });
  });

  test('the network description, too', async () => {
    expect(await world.verify('net/network.json')).toEqual({ ok: true, kind: 'network' });
    const text = world.bytes('net/network.json');
    writeFileSync(world.path('long.json'), Buffer.concat([text, Buffer.from(' ')]));
    writeFileSync(world.path('cut.json'), text.slice(0, -3));
    expect(await world.verify('long.json')).toMatchObject({ ok: false, kind: 'network' });
    expect(await world.verify('cut.json')).toMatchObject({ ok: false, kind: 'network' });
    expect(await world.verify('other.json')).toMatchObject({ ok: false, error: { code: 'E_NETWORK' } });
  });
});

describe('the nodes are back', () => {
  test('somebody without a wallet carries the claim; sync brings the rest', async () => {
    await world.upNetwork();
    const carried = await world.ask('nobody', 'submit claim --network net/network.json');
    expect(carried).toEqual({
      grade: 'certified',
      chain: (await world.ask('till', 'claim --out claim'))['reservation'],
      index: 1,
      hash: HEX,
      receipts: expect.any(Number) as number,
    });
    expect(existsSync(world.path('nobody'))).toBe(false);
    await world.ask('till', 'sync');
    expect(await balanceOf(world, 'till')).toEqual(['11.75', '0.00', '0.00', '0.00']);
    expect(await world.ask('bob', 'sync')).toMatchObject({
      received: [{ amount: '9.00', grade: 'certified' }],
      claimed: [{ amount: '1.25', symbol: 'MEAL' }],
      evidence: 0,
    });
    expect(await balanceOf(world, 'bob')).toEqual(['10.25', '0.00', '0.00', '0.00']);
    await world.ask('alice', 'sync');
    expect(await balanceOf(world, 'alice')).toEqual(['167.00', '11.00', '0.00', '0.00']);
  });
});
