import { defineMachine, refuse } from '@dsm/machine';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { memoryLink, verify, type Wallet } from '../src/node/index.ts';
import { befriend, codeOf, expectOk, goOffline, makeScene, open, ruleOf } from './support.ts';

/** A list that all may add to, once each after the other. */
const list = defineMachine({
  id: 'shopping list',
  version: 1,
  state: z.object({ items: z.array(z.string()), limit: z.int() }),
  init: { input: z.object({ limit: z.int() }), create: ({ limit }) => ({ items: [], limit }) },
  operations: {
    add: {
      input: z.object({ item: z.string() }),
      signers: 'majority',
      apply: ({ state, input }) =>
        state.items.length < state.limit
          ? { ...state, items: [...state.items, input.item] }
          : refuse('the list is full'),
    },
  },
});

const share = async (one: Wallet, ...others: readonly Wallet[]) => {
  const names = others.map(({ name }) => name);
  const shared = expectOk(await one.machine(list).open({ with: names, params: { limit: 3 } }));
  const invitation = expectOk(await shared.message());
  const theirs = [];
  for (const other of others) theirs.push(expectOk(await other.machine(list).join(invitation, () => true)));
  return [shared, ...theirs] as const;
};

describe('shared state', () => {
  test('SDK-15: two agree over a link, offline, and anybody repeats it', async () => {
    const scene = await makeScene();
    goOffline(scene);
    const { shop, phone } = scene;
    const [mine, theirs = mine] = await share(phone, shop);
    const [a, b] = memoryLink();
    const seen: string[] = [];
    const serving = theirs.serve(b, {
      decide: async ({ operation, input, by }, { number }) => {
        // Whoever decides may use the wallet.
        expectOk(await shop.history());
        seen.push(`${number} ${by} ${operation} ${JSON.stringify(input)}`);
        return JSON.stringify(input) !== '{"item":"poison"}';
      },
    });
    const agreed = expectOk(await mine.propose('add', { item: 'tea' }, { link: a }));
    expect(agreed).toMatchObject({ number: 1, state: { items: ['tea'], limit: 3 }, pending: [] });
    const declined = expectOk(await mine.propose('add', { item: 'poison' }, { link: a }));
    expect(declined).toMatchObject({ number: 1, state: { items: ['tea'] }, pending: [] });
    expect(seen).toEqual(['0 phone add {"item":"tea"}', '1 phone add {"item":"poison"}']);
    await b.close();
    expect(expectOk(await serving).state.items).toEqual(['tea']);
    const proof = expectOk(await mine.proof());
    const network = { network: scene.world.net.network, endpoints: [] };
    expect(expectOk(await verify(proof, { network, machines: [list] }))).toMatchObject({
      machine: 'shopping list',
      number: 1,
      state: { items: ['tea'], limit: 3 },
      grade: 'agreed',
      parties: [phone.id, shop.id].toSorted(),
    });
    expect(verify(proof, { network })).toMatchObject({ ok: true, value: { kind: 'machine' } });
    const turned = proof.with(proof.length - 40, (proof.at(-40) ?? 0) ^ 1);
    expect((await verify(turned, { network, machines: [list] })).ok).toBe(false);
  });

  test('SDK-15: three by messages in any order, and a lossy link', async () => {
    const scene = await makeScene();
    const carol = expectOk(await open(scene, 'carol'));
    await befriend(scene.shop, scene.phone, carol);
    const [one, two = one, three = one] = await share(scene.phone, scene.shop, carol);
    expectOk(await one.propose('add', { item: 'milk' }));
    const message = expectOk(await one.message());
    for (const other of [two, three]) {
      const taken = expectOk(await other.take(message));
      expect(taken.pending).toMatchObject([{ operation: 'add', by: 'phone', signed: ['phone'], own: 'open' }]);
    }
    const step = expectOk(await one.show()).pending[0]?.step ?? '';
    // Two of three are enough.
    expect(expectOk(await three.agree(step))).toMatchObject({ number: 1, state: { items: ['milk'] } });
    const [a, b] = memoryLink({ loss: 0.3, duplicate: 0.3, reorder: 0.3 });
    const stop = new AbortController();
    const serving = three.serve(b, { signal: stop.signal });
    expect(expectOk(await one.exchange(a, { repeatMs: 20 })).state.items).toEqual(['milk']);
    stop.abort();
    expectOk(await serving);
    expect(expectOk(await scene.shop.machine(list).list())).toHaveLength(1);
  });

  test('SDK-15: what is refused, by the machine, the owner, or the form', async () => {
    const scene = await makeScene();
    const { shop, phone } = scene;
    const [mine, theirs = mine] = await share(phone, shop);
    const invitation = expectOk(await mine.message());
    expect(ruleOf(await shop.machine(list).join(invitation, () => false))).toBe('E_POLICY SDK-15');
    const broken = (): boolean => {
      throw new Error('a defect');
    };
    expect(ruleOf(await shop.machine(list).join(invitation, broken))).toBe('E_POLICY SDK-15');
    expect(codeOf(await phone.machine(list).open({ with: ['nobody'], params: { limit: 1 } }))).toBe('E_CONTACT');
    expect(codeOf(await mine.propose('add', { item: 7 as unknown as string }))).toBe('E_FORMAT');
    expect(ruleOf(await mine.agree('00'))).toBe('E_NOT_FOUND SDK-15');
    expect(codeOf(await mine.take(Uint8Array.of(1)))).toBe('E_FORMAT');
    const [a, b] = memoryLink();
    void theirs.serve(b, { decide: () => true });
    for (const item of ['1', '2', '3']) expectOk(await mine.propose('add', { item }, { link: a, id: item }));
    expectOk(await mine.propose('add', { item: '3' }, { link: a, id: '3' }));
    expect(codeOf(await mine.propose('add', { item: '4' }, { link: a }))).toBe('E_REFUSED');
    expect(expectOk(await mine.show()).state.items).toEqual(['1', '2', '3']);
    await b.close();
  });
});
