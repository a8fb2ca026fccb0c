import { decodeFileOf, encodeFile, memoryDisk, toHex, verifyFile } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { ownCard } from '../src/contacts/card.ts';
import { addContact, findContact, listContacts } from '../src/contacts/contacts.ts';
import { setPolicy, showPolicy } from '../src/contacts/policy.ts';
import { expectCode, expectOk } from './support/scene.ts';
import { makeWallet, makeWorld, suite } from './support/wallets.ts';

const world = makeWorld();
const { network } = world.net;

const wallet = async (name: string) => (await makeWallet(world, name, memoryDisk())).device;

describe('a card', () => {
  test('verifies with nothing but the network, and every byte of it counts', async () => {
    const card = expectOk(await ownCard(await wallet('alice')));
    expect(verifyFile(suite, network, card)).toMatchObject({ ok: true, kind: 'card' });
    const bob = await wallet('bob');
    for (let at = 0; at < card.length; at += 41) {
      const broken = card.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect((await addContact(bob, { file: broken })).ok, `byte ${at}`).toBe(false);
    }
    expect(expectOk(await listContacts(bob))).toEqual([]);
  });

  test('FIL-2: with something surplus in it is refused', async () => {
    const [alice, bob] = [await wallet('alice'), await wallet('bob')];
    const one = expectOk(decodeFileOf(suite, 'card', expectOk(await ownCard(alice))));
    const two = expectOk(decodeFileOf(suite, 'card', expectOk(await ownCard(bob))));
    const both = encodeFile(suite, 'card', one.content, [...one.items, ...two.items]);
    expectCode(await addContact(await wallet('carol'), { file: both }), 'E_SURPLUS');
  });

  test('NET-1: of another network is refused', async () => {
    const elsewhere = makeWorld();
    elsewhere.net = { ...elsewhere.net, network: { ...network, name: 'elsewhere' } };
    const { device } = await makeWallet(elsewhere, 'alice', memoryDisk());
    expect((await addContact(await wallet('bob'), { file: expectOk(await ownCard(device)) })).ok).toBe(false);
  });
});

describe('contacts', () => {
  test('WAL-9: names are unique, a contact can be renamed, the own card is none', async () => {
    const [alice, bob, other] = [await wallet('alice'), await wallet('bob'), await wallet('bob')];
    const cards = [expectOk(await ownCard(bob)), expectOk(await ownCard(other))] as const;
    expect(expectOk(await addContact(alice, { file: cards[0] })).name).toBe('bob');
    expectCode(await addContact(alice, { file: cards[1] }), 'E_CONTACT');
    expect(expectOk(await addContact(alice, { file: cards[1] }, 'bob 2')).name).toBe('bob 2');
    expect(expectOk(await addContact(alice, { file: cards[0] })).name).toBe('bob');
    expect(expectOk(await addContact(alice, { file: cards[0] }, 'robert')).name).toBe('robert');
    expect(expectOk(await listContacts(alice)).map(({ name }) => name)).toEqual(['bob 2', 'robert']);
    expectCode(await addContact(bob, { file: cards[0] }), 'E_SELF');
    for (const name of ['', ' x', 'a\nb', 'x'.repeat(65)]) {
      expectCode(await addContact(alice, { file: cards[0] }, name), 'E_CONTACT');
    }
  });

  test('are found by name and by id', async () => {
    const [alice, bob] = [await wallet('alice'), await wallet('bob')];
    expectOk(await addContact(alice, { file: expectOk(await ownCard(bob)) }));
    for (const text of ['bob', toHex(bob.account), toHex(bob.identity)]) {
      expect(toHex(expectOk(await findContact(alice, text)).account)).toBe(toHex(bob.account));
    }
    expectCode(await findContact(alice, 'Bob'), 'E_CONTACT');
    expectCode(await findContact(alice, ''), 'E_CONTACT');
  });
});

describe('the acceptance policy', () => {
  test('WAL-10: takes nothing provisionally unless told; a contact may have a rule of its own', async () => {
    const [alice, bob] = [await wallet('alice'), await wallet('bob')];
    expect(expectOk(await showPolicy(alice, null))).toMatchObject({ provisionalMax: 'none' });
    expectOk(await setPolicy(alice, { provisionalMax: '12.50', run: 2 }));
    expect(expectOk(await showPolicy(alice, bob.account))).toEqual({ provisionalMax: '12.5', run: 2 });
    expectOk(await setPolicy(alice, { provisionalMax: 'any', contact: bob.account }));
    expect(expectOk(await showPolicy(alice, bob.account))).toEqual({ provisionalMax: 'any', run: 2 });
    expect(expectOk(await showPolicy(alice, null))).toEqual({ provisionalMax: '12.5', run: 2 });
    expectOk(await setPolicy(alice, { provisionalMax: '0' }));
    expect(expectOk(await showPolicy(alice, null))).toMatchObject({ provisionalMax: 'none' });
  });

  test('WAL-10: what is no policy is refused and changes nothing', async () => {
    const alice = await wallet('alice');
    for (const provisionalMax of ['', '-1', '1e3', 'all', '0.00', '1.0000000000000000001']) {
      expectCode(await setPolicy(alice, { provisionalMax }), 'E_AMOUNT');
    }
    for (const run of [0, -1, 1.5, 65, Number.NaN]) expectCode(await setPolicy(alice, { run }), 'E_USAGE');
    expect(expectOk(await showPolicy(alice, null))).toMatchObject({ provisionalMax: 'none' });
  });
});
