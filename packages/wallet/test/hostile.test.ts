import {
  creditPageCodec,
  decodeWith,
  encodeWith,
  evidenceListCodec,
  fail,
  memoryDisk,
  must,
  ok,
  stateAnswerCodec,
  toHex,
  type BundleItem,
  type Credit,
  type StateHash,
} from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { payOnline } from '../src/account/payment.ts';
import type { DirectoryTransport } from '../src/ports.ts';
import { creditRecords } from '../src/records/credit.ts';
import { itemRecords, readItem } from '../src/records/item.ts';
import { balanceOf, expectOk, makeScene, syncNow, type Scene } from './support/scene.ts';
import { makeWallet, present, suite } from './support/wallets.ts';

type Answer = (path: string, body: Uint8Array | null) => Uint8Array | undefined;

/** Node 0 answers whatever it likes; the others are honest. */
const withLiar = ({ directory }: Scene, lie: Answer): DirectoryTransport => ({
  async request(node, path, body) {
    const answer = node === 0 ? lie(path, body) : undefined;
    return answer ? ok(answer) : directory.transport.request(node, path, body);
  },
});

const bytesOf = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

const makeVictim = async (scene: Scene, lie: Answer) =>
  (await makeWallet(scene.world, 'victim', memoryDisk(), withLiar(scene, lie))).device;

describe('one node that lies', () => {
  test('about credits gives nothing to anybody and hides nothing', async () => {
    const scene = await makeScene();
    const invented: Credit = {
      cursor: 1,
      source: scene.canteen.account,
      index: 1,
      output: 0,
      token: scene.token,
      amount: 1_000_000n,
    };
    const page = encodeWith(creditPageCodec, {
      credits: [invented, { ...invented, cursor: 2, index: 77 }],
      more: false,
    });
    const victim = await makeVictim(scene, (path) => (path.includes('/credits/') ? page : undefined));
    expect(await syncNow(victim)).toMatchObject({ received: [] });
    expectOk(await payOnline(scene.canteen, { to: victim.account, token: scene.token, amount: 5n }));
    expect(await syncNow(victim)).toMatchObject({ received: [{ amount: 5n }] });
    expect(await balanceOf(victim, scene.token)).toMatchObject({ available: 5n });
  });

  test('with pages that never end or go in circles does not keep a device', async () => {
    const scene = await makeScene();
    let asked = 0;
    const credit: Credit = {
      cursor: 1,
      source: scene.canteen.account,
      index: 9,
      output: 0,
      token: scene.token,
      amount: 1n,
    };
    const page = encodeWith(creditPageCodec, { credits: [credit], more: true });
    const victim = await makeVictim(scene, (path) => {
      if (!path.includes('/credits/')) return undefined;
      asked += 1;
      return page;
    });
    await syncNow(victim);
    expect(asked).toBeLessThan(10);
  });

  test('with empty pages, or debits that nobody can prove, does not keep a device either', async () => {
    const scene = await makeScene();
    let page = encodeWith(creditPageCodec, { credits: [], more: true });
    const asked = { credits: 0, state: 0 };
    const victim = await makeVictim(scene, (path) => {
      if (path.includes('/state/')) asked.state += 1;
      if (!path.includes('/credits/')) return undefined;
      asked.credits += 1;
      return page;
    });
    await syncNow(victim);
    expect(asked).toEqual({ credits: 64, state: 0 });
    const { account: source } = scene.canteen;
    const credits = Array.from({ length: 40 }, (_, i): Credit => {
      return { cursor: i + 1, source, index: 100 + i, output: 0, token: scene.token, amount: 1n };
    });
    page = encodeWith(creditPageCodec, { credits, more: true });
    await syncNow(victim);
    expect(asked.state).toBe(33);
  });

  test('about a debit that no other node can be asked about now: it is asked about again', async () => {
    const scene = await makeScene();
    const { transport } = scene.directory;
    let isCutOff = true;
    const { device } = await makeWallet(scene.world, 'victim', memoryDisk(), {
      request: (node, path, body) =>
        isCutOff && path.includes('/state/')
          ? Promise.resolve(fail('E_UNREACHABLE', 'NET-13', 'cut off'))
          : transport.request(node, path, body),
    });
    expectOk(await payOnline(scene.canteen, { to: device.account, token: scene.token, amount: 5n }));
    expect((await syncNow(device)).received).toEqual([]);
    isCutOff = false;
    expect((await syncNow(device)).received).toMatchObject([{ amount: 5n }]);
  });

  test('WAL-12: cannot plant anything beside a state that it shows', async () => {
    const scene = await makeScene();
    const codec = stateAnswerCodec(suite);
    const planted: BundleItem[] = [];
    const { transport } = scene.directory;
    const victim = (
      await makeWallet(scene.world, 'victim', memoryDisk(), {
        async request(node, path, body) {
          const answer = await transport.request(node, path, body);
          if (!answer.ok || !path.includes('/state/')) return answer;
          const { state, items } = must(decodeWith(codec, answer.value, 'answer'));
          return ok(encodeWith(codec, { state, items: [...items, ...planted] }));
        },
      })
    ).device;
    const held = await itemRecords.list(victim);
    const signature = present(held.flatMap(({ value }) => (value.type === 'signature' ? [value] : []))[0]);
    const target = `signature genesis ${toHex(signature.subject)} 0`;
    planted.push(
      { ...signature, signature: signature.signature.map((byte) => byte ^ 1) },
      {
        type: 'signature',
        purpose: 'state',
        subject: bytesOf(32, 7) as StateHash,
        position: 0,
        signature: bytesOf(2_420, 1),
      },
    );
    expectOk(await payOnline(scene.canteen, { to: victim.account, token: scene.token, amount: 5n }));
    expect(await syncNow(victim)).toMatchObject({ received: [{ amount: 5n }] });
    expect(await readItem(victim, target)).toEqual(signature);
    expect(await readItem(victim, `signature state ${'07'.repeat(32)} 0`)).toBeUndefined();
  });

  test('WAL-12: with evidence that proves nothing accuses nobody', async () => {
    const scene = await makeScene();
    const list = encodeWith(evidenceListCodec, { files: [bytesOf(5, 1), Uint8Array.of(0x80)] });
    const victim = await makeVictim(scene, (path) => (path.includes('/evidence/') ? list : undefined));
    expect(await syncNow(victim)).toMatchObject({ evidence: 0 });
  });

  test('that answers noise, or refuses everything, is worked around', async () => {
    const scene = await makeScene();
    const noise = await makeVictim(scene, () => bytesOf(100, 0xff));
    expectOk(await payOnline(scene.canteen, { to: noise.account, token: scene.token, amount: 5n }));
    expect(await syncNow(noise)).toMatchObject({ received: [{ amount: 5n }] });
    const refusing: DirectoryTransport = {
      async request(node, path, body) {
        if (node !== 0) return scene.directory.transport.request(node, path, body);
        return { ok: false, error: { code: 'E_FORK', rule: 'X-1', message: 'you forked' } };
      },
    };
    const { device } = await makeWallet(scene.world, 'refused', memoryDisk(), refusing);
    expectOk(await payOnline(scene.canteen, { to: device.account, token: scene.token, amount: 6n }));
    expect(await syncNow(device)).toMatchObject({ received: [{ amount: 6n }], evidence: 0 });
  });
});

describe('a device', () => {
  test('WAL-11: learns from final states that time has passed', async () => {
    const scene = await makeScene();
    const { world } = scene;
    const { device } = await makeWallet(world, 'slow', memoryDisk(), scene.directory.transport);
    const then = world.nowMs;
    world.nowMs = then + 3_600_000;
    expectOk(await payOnline(scene.canteen, { to: device.account, token: scene.token, amount: 5n }));
    await syncNow(device);
    world.nowMs = then;
    expect(device.clock()).toBe(then + 3_600_000 - world.net.network.deltaMs);
  });

  test('VAL-7: credits one debit once, whoever lists it again', async () => {
    const scene = await makeScene();
    const { device } = await makeWallet(scene.world, 'alice', memoryDisk(), scene.directory.transport);
    expectOk(await payOnline(scene.canteen, { to: device.account, token: scene.token, amount: 5n }));
    await syncNow(device);
    // As if the device had forgotten what it took in; the nullifier in its root remembers.
    const known = present((await creditRecords.list(device))[0]);
    await device.store.commit([creditRecords.put(device, known.key, { ...known.value, received: null })]);
    const again = await syncNow(device);
    expect(again).toMatchObject({ received: [] });
    expect(await balanceOf(device, scene.token)).toMatchObject({ available: 5n });
  });
});
