import { LIMITS } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { memoryLink, type Link, type Wallet } from '../src/node/index.ts';
import { breakable, codeOf, expectOk, makeScene, received, reopen, ruleOf, type Scene } from './support.ts';

/** A small generator with a seed (mulberry32), so that a failing run can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const BAD = { loss: 0.3, duplicate: 0.3, reorder: 0.3 };

describe('links that lose, repeat and reorder', () => {
  test('SDK-4, SDK-5: every payment happens exactly once, whoever begins', async () => {
    const { shop, phone } = await makeScene();
    for (let seed = 1; seed <= 6; seed++) {
      const [a, b] = memoryLink({ ...BAD, random: seeded(seed) });
      const stop = new AbortController();
      const serving = shop.serve(b, { signal: stop.signal });
      expectOk(await phone.pay({ to: 'shop', amount: '1 MEAL', order: `offer ${seed}` }, { link: a, repeatMs: 20 }));
      stop.abort();
      expect(expectOk(await serving)).toHaveLength(1);
      const request = expectOk(await shop.request({ from: 'phone', amount: '1 MEAL', order: `request ${seed}` }));
      const paying = phone.pay(request.bytes, { link: a, patienceMs: 10_000 });
      expectOk(await request.receive(b, { repeatMs: 20 }));
      // The confirmation may be lost for good; asked again, the payment is still this one.
      expect(['ok', 'E_UNREACHABLE']).toContain(codeOf(await paying));
    }
    const orders = (await received(shop)).map((line) => line.split(' ')).map(([, , kind, seed]) => `${kind} ${seed}`);
    expect(orders.toSorted()).toEqual(
      ['offer', 'request'].flatMap((kind) => [1, 2, 3, 4, 5, 6].map((seed) => `${kind} ${seed}`)),
    );
    expect(String(expectOk(await phone.balance('MEAL')).setAside)).toBe('8.00 MEAL');
  });

  test('SDK-5: whatever is no message of a link is passed over', async () => {
    const { shop, phone } = await makeScene();
    const [a, b] = memoryLink();
    void shop.serve(b);
    for (const junk of [new Uint8Array(), new Uint8Array(100).fill(255), Uint8Array.of(0x80)]) await a.send(junk);
    const noisy: Link = {
      ...a,
      async send(message, options) {
        await b.send(new Uint8Array(30));
        return a.send(message, options);
      },
    };
    expectOk(await phone.pay({ to: 'shop', amount: '1 MEAL' }, { link: noisy }));
    await b.close();
  });

  test('SDK-5, SDK-6: no changed message of a payment throws or moves anything, on either end', async () => {
    const scene = await makeScene();
    const { shop, phone } = scene;
    const [a, b] = memoryLink();
    const recorded: Uint8Array[] = [];
    const recording: Link = {
      ...a,
      send: (message, options) => (recorded.push(message), a.send(message, options)),
    };
    const serving = shop.serve(b);
    expectOk(await phone.pay({ to: 'shop', amount: '1 MEAL', order: 'true' }, { link: recording }));
    const before = await received(shop);
    const next = seeded(7);
    for (const message of recorded) {
      for (let i = 0; i < 20; i++) {
        const at = Math.floor(next() * message.length);
        await a.send(message.with(at, (message.at(at) ?? 0) ^ (1 + Math.floor(next() * 255))));
        await a.send(message.slice(0, at));
      }
    }
    // Each of them is answered before this one.
    expectOk(await phone.pay({ to: 'shop', amount: '1 MEAL', order: 'true' }, { link: a }));
    await b.close();
    expect(expectOk(await serving)).toHaveLength(2);
    expect(await received(shop)).toEqual([...before, '1.00 MEAL true reserved']);
    const [c, d] = memoryLink();
    for (const message of recorded) await d.send(message.with(message.length - 9, 0));
    await d.close();
    expect(ruleOf(await phone.pay(c, { confirm: () => true }))).toBe('E_UNREACHABLE SDK-4');
  });

  test('SDK-4: a closed link and a message that is too long', async () => {
    const [a, b] = memoryLink();
    expect(ruleOf(await a.send(new Uint8Array(LIMITS.fileBytes + 1)))).toBe('E_LIMIT SDK-4');
    await a.send(Uint8Array.of(1));
    await a.close();
    expect(expectOk(await b.receive())).toEqual(Uint8Array.of(1));
    expect(ruleOf(await b.receive())).toBe('E_UNREACHABLE SDK-4');
    expect(ruleOf(await b.send(Uint8Array.of(1)))).toBe('E_UNREACHABLE SDK-4');
  });

  test('SDK-4: a receive that was stopped has taken no message', async () => {
    const [a, b] = memoryLink();
    const stop = new AbortController();
    const waiting = b.receive({ signal: stop.signal });
    stop.abort();
    expect(codeOf(await waiting)).toBe('E_ABORTED');
    await a.send(Uint8Array.of(1));
    expect(expectOk(await b.receive())).toEqual(Uint8Array.of(1));
  });

  test('SDK-5: nobody answers', async () => {
    const { phone } = await makeScene();
    const [a] = memoryLink();
    const options = { link: a, patienceMs: 50 };
    expect(ruleOf(await phone.pay({ to: 'shop', amount: '1 MEAL' }, options))).toBe('E_UNREACHABLE SDK-5');
  });
});

/** One way of paying, over a link that breaks: answers the payer's and the payee's result. */
type Way = (scene: Scene, phone: Wallet, shop: Wallet, ends: readonly [Link, Link]) => Promise<readonly string[]>;

const PATIENCE = { patienceMs: 2_000 } as const;

const byOffer: Way = async (_scene, phone, shop, [a, b]) => {
  const serving = shop.serve(b);
  const paid = await phone.pay({ to: 'shop', amount: '1 MEAL', order: 'x' }, { link: a, ...PATIENCE });
  await a.close();
  return [codeOf(paid), codeOf(await serving)];
};

const byRequest: Way = async (_scene, phone, shop, [a, b]) => {
  const request = expectOk(await shop.request({ from: 'phone', amount: '1 MEAL', order: 'x' }));
  const paying = phone.pay(a, { confirm: () => true, ...PATIENCE });
  const receipt = await request.receive(b, PATIENCE);
  const paid = await paying;
  await a.close();
  return [codeOf(paid), codeOf(receipt)];
};

describe.each([
  ['by offer', byOffer, 4],
  ['by request', byRequest, 6],
] as const)('a link that breaks in the middle, %s', (name, way, messages) => {
  test.each(Array.from({ length: messages + 1 }, (_, i) => i))(
    'SDK-7: after %i messages; the same calls again make one payment of it, also after a crash of both',
    async (count) => {
      for (const isCrash of [false, true]) {
        const scene = await makeScene();
        const link = breakable();
        link.breakAfter(count);
        const [paid, receipt] = await way(scene, scene.phone, scene.shop, link.ends);
        // Who has its receipt asks for another payment by asking again.
        const isOver = name === 'by request' ? receipt === 'ok' : paid === 'ok';
        const phone = isCrash ? await reopen(scene, 'phone') : scene.phone;
        const shop = isCrash ? await reopen(scene, 'shop') : scene.shop;
        const again = isOver ? ['ok', 'ok'] : await way(scene, phone, shop, memoryLink());
        expect(again).toEqual(['ok', 'ok']);
        expect(await received(shop)).toEqual(['1.00 MEAL x reserved']);
        expect(String(expectOk(await phone.balance('MEAL')).setAside)).toBe('19.00 MEAL');
      }
    },
  );
});

describe('calls that are stopped', () => {
  test('SDK-2: at every message; the same calls again make one payment of it', async () => {
    for (let at = 0; at < 4; at++) {
      const { shop, phone } = await makeScene();
      const [a, b] = memoryLink();
      const stop = new AbortController();
      let sent = 0;
      const stopping = (link: Link): Link => ({
        ...link,
        isReliable: true,
        async send(message, options) {
          if (sent++ === at) stop.abort();
          return link.send(message, options);
        },
      });
      const serving = shop.serve(stopping(b));
      const terms = { to: 'shop', amount: '1 MEAL', order: 'x' } as const;
      const first = await phone.pay(terms, { link: stopping(a), signal: stop.signal });
      expect(['E_ABORTED', 'ok']).toContain(codeOf(first));
      if (!first.ok) expectOk(await phone.pay(terms, { link: stopping(a) }));
      await a.close();
      expect(codeOf(await serving)).toBe('ok');
      expect(await received(shop)).toEqual(['1.00 MEAL x reserved']);
    }
  });

  test('SDK-2: before anything happens, nothing does', async () => {
    const { shop, phone } = await makeScene();
    const signal = AbortSignal.abort();
    const [a] = memoryLink();
    const before = expectOk(await phone.history()).length;
    for (const stopped of [
      await phone.pay({ to: 'shop', amount: '1 MEAL' }, { signal }),
      await phone.pay({ to: 'shop', amount: '1 MEAL' }, { link: a, signal }),
      await phone.sync({ signal }),
      await phone.reserve({ for: 'shop', amount: '1 MEAL', until: 1 }, { signal }),
      await shop.request({ from: 'phone', amount: '1 MEAL' }, { signal }),
      await phone.tokens.create({ symbol: 'A' }, { signal }),
    ]) {
      expect(ruleOf(stopped)).toBe('E_ABORTED SDK-2');
    }
    expect(expectOk(await phone.history())).toHaveLength(before);
  });

  test('SDK-2, SDK-7: a certified payment that was stopped is made by the same call, once', async () => {
    const scene = await makeScene();
    const { phone, directory } = scene;
    const stop = new AbortController();
    let requests = 0;
    directory.onRequest = () => void (++requests === 2 && stop.abort());
    const terms = { to: 'shop', amount: '1 MEAL' } as const;
    expect(codeOf(await phone.pay(terms, { signal: stop.signal }))).toBe('E_ABORTED');
    directory.onRequest = () => {};
    expectOk(await phone.pay(terms));
    expect(String(expectOk(await phone.balance('MEAL')).available)).toBe('79.00 MEAL');
  });
});
