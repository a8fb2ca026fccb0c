import { decodeItem, encodeItem, must, type Item } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { memoryLink, verify, type Asked, type Receipt } from '../src/node/index.ts';
import { codeOf, DAY_MS, expectOk, goOffline, makeScene, open, received, ruleOf } from './support.ts';

const networkOf = ({ world }: Awaited<ReturnType<typeof makeScene>>) => ({
  network: { network: world.net.network, endpoints: [] },
});

describe('a payment', () => {
  test('SDK-6: through the network it is certified', async () => {
    const scene = await makeScene();
    const { shop, phone } = scene;
    const told: Receipt[] = [];
    shop.on('received', (receipt) => told.push(receipt));
    const paid = expectOk(await phone.pay({ to: 'shop', amount: '7.50 MEAL', order: 'table 4' }));
    expect(paid).toMatchObject({ grade: 'certified', order: 'table 4', from: 'phone', to: 'shop', direction: 'out' });
    expect(String(paid.amount)).toBe('7.50 MEAL');
    expectOk(await shop.sync());
    await Promise.resolve();
    expect(told.map(({ amount, grade, from }) => `${amount.text} ${grade} ${from}`)).toEqual([
      '7.50 MEAL certified phone',
    ]);
    expect(String(expectOk(await phone.balance('MEAL')).available)).toBe('72.50 MEAL');
  });

  test('SDK-6: over a link it is reserved, offline, and anybody verifies the receipt', async () => {
    const scene = await makeScene();
    goOffline(scene);
    const { shop, phone } = scene;
    const [a, b] = memoryLink();
    const serving = shop.serve(b, { payments: 1 });
    const paid = expectOk(await phone.pay({ to: 'shop', amount: '7.50 MEAL', order: 'table 4' }, { link: a }));
    const [receipt] = expectOk(await serving);
    expect(receipt).toMatchObject({ grade: 'reserved', order: 'table 4', from: 'phone', to: 'shop', direction: 'in' });
    expect(receipt?.payment).toBe(paid.payment);
    expect(receipt?.claimBy).toBe(scene.world.nowMs + 30 * DAY_MS - scene.world.net.network.marginMs);
    const verified = expectOk(verify(receipt?.proof ?? new Uint8Array(), networkOf(scene)));
    expect(verified).toMatchObject({
      kind: 'commit',
      grade: 'reserved',
      goodUntil: receipt?.claimBy,
      paid: { payment: paid.payment, from: phone.id, to: shop.id, order: 'table 4' },
    });
    expect(String(verified.paid?.amount)).toBe('7.50 MEAL');
    const entry = expectOk(await phone.history()).find(({ order }) => order === 'table 4');
    expect(entry).toMatchObject({ status: 'acknowledged', grade: 'reserved' });
  });

  test('SDK-6: nothing set aside: provisional only where both say so', async () => {
    const { shop, phone, world } = await makeScene();
    const [a, b] = memoryLink();
    const stop = new AbortController();
    const serving = shop.serve(b, { signal: stop.signal });
    const terms = { to: 'shop', amount: '50 MEAL' } as const;
    expect(codeOf(await phone.pay(terms, { link: a }))).toBe('E_BALANCE');
    expect(codeOf(await phone.pay({ ...terms, grade: 'provisional' }, { link: a }))).toBe('E_POLICY');
    expectOk(await shop.take({ provisional: '60', from: 'phone' }));
    world.nowMs += 1;
    const paid = expectOk(await phone.pay({ ...terms, grade: 'provisional' }, { link: a }));
    expect(paid).toMatchObject({ grade: 'provisional', claimBy: null });
    stop.abort();
    expect(expectOk(await serving)).toHaveLength(1);
  });

  test('SDK-8: the owner of the till decides, and a policy that throws is a no', async () => {
    const { shop, phone } = await makeScene();
    const [a, b] = memoryLink();
    const asked: Asked[] = [];
    const accept = async (one: Asked): Promise<boolean> => {
      asked.push(one);
      // Whoever decides may use the wallet.
      expectOk(await shop.balance('MEAL'));
      if (one.order === 'broken') throw new Error('a defect');
      return one.order === 'good';
    };
    void shop.serve(b, { accept });
    const pay = (order: string) => phone.pay({ to: 'shop', amount: '1 MEAL', order }, { link: a });
    expect(ruleOf(await pay('bad'))).toBe('E_POLICY SDK-8');
    expect(ruleOf(await pay('broken'))).toBe('E_POLICY SDK-8');
    expectOk(await pay('good'));
    expect(asked.map(({ from, amount, order, grade }) => `${from} ${amount.text} ${order} ${grade}`)).toEqual([
      'phone 1.00 MEAL bad reserved',
      'phone 1.00 MEAL broken reserved',
      'phone 1.00 MEAL good reserved',
    ]);
    expect(await received(shop)).toEqual(['1.00 MEAL good reserved']);
    await b.close();
  });

  test('SDK-7: the same call is the same payment until its outcome was told, with an id for ever', async () => {
    const { shop, phone } = await makeScene();
    const [a, b] = memoryLink();
    void shop.serve(b);
    const terms = { to: 'shop', amount: '1 MEAL' } as const;
    const first = expectOk(await phone.pay(terms, { link: a }));
    const second = expectOk(await phone.pay(terms, { link: a }));
    expect(second.payment).not.toBe(first.payment);
    const named = expectOk(await phone.pay({ ...terms, id: 'order 17' }, { link: a }));
    expect(expectOk(await phone.pay({ ...terms, id: 'order 17' }, { link: a })).payment).toBe(named.payment);
    expect(await received(shop)).toHaveLength(3);
    const online = expectOk(await phone.pay({ ...terms, id: 'order 18' }));
    expect(expectOk(await phone.pay({ ...terms, id: 'order 18' })).payment).toBe(online.payment);
    expect(String(expectOk(await phone.balance('MEAL')).available)).toBe('79.00 MEAL');
    await b.close();
  });

  test('SDK-1: amounts are read strictly', async () => {
    const { phone } = await makeScene();
    for (const amount of [
      '',
      '7.50',
      'MEAL',
      '7.50  MEAL',
      ' 7.50 MEAL',
      '7,50 MEAL',
      '7.505 MEAL',
      '-1 MEAL',
      '0 MEAL',
      '1e3 MEAL',
    ]) {
      expect(codeOf(await phone.pay({ to: 'shop', amount })), amount).toBe('E_AMOUNT');
    }
    expect(codeOf(await phone.pay({ to: 'shop', amount: '1 BEER' }))).toBe('E_TOKEN');
    expect(codeOf(await phone.pay({ to: 'nobody', amount: '1 MEAL' }))).toBe('E_CONTACT');
    expect(codeOf(await phone.pay({ to: 'shop', amount: 7 as unknown as string }))).toBe('E_AMOUNT');
  });

  test('REL-24: a refund goes over a link or through the network, and never exceeds the payment', async () => {
    const { shop, phone } = await makeScene();
    const [a, b] = memoryLink();
    const serving = shop.serve(b, { payments: 1 });
    expectOk(await phone.pay({ to: 'shop', amount: '10 MEAL' }, { link: a }));
    const [receipt] = expectOk(await serving);
    if (!receipt) throw new Error('no receipt');
    const back = expectOk(await shop.refund(receipt, { amount: '4 MEAL' }));
    expect(back).toMatchObject({ grade: 'certified', refundOf: receipt.payment, to: 'phone' });
    expect(codeOf(await shop.refund(receipt, { amount: '6.01 MEAL' }))).toBe('E_AMOUNT');
    expectOk(await phone.take({ provisional: 'any' }));
    const taking = phone.serve(a, { payments: 1 });
    const rest = expectOk(await shop.refund(receipt, { grade: 'provisional' }, { link: b }));
    expect(String(rest.amount)).toBe('6.00 MEAL');
    expect(expectOk(await taking)[0]).toMatchObject({ grade: 'provisional', refundOf: receipt.payment });
    expect(codeOf(await shop.refund(receipt))).toBe('E_AMOUNT');
  });
});

describe('a request', () => {
  test('SDK-9: the first needs three turns, the next ones two; both end in a receipt on both sides', async () => {
    const scene = await makeScene();
    goOffline(scene);
    const { shop, phone } = scene;
    const [a, b] = memoryLink();
    for (const order of ['first', 'second']) {
      const request = expectOk(await shop.request({ from: 'phone', amount: '2.50 MEAL', order }));
      const paying = phone.pay(request.bytes, { link: a });
      const receipt = expectOk(await request.receive(b));
      const paid = expectOk(await paying);
      expect(receipt).toMatchObject({ grade: 'reserved', order, from: 'phone', payment: paid.payment });
      expect(verify(receipt.proof, networkOf(scene))).toMatchObject({
        ok: true,
        value: { grade: 'reserved' },
      });
    }
    expect(await received(shop)).toEqual(['2.50 MEAL first reserved', '2.50 MEAL second reserved']);
  });

  test('SDK-9: whoever pays what is asked says so first, and pays that request only', async () => {
    const { shop, phone } = await makeScene();
    const [a, b] = memoryLink();
    const request = expectOk(await shop.request({ from: 'phone', amount: '2 MEAL', order: 'tea' }));
    const [no] = await Promise.all([request.receive(b), phone.pay(a, { confirm: () => false })]);
    expect(ruleOf(no)).toBe('E_POLICY SDK-8');
    const asked: string[] = [];
    const confirm = async ({ to, amount, order }: Asked): Promise<boolean> => {
      expectOk(await phone.balance('MEAL'));
      return asked.push(`${to} ${amount.text} ${order}`) > 0;
    };
    const [yes, paid] = await Promise.all([request.receive(b), phone.pay(a, { confirm })]);
    expect(expectOk(yes).payment).toBe(expectOk(paid).payment);
    expect(asked).toEqual(['shop 2.00 MEAL tea']);
    const other = expectOk(await shop.request({ from: 'phone', amount: '3 MEAL' }));
    const stop = new AbortController();
    const refusing = phone.pay(request.bytes, { link: a, signal: stop.signal });
    expect(ruleOf(await other.receive(b))).toBe('E_MISMATCH SDK-9');
    stop.abort();
    expect(codeOf(await refusing)).toBe('E_ABORTED');
  });

  test('SDK-9: provisional where the payee says that it is enough', async () => {
    const { shop, phone } = await makeScene();
    expectOk(await shop.take({ provisional: 'any' }));
    const [a, b] = memoryLink();
    const ask = async (minGrade: 'reserved' | 'provisional') => {
      const request = expectOk(await shop.request({ from: 'phone', amount: '30 MEAL', minGrade }));
      return Promise.all([request.receive(b), phone.pay(request.bytes, { link: a })]);
    };
    const [refused] = await ask('reserved');
    expect(codeOf(refused)).toBe('E_BALANCE');
    const [receipt] = await ask('provisional');
    expect(expectOk(receipt)).toMatchObject({ grade: 'provisional' });
  });

  test('SDK-9: a payment pays one request: an older one is not taken for another', async () => {
    const scene = await makeScene();
    const { shop, phone } = scene;
    const [a, b] = memoryLink();
    const recorded: Uint8Array[] = [];
    const recording = { ...a, send: (message: Uint8Array) => (recorded.push(message), a.send(message)) };
    const first = expectOk(await shop.request({ from: 'phone', amount: '2 MEAL', id: 'one' }));
    await Promise.all(
      [first.receive(b), phone.pay(first.bytes, { link: recording })].map(async (one) => expectOk(await one)),
    );
    // Somebody answers the second request with the recorded offer of the first.
    const offer = (must(decodeItem(recorded.at(0) ?? new Uint8Array())) as readonly Item[])[4] as Uint8Array;
    const second = expectOk(await shop.request({ from: 'phone', amount: '2 MEAL', id: 'two' }));
    const asking = second.receive(b);
    const question = expectOk(await a.receive());
    const id = (must(decodeItem(question)) as readonly Item[])[3] as Uint8Array;
    await a.send(encodeItem(['dsm-link', 1, 1, id, offer]));
    expect(ruleOf(await asking)).toBe('E_MISMATCH SDK-9');
    expect(await received(shop)).toHaveLength(1);
  });

  test('SDK-9: not for this wallet, not of this network, too late, or no request at all', async () => {
    const scene = await makeScene();
    const { shop, phone } = scene;
    const carol = expectOk(await open(scene, 'carol'));
    const [a] = memoryLink();
    const request = expectOk(await shop.request({ from: 'phone', amount: '2 MEAL' }));
    expect(ruleOf(await carol.pay(request.bytes, { link: a }))).toBe('E_MISMATCH SDK-9');
    expect(ruleOf(await phone.pay(new Uint8Array(40), { link: a }))).toBe('E_FORMAT SDK-9');
    scene.world.nowMs += 2 * 3_600_000;
    expect(ruleOf(await phone.pay(request.bytes, { link: a }))).toBe('E_EXPIRED SDK-9');
    const elsewhere = (must(decodeItem(request.bytes)) as readonly Item[]).with(2, new Uint8Array(32));
    expect(ruleOf(await phone.pay(encodeItem(elsewhere), { link: a }))).toBe('E_NETWORK SDK-9');
    expectOk(await request.cancel());
  });
});
