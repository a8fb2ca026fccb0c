import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// Gives this process the globals of IndexedDB.
// oxlint-disable-next-line import/no-unassigned-import
import 'fake-indexeddb/auto';
import { memoryStore, printNetworkFile } from '@dsm/core';
import { afterAll, describe, expect, test } from 'vitest';
import * as browser from '../src/browser/index.ts';
import { fileLink, memoryLink, openWallet, verify, type WalletEvents } from '../src/node/index.ts';
import { makeNetwork } from '../../../tests/kit/index.ts';
import { CHEAP_COST } from '../../wallet/test/support/wallets.ts';
import { codeOf, DAY_MS, expectOk, goOffline, makeScene, open, received, ruleOf } from './support.ts';

const home = mkdtempSync(join(tmpdir(), 'dsm-sdk-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const net = makeNetwork();
const NETWORK = printNetworkFile({
  network: net.network,
  endpoints: net.network.nodes.map(() => 'http://127.0.0.1:9'),
});
const options = { network: NETWORK, passphrase: 'secret', algorithm: 'ml-dsa-44', cost: CHEAP_COST } as const;

describe('opening a wallet', () => {
  test.each([
    ['Node', openWallet, join(home, 'alice')],
    ['Node, a file', openWallet, join(home, 'bob.sqlite')],
    ['a browser', browser.openWallet, 'carol'],
  ] as const)('SDK-11: makes one, tells its words once, and finds it again: %s', async (_name, opening, store) => {
    const made = expectOk(await opening({ ...options, store, name: 'alice' }));
    expect(made.words?.split(' ')).toHaveLength(24);
    expect(codeOf(await opening({ ...options, store }))).toBe('E_BUSY');
    const card = expectOk(await made.card());
    await made.close();
    const again = expectOk(await opening({ store, passphrase: 'secret' }));
    expect([again.name, again.id, again.words]).toEqual(['alice', made.id, undefined]);
    expect(expectOk(await again.card())).toEqual(card);
    await again.close();
    expect(codeOf(await opening({ ...options, store, passphrase: 'wrong' }))).toBe('E_PASSPHRASE');
    const other = makeNetwork(4, { name: 'other' });
    const wrong = printNetworkFile({ network: other.network, endpoints: other.network.nodes.map(() => 'http://a') });
    expect(ruleOf(await opening({ ...options, store, network: wrong }))).toBe('E_NETWORK SDK-11');
  });

  test('SDK-11: refuses what it cannot open', async () => {
    expect(ruleOf(await openWallet({ store: memoryStore(), passphrase: 'x' }))).toBe('E_USAGE SDK-11');
    writeFileSync(join(home, 'file'), 'something');
    expect(codeOf(await openWallet({ ...options, store: join(home, 'file', 'below') }))).toBe('E_STORE');
    expect(codeOf(await openWallet({ ...options, store: memoryStore(), network: '{}' }))).toBe('E_FORMAT');
    const bytes = Uint8Array.of(0xff);
    expect(codeOf(await openWallet({ ...options, store: memoryStore(), network: bytes }))).toBe('E_FORMAT');
    expect(codeOf(await openWallet({ ...options, store: memoryStore(), passphrase: '' }))).toBe('E_PASSPHRASE');
    const signal = AbortSignal.abort();
    expect(codeOf(await openWallet({ ...options, store: memoryStore(), signal }))).toBe('E_ABORTED');
  });

  test('SDK-4: what is closed answers, and does not throw', async () => {
    const wallet = expectOk(await openWallet({ ...options, store: memoryStore() }));
    await wallet.close();
    expect(codeOf(await wallet.history())).toBe('E_STORE');
    expect(codeOf(await wallet.pay({ to: 'x', amount: '1 A' }))).toBe('E_STORE');
    const [link] = memoryLink();
    expect(codeOf(await wallet.pay(Uint8Array.of(1), { link }))).toBe('E_FORMAT');
    expect(codeOf(await wallet.cancel('nothing'))).toBe('E_NOT_FOUND');
  });
});

test('FIL-2: a third party verifies with both implementations of the cryptography, and every bit counts', async () => {
  const scene = await makeScene();
  const [a, b] = memoryLink();
  const serving = scene.shop.serve(b, { payments: 1 });
  expectOk(await scene.phone.pay({ to: 'shop', amount: '1 MEAL' }, { link: a }));
  const [receipt] = expectOk(await serving);
  const proof = receipt?.proof ?? new Uint8Array();
  const network = printNetworkFile({
    network: scene.world.net.network,
    endpoints: ['a', 'b', 'c', 'd'].map((n) => `http://${n}`),
  });
  const text = (verified: unknown): string => JSON.stringify(verified);
  expect(text(browser.verify(proof, { network }))).toBe(text(verify(proof, { network })));
  for (const at of [0, 100, proof.length >> 1, proof.length - 1]) {
    expect(verify(proof.with(at, (proof.at(at) ?? 0) ^ 1), { network }).ok).toBe(false);
  }
});

describe('watching', () => {
  test('SDK-10: claims by itself, tells what happened, and ends when it is stopped', async () => {
    const scene = await makeScene();
    const { shop, phone } = scene;
    const told: string[] = [];
    shop.on('claimed', ({ amount }) => told.push(`claimed ${amount.text}`));
    shop.on('received', ({ amount, grade }) => told.push(`received ${amount.text} ${grade}`));
    const off = shop.on('received', () => told.push('never'));
    off();
    const [a, b] = memoryLink();
    const serving = shop.serve(b, { payments: 1 });
    expectOk(await phone.pay({ to: 'shop', amount: '2 MEAL' }, { link: a }));
    await serving;
    const stop = new AbortController();
    const claimed = new Promise((resolve) => shop.on('claimed', resolve));
    const watching = shop.watch({ signal: stop.signal, everyMs: 20 });
    await claimed;
    stop.abort();
    expect(await watching).toEqual({ ok: true, value: undefined });
    expect(told).toEqual(['received 2.00 MEAL reserved', 'claimed 2.00 MEAL']);
    expect(String(expectOk(await shop.balance('MEAL')).available)).toBe('902.00 MEAL');
  });

  test('SDK-10: warns of a claim that is due and cannot be made', async () => {
    const scene = await makeScene();
    const { shop, phone, world } = scene;
    const [a, b] = memoryLink();
    const serving = shop.serve(b, { payments: 1 });
    expectOk(await phone.pay({ to: 'shop', amount: '2 MEAL' }, { link: a }));
    await serving;
    goOffline(scene);
    world.nowMs += 30 * DAY_MS - world.net.network.marginMs;
    const stop = new AbortController();
    const due = new Promise<WalletEvents['claim-due']>((resolve) => shop.on('claim-due', resolve));
    const watching = shop.watch({ signal: stop.signal, everyMs: 20 });
    expect((await due).amount.text).toBe('2.00 MEAL');
    stop.abort();
    expectOk(await watching);
  });

  test('SDK-3: a payment does not wait for nodes that never answer', async () => {
    const scene = await makeScene();
    const { shop, phone, directory } = scene;
    const hanging = { ...directory.transport, request: () => new Promise<never>(() => {}) };
    const stuck = expectOk(
      await openWallet({
        store: memoryStore(scene.disks.phone),
        passphrase: 'correct horse',
        clock: scene.world.clock,
        transportFor: () => hanging,
      }),
    );
    const stop = new AbortController();
    const watching = stuck.watch({ signal: stop.signal, everyMs: 10 });
    const [a, b] = memoryLink();
    const serving = shop.serve(b, { payments: 1 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expectOk(await stuck.pay({ to: 'shop', amount: '1 MEAL' }, { link: a }));
    expectOk(await serving);
    stop.abort();
    expectOk(await watching);
    expect(codeOf(await phone.sync({ signal: AbortSignal.timeout(60_000) }))).toBe('ok');
  });

  test('SDK-2: a sync that hangs is stopped', async () => {
    const scene = await makeScene();
    const request = scene.directory.transport.request;
    Object.assign(scene.directory.transport, { request: () => new Promise<never>(() => {}) });
    expect(codeOf(await scene.phone.sync({ signal: AbortSignal.timeout(30) }))).toBe('E_ABORTED');
    Object.assign(scene.directory.transport, { request });
    expectOk(await scene.phone.sync());
  });
});

describe('what a wallet knows', () => {
  test('SDK-1: tokens are made once, and known to others before they meet them', async () => {
    const scene = await makeScene();
    const { shop } = scene;
    expect(ruleOf(await shop.tokens.create({ symbol: 'MEAL' }))).toBe('E_EXISTS SDK-1');
    const carol = expectOk(await open(scene, 'carol'));
    expect(codeOf(await carol.balance('MEAL'))).toBe('E_TOKEN');
    const learnt = expectOk(await carol.tokens.learn(expectOk(await shop.tokens.share('MEAL'))));
    expect(learnt).toMatchObject({ symbol: 'MEAL', decimals: 2, issuer: shop.id, expiresAt: null });
    expect(expectOk(await carol.balance('MEAL')).available.text).toBe('0.00 MEAL');
    expect(codeOf(await carol.tokens.learn(Uint8Array.of(1, 2)))).toBe('E_ENCODING');
    expect(JSON.stringify(learnt.cap)).toBe('"10000.00 MEAL"');
    expect(expectOk(await carol.tokens.list())).toHaveLength(1);
    expect(codeOf(await shop.reserve({ for: 'phone', amount: '1 MEAL', until: new Date('never') }))).toBe('E_USAGE');
  });

  test('RES-7, RES-5, VAL-10: giving back, taking back, anchors, tokens that go back only', async () => {
    const scene = await makeScene();
    const { shop, phone, world } = scene;
    expect(codeOf(await shop.giveBack('nobody'))).toBe('E_CONTACT');
    expect(expectOk(await shop.anchor(new Uint8Array(32).fill(7))).account).toBe(shop.id);
    expect(codeOf(await shop.anchor(Uint8Array.of(1)))).toBe('E_FORMAT');
    expect(expectOk(await shop.tokens.burn('100 MEAL')).text).toBe('100.00 MEAL');
    const ticket = expectOk(await shop.tokens.create({ symbol: 'TICKET', decimals: 0, transferable: false }));
    expect(ticket.transferable).toBe(false);
    expect(codeOf(await phone.takeBack('shop'))).toBe('E_TOO_EARLY');
    world.nowMs += 30 * DAY_MS + world.net.network.gapMs;
    const back = expectOk(await phone.takeBack('shop'));
    expect(back.map(({ text }) => text)).toEqual(['20.00 MEAL']);
    expect(expectOk(await phone.balance('MEAL')).available.text).toBe('100.00 MEAL');
  });

  test('RES-7: what was set aside goes back early', async () => {
    const { shop, phone } = await makeScene();
    expectOk(await shop.sync());
    const [a, b] = memoryLink();
    const serving = shop.serve(b, { payments: 1 });
    expectOk(await phone.pay({ to: 'shop', amount: '5 MEAL' }, { link: a }));
    expectOk(await serving);
    expect(expectOk(await shop.giveBack('phone')).map(({ text }) => text)).toEqual(['15.00 MEAL']);
    expectOk(await phone.sync());
    expect(expectOk(await phone.balance('MEAL')).available.text).toBe('95.00 MEAL');
  });

  test('WAL-9: contacts by card, by id from the nodes, under any name', async () => {
    const scene = await makeScene();
    const carol = expectOk(await open(scene, 'carol'));
    expect(expectOk(await carol.contacts.add(scene.shop.id, { as: 'canteen' })).account).toBe(scene.shop.id);
    expect(expectOk(await carol.contacts.list()).map(({ name }) => name)).toEqual(['canteen']);
    expect(codeOf(await carol.contacts.find('nobody'))).toBe('E_CONTACT');
    expect(codeOf(await carol.contacts.add(Uint8Array.of(1)))).toBe('E_FORMAT');
  });

  test('SDK-13: a payment by files in two directories', async () => {
    const { shop, phone } = await makeScene();
    const [toShop, toPhone] = [join(home, 'to-shop'), join(home, 'to-phone')];
    const a = expectOk(await fileLink(toPhone, toShop, { pollMs: 5 }));
    const b = expectOk(await fileLink(toShop, toPhone, { pollMs: 5 }));
    const serving = shop.serve(b, { payments: 2 });
    expectOk(await phone.pay({ to: 'shop', amount: '1 MEAL' }, { link: a }));
    expectOk(await phone.pay({ to: 'shop', amount: '2 MEAL' }, { link: a }));
    expect(expectOk(await serving)).toHaveLength(2);
    expect(await received(shop)).toEqual(['1.00 MEAL  reserved', '2.00 MEAL  reserved']);
    rmSync(toShop, { recursive: true });
    expect(ruleOf(await a.send(Uint8Array.of(1)))).toBe('E_STORE SDK-13');
    await a.close();
    expect(ruleOf(await a.receive())).toBe('E_UNREACHABLE SDK-4');
    expect(ruleOf(await fileLink(join(home, 'bob.sqlite', 'x'), toPhone))).toBe('E_STORE SDK-13');
  });

  test('EVD-4: evidence is listed, and what is none is refused', async () => {
    const { phone } = await makeScene();
    expect(expectOk(await phone.evidence.list())).toEqual([]);
    expect(codeOf(await phone.evidence.import(Uint8Array.of(1)))).toBe('E_FORMAT');
    expect(codeOf(await phone.evidence.export('00'))).toBe('E_NOT_FOUND');
    expect(expectOk(await phone.backup()).length).toBeGreaterThan(100);
  });
});
