/** What the library face asks of a wallet beyond what the command line does. */
import { fail, must } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { payOnline } from '../src/account/payment.ts';
import { reserve } from '../src/account/reserve.ts';
import { findToken, learnToken } from '../src/account/token.ts';
import { findKemKey } from '../src/contacts/card.ts';
import { accept, commit, offer, receive, request } from '../src/exchange/index.ts';
import { history } from '../src/view/history.ts';
import { addCustomer, addRichCustomer, balanceOf, befriend, expectCode, expectOk, makeScene } from './support/scene.ts';

const key = (number: number): Uint8Array => new Uint8Array(32).fill(number);
const refuse = async () => fail('E_POLICY', 'WAL-10', 'not today');

describe('a payment through the network with the key of its command', () => {
  test('WAL-7: repeated, it is the same payment, pending or final', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 10_000n);
    const pay = (command: Uint8Array) =>
      payOnline(alice, { to: scene.canteen.account, token: scene.token, amount: 100n, command });
    for (const node of [0, 1]) scene.directory.down.add(node);
    expectCode(await pay(key(1)), 'E_PENDING');
    expectCode(await pay(key(1)), 'E_PENDING');
    scene.directory.down.clear();
    const paid = expectOk(await pay(key(1)));
    expect(expectOk(await pay(key(1)))).toEqual(paid);
    const { available } = await balanceOf(alice, scene.token);
    expect(available).toBe(9_900n);
    expectOk(await pay(key(2)));
    expect((await balanceOf(alice, scene.token)).available).toBe(9_800n);
  });
});

describe('the owner decides', () => {
  test('REL-15, REL-17: what the owner refuses is not signed, and can be taken later', async () => {
    const scene = await makeScene();
    const { device: alice } = await addRichCustomer(scene, 'alice', 10_000n);
    await befriend(alice, scene.canteen);
    const until = scene.world.nowMs + 30 * 86_400_000;
    expectOk(await reserve(alice, { for: scene.canteen.account, token: scene.token, amount: 1_000n, until }));
    const terms = { token: scene.token, amount: 100n, order: 'tea' };
    const offered = expectOk(
      await offer(alice, { ...terms, command: key(1), to: scene.canteen.account, provisional: false }),
    );
    const message = offered.message as Uint8Array;
    expectCode(await accept(scene.canteen, message, { decide: refuse }), 'E_POLICY');
    expect(expectOk(await history(scene.canteen)).filter(({ payment }) => payment.kind === 'reserved')).toEqual([]);
    const accepted = expectOk(await accept(scene.canteen, message));
    const committed = expectOk(await commit(alice, accepted.message as Uint8Array));
    expectOk(await receive(scene.canteen, committed.message as Uint8Array));

    const asked = expectOk(await request(scene.canteen, { ...terms, command: key(2), from: alice.account }));
    expectCode(await commit(alice, asked.message as Uint8Array, { decide: refuse }), 'E_POLICY');
    const seen: bigint[] = [];
    const decide = async ({ amount }: { readonly amount: bigint }) => {
      seen.push(amount);
      return { ok: true, value: undefined } as const;
    };
    const paid = expectOk(await commit(alice, asked.message as Uint8Array, { decide }));
    expect(seen).toEqual([100n]);
    expect(expectOk(await receive(scene.canteen, paid.message as Uint8Array)).payment.grade).toBe('reserved');
  });
});

test('WAL-9, ENV-1: the key that envelopes are sealed to comes from the card', async () => {
  const scene = await makeScene();
  const { device: alice } = await addCustomer(scene, 'alice');
  expectCode(await findKemKey(alice, scene.canteen.account), 'E_CONTACT');
  await befriend(alice, scene.canteen);
  expect(expectOk(await findKemKey(alice, scene.canteen.account))).toEqual(scene.canteen.keys.kem.publicKey);
});

test('WAL-8: a token can be made known before it is met', async () => {
  const scene = await makeScene();
  const { device: alice } = await addCustomer(scene, 'alice');
  expectCode(await findToken(alice, 'MEAL'), 'E_TOKEN');
  const { policy } = must(await findToken(scene.canteen, 'MEAL'));
  expect(expectOk(await learnToken(alice, policy)).token).toEqual(scene.token);
  expect(expectOk(await findToken(alice, 'MEAL')).policy).toEqual(policy);
});
