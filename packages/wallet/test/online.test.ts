import { decodeFile, toHex, verifyFile } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { payOnline } from '../src/account/payment.ts';
import { burn, createToken, findToken, mint } from '../src/account/token.ts';
import { addContact } from '../src/contacts/contacts.ts';
import { offer } from '../src/exchange/index.ts';
import { sync } from '../src/sync/sync.ts';
import { backup } from '../src/view/backup.ts';
import { exportChain, getState, showChain } from '../src/view/chain.ts';
import { history } from '../src/view/history.ts';
import {
  addCustomer,
  addRichCustomer,
  balanceOf,
  befriend,
  expectCode,
  expectOk,
  makeScene,
  syncNow,
} from './support/scene.ts';
import { suite } from './support/wallets.ts';

describe('payments through the network', () => {
  test('reach the payee without the payer, once, however often anybody syncs', async () => {
    const scene = await makeScene();
    const { device: alice } = await addCustomer(scene, 'alice');
    const paid = expectOk(await payOnline(scene.canteen, { to: alice.account, token: scene.token, amount: 10_000n }));
    expect(paid).toMatchObject({ grade: 'certified', index: 3, receipts: 4 });
    const report = await syncNow(alice);
    expect(report).toMatchObject({ certified: 0, evidence: 0, claimed: [], open: [] });
    expect(report.received).toMatchObject([{ amount: 10_000n, peer: scene.canteen.account, payment: paid.payment }]);
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 10_000n });
    expect(await syncNow(alice)).toMatchObject({ received: [], certified: 0 });
    expect(await syncNow(scene.canteen)).toMatchObject({ received: [], certified: 0 });
    expect(await balanceOf(scene.canteen, scene.token)).toMatchObject({ available: 490_000n });
    expect(expectOk(await history(alice))).toMatchObject([
      { status: 'final', payment: { direction: 'in', grade: 'certified', amount: 10_000n } },
    ]);
  });

  test('VAL-6: more than the balance, to oneself, of nothing: refused, and nothing is written', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 100n);
    const { device: bob } = await addCustomer(scene, 'bob');
    const pay = (to: typeof alice.account, amount: bigint) => payOnline(alice, { to, token: scene.token, amount });
    expectCode(await pay(bob.account, 101n), 'E_BALANCE');
    expectCode(await pay(bob.account, 0n), 'E_AMOUNT');
    expectCode(await pay(alice.account, 1n), 'E_SELF');
    expect(expectOk(await showChain(alice))).toHaveLength(2);
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 100n });
  });

  test('WAL-7: E_PENDING with two of four nodes down, nothing goes on top, sync finishes it when they are back', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 1_000n);
    const { device: bob } = await addCustomer(scene, 'bob');
    scene.directory.down.add(0).add(1);
    const payment = { to: bob.account, token: scene.token, amount: 400n };
    expectCode(await payOnline(alice, payment), 'E_PENDING');
    expect(await balanceOf(alice, scene.token)).toMatchObject({ available: 600n });
    expectCode(await payOnline(alice, payment), 'E_PARENT');
    expect(expectOk(await showChain(alice))).toHaveLength(3);
    await befriend(alice, bob);
    const command = new Uint8Array(32);
    const onTop = { command, to: bob.account, token: scene.token, amount: 1n, order: '', provisional: true };
    expectCode(await offer(alice, onTop), 'E_PENDING');
    const early = await syncNow(alice);
    expect(early).toMatchObject({ certified: 0, open: [{ code: 'E_PENDING' }] });
    scene.directory.down.clear();
    expect(await syncNow(alice)).toMatchObject({ certified: 1, open: [] });
    expect(await syncNow(bob)).toMatchObject({ received: [{ amount: 400n }] });
    expect(expectOk(await history(alice)).at(-1)).toMatchObject({ status: 'final', payment: { grade: 'certified' } });
  });

  test('one node down: certified by acks, and the payee finds it', async () => {
    const scene = await makeScene();
    const { device: alice } = await addCustomer(scene, 'alice');
    scene.directory.down.add(2);
    const paid = expectOk(await payOnline(scene.canteen, { to: alice.account, token: scene.token, amount: 5n }));
    expect(paid.receipts).toBe(3);
    scene.directory.down.clear();
    scene.directory.down.add(0);
    expect(await syncNow(alice)).toMatchObject({ received: [{ amount: 5n }] });
  });

  test('a payee whom no node reaches first hears of it later, a network that is gone is said', async () => {
    const scene = await makeScene();
    const { device: alice } = await addCustomer(scene, 'alice');
    for (const node of [0, 1, 2, 3]) scene.directory.down.add(node);
    expectCode(await sync(alice), 'E_UNREACHABLE');
    scene.directory.down.clear();
    expectOk(await sync(alice));
  });

  test('a sync waits for a silent node once, not for each question', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 100n);
    expectOk(await payOnline(scene.canteen, { to: alice.account, token: scene.token, amount: 5n }));
    scene.directory.down.add(2);
    let asked = 0;
    scene.directory.onRequest = (node) => {
      asked += node === 2 ? 1 : 0;
    };
    expect(await syncNow(alice)).toMatchObject({ received: [{ amount: 5n }] });
    expect(asked).toBe(1);
  });

  test('lagging nodes are brought what they miss', async () => {
    const scene = await makeScene();
    const { device: alice } = await addCustomer(scene, 'alice');
    const pay = (amount: bigint) => payOnline(scene.canteen, { to: alice.account, token: scene.token, amount });
    scene.directory.down.add(3);
    for (let i = 1n; i <= 3n; i++) expectOk(await pay(i));
    scene.directory.down.clear();
    scene.directory.down.add(0);
    expect(expectOk(await pay(4n)).receipts).toBe(3);
    scene.directory.down.clear();
    const amounts = (await syncNow(alice)).received.map(({ amount }) => Number(amount));
    expect(amounts.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  });
});

describe('tokens', () => {
  test('WAL-8: two of one symbol are told apart by their id', async () => {
    const { canteen, token } = await makeScene();
    expect(toHex(expectOk(await findToken(canteen, 'MEAL')).token)).toBe(toHex(token));
    const other = expectOk(await createToken(canteen, { symbol: 'MEAL', decimals: 0, cap: 5n }));
    expectCode(await findToken(canteen, 'MEAL'), 'E_TOKEN');
    expect(expectOk(await findToken(canteen, `MEAL@${toHex(other.token).slice(0, 16)}`)).policy.decimals).toBe(0);
    for (const text of ['NONE', 'MEAL@', 'MEAL@00@11', 'MEAL@zz', 'meal', '']) {
      expectCode(await findToken(canteen, text), 'E_TOKEN');
    }
  });

  test('VAL-5: what came back to the issuer is destroyed, and the cap stays used up', async () => {
    const { device: canteen } = await addCustomer(await makeScene(), 'canteen');
    const { token } = expectOk(await createToken(canteen, { symbol: 'SNACK', decimals: 0, cap: 5n }));
    expectOk(await mint(canteen, token, 5n));
    expectOk(await burn(canteen, token, 2n));
    expect(await balanceOf(canteen, token)).toMatchObject({ available: 3n });
    expectCode(await mint(canteen, token, 1n), 'E_CAP');
    expectCode(await burn(canteen, token, 4n), 'E_BALANCE');
  });

  test('VAL-5: never more than the cap is minted', async () => {
    const { canteen } = await makeScene();
    const { token } = expectOk(await createToken(canteen, { symbol: 'FEW', decimals: 0, cap: 5n }));
    expectOk(await mint(canteen, token, 5n));
    expectCode(await mint(canteen, token, 1n), 'E_CAP');
  });

  test('VAL-8: a token that expires moves until then and no longer', async () => {
    const scene = await makeScene();
    const { canteen, world } = scene;
    const { device: alice } = await addCustomer(scene, 'alice');
    const expiresAt = world.nowMs + 60_000;
    const { token } = expectOk(await createToken(canteen, { symbol: 'SOON', decimals: 0, cap: 5n, expiresAt }));
    expectOk(await mint(canteen, token, 5n));
    expectOk(await payOnline(canteen, { to: alice.account, token, amount: 3n }));
    world.nowMs = expiresAt;
    expectCode(await payOnline(canteen, { to: alice.account, token, amount: 1n }), 'E_EXPIRED');
  });
});

describe('contacts by id', () => {
  test('are fetched from the network and verified, by account and by identity', async () => {
    const scene = await makeScene();
    const { device: alice } = await addCustomer(scene, 'alice');
    const { device: bob } = await addCustomer(scene, 'bob');
    expectCode(await addContact(alice, { id: toHex(bob.account) }), 'E_NOT_FOUND');
    await syncNow(bob);
    expect(expectOk(await addContact(alice, { id: toHex(bob.account) })).name).toBe('bob');
    expect(expectOk(await addContact(alice, { id: toHex(bob.identity) }, 'robert')).name).toBe('robert');
    for (const id of ['', 'bob', 'ff']) expectCode(await addContact(alice, { id }), 'E_CONTACT');
  });
});

describe('what a device shows of itself', () => {
  test('an exported chain verifies with nothing but the network', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 700n);
    const { network } = scene.world.net;
    const file = expectOk(await exportChain(alice));
    expect(verifyFile(suite, network, file)).toMatchObject({ ok: true, findings: { grade: 'certified', states: 2 } });
    const large = expectOk(await exportChain(scene.canteen));
    expect(verifyFile(suite, network, large)).toMatchObject({ ok: true, findings: { states: 4 } });
    for (let at = 0; at < file.length; at += 97) {
      const broken = file.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(verifyFile(suite, network, broken).ok, `byte ${at}`).toBe(false);
    }
  });

  test('CHN-8: a state is looked up by the sparse index', async () => {
    const { canteen } = await makeScene();
    const states = expectOk(await showChain(canteen));
    expect(states.map(({ status }) => status)).toEqual(['final', 'final', 'final']);
    for (const { index, hash } of states) {
      expect(toHex(expectOk(await getState(canteen, index)).hash)).toBe(toHex(hash));
    }
    expectCode(await getState(canteen, 3), 'E_NOT_FOUND');
  });

  test('FIL-3: a backup is sealed, and every byte of it can be checked without the key', async () => {
    const scene = await makeScene();
    const { network } = scene.world.net;
    const file = expectOk(await backup(scene.canteen));
    expect(verifyFile(suite, network, file)).toMatchObject({ ok: true, kind: 'backup' });
    for (let at = 0; at < file.length; at += Math.ceil(file.length / 200)) {
      const broken = file.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(verifyFile(suite, network, broken).ok, `byte ${at}`).toBe(false);
    }
    const decoded = expectOk(decodeFile(suite, file));
    expect(decoded.kind).toBe('backup');
    expect(toHex(file)).not.toContain(toHex(scene.canteen.key.secretKey.bytes));
  });
});
