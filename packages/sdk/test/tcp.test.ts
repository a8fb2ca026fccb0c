import { createConnection, type Socket } from 'node:net';
import { LIMITS, type Result } from '@dsm/core';
import { afterEach, describe, expect, test } from 'vitest';
import {
  advertise,
  browse,
  connect,
  listen,
  type Found,
  type Link,
  type Listener,
  type Receipt,
} from '../src/node/index.ts';
import { codeOf, expectOk, makeScene, open, received, ruleOf, type Scene } from './support.ts';

const HOST = '127.0.0.1';
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** The shop takes payments on a port of this machine. */
async function openShop(scene: Scene, options: Partial<Parameters<typeof listen>[0]> = {}) {
  const receipts: Receipt[] = [];
  const refusals: Result<never>[] = [];
  scene.shop.on('received', (receipt) => receipts.push(receipt));
  const listener = expectOk(
    await listen({
      wallet: scene.shop,
      onLink: (link) => scene.shop.serve(link),
      onRefused: (why) => refusals.push(why),
      ...options,
    }),
  );
  ends.push(() => listener.close());
  return { listener, receipts, refusals };
}

const call = async ({ phone }: Scene, { port }: Listener): Promise<Link> => {
  const link = expectOk(await connect({ wallet: phone, host: HOST, port, peer: 'shop' }));
  ends.push(() => link.close());
  return link;
};

/** Passes everything on and keeps it: what somebody on the network sees. */
async function tap(port: number): Promise<{ readonly port: number; readonly seen: Buffer[] }> {
  const seen: Buffer[] = [];
  const { createServer } = await import('node:net');
  const server = createServer((socket) => {
    const through = createConnection({ host: HOST, port });
    for (const [from, to] of [
      [socket, through],
      [through, socket],
    ] as const) {
      from.on('data', (part: Buffer) => {
        seen.push(part);
        to.write(part);
      });
      from.on('close', () => to.destroy());
      from.on('error', () => {});
    }
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  return { port: (server.address() as { port: number }).port, seen };
}

const rawSocket = async (port: number): Promise<Socket> => {
  const socket = createConnection({ host: HOST, port });
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  ends.push(async () => socket.destroy());
  return socket;
};

const closedBy = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));

describe('encrypted links over TCP', () => {
  test('ENV-5 to ENV-8, SDK-12: a payment, and nothing of it is seen on the wire', async () => {
    const scene = await makeScene();
    const { listener, receipts } = await openShop(scene);
    const wire = await tap(listener.port);
    const link = expectOk(await connect({ wallet: scene.phone, host: HOST, port: wire.port, peer: 'shop' }));
    expectOk(await scene.phone.pay({ to: 'shop', amount: '7.50 MEAL', order: 'secret order' }, { link }));
    expectOk(await scene.phone.pay({ to: 'shop', amount: '1 MEAL', order: 'secret order' }, { link }));
    await link.close();
    expect(receipts.map(({ amount }) => String(amount))).toEqual(['7.50 MEAL', '1.00 MEAL']);
    const seen = Buffer.concat(wire.seen);
    expect(seen.length).toBeGreaterThan(10_000);
    for (const plain of ['secret order', 'MEAL', 'dsm-link', 'phone', 'shop']) expect(seen.includes(plain)).toBe(false);
    expect(seen.includes(Buffer.from(scene.phone.id, 'hex'))).toBe(false);
  });

  test('SDK-12: a stranger is let in only by name, and only with the card that is its own', async () => {
    const scene = await makeScene();
    const carol = expectOk(await open(scene, 'carol'));
    expectOk(await carol.contacts.add(expectOk(await scene.shop.card())));
    const closed = await openShop(scene);
    const refused = await connect({ wallet: carol, host: HOST, port: closed.listener.port, peer: 'shop' });
    expect(codeOf(refused)).toBe('E_UNREACHABLE');
    expect(closed.refusals.map(ruleOf)).toEqual(['E_CONTACT SDK-12']);
    const peers: string[] = [];
    const welcoming = await openShop(scene, {
      introduce: ({ name }) => `${name} (met today)`,
      onLink: async (link, peer) => {
        peers.push(peer);
        await link.receive();
      },
    });
    const link = expectOk(await connect({ wallet: carol, host: HOST, port: welcoming.listener.port, peer: 'shop' }));
    await link.close();
    expect(peers).toEqual(['carol (met today)']);
    expect(expectOk(await scene.shop.contacts.find('carol (met today)')).account).toBe(carol.id);
  });

  test('ENV-5: somebody else at the address is found out', async () => {
    const scene = await makeScene();
    const thief = expectOk(await open(scene, 'thief'));
    expectOk(await thief.contacts.add(expectOk(await scene.phone.card())));
    const listener = expectOk(await listen({ wallet: thief, onLink: async () => {} }));
    ends.push(() => listener.close());
    const called = await connect({ wallet: scene.phone, host: HOST, port: listener.port, peer: 'shop' });
    expect(codeOf(called)).toBe('E_UNREACHABLE');
  });

  test('ENV-8: a length that is too long ends the connection before anything is read', async () => {
    const scene = await makeScene();
    const { listener, refusals } = await openShop(scene);
    const socket = await rawSocket(listener.port);
    const ended = closedBy(socket);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(LIMITS.helloBytes + 1);
    socket.write(head);
    await ended;
    expect(refusals.map(ruleOf)).toEqual(['E_LIMIT ENV-8']);
  });

  test('ENV-4, ENV-8: junk, cut and silent callers are refused, and others are served meanwhile', async () => {
    const scene = await makeScene();
    const { listener, refusals, receipts } = await openShop(scene);
    const silent = await rawSocket(listener.port);
    const junk = await rawSocket(listener.port);
    const ended = closedBy(junk);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(100);
    junk.write(Buffer.concat([head, Buffer.alloc(100, 7)]));
    await ended;
    const cut = await rawSocket(listener.port);
    cut.write(head);
    cut.destroy();
    const link = await call(scene, listener);
    expectOk(await scene.phone.pay({ to: 'shop', amount: '1 MEAL' }, { link }));
    expect(receipts).toHaveLength(1);
    expect(refusals.map(codeOf)).toContain('E_ENCODING');
    silent.destroy();
  });

  test('ENV-7: a bit that turns on the way ends the link, and the same call over another pays once', async () => {
    const scene = await makeScene();
    const { listener } = await openShop(scene);
    const { createServer } = await import('node:net');
    let passed = 0;
    const meddler = createServer((socket) => {
      const through = createConnection({ host: HOST, port: listener.port });
      socket.on('data', (part: Buffer) => {
        passed += part.length;
        // The hello is let through.
        if (passed > 60_000) part[part.length - 1] = (part.at(-1) as number) ^ 1;
        through.write(part);
      });
      through.on('data', (part: Buffer) => socket.write(part));
      through.on('close', () => socket.destroy());
      socket.on('close', () => through.destroy());
      for (const one of [socket, through]) one.on('error', () => {});
    });
    await new Promise<void>((resolve) => meddler.listen(0, HOST, resolve));
    ends.push(() => new Promise((resolve) => meddler.close(resolve)));
    const { port } = meddler.address() as { port: number };
    const bad = expectOk(await connect({ wallet: scene.phone, host: HOST, port, peer: 'shop' }));
    const pays = async (link: Link) => {
      const results: string[] = [];
      for (const order of ['1', '2', '3', '4', '5', '6', '7', '8']) {
        results.push(codeOf(await scene.phone.pay({ to: 'shop', amount: '1 MEAL', order, id: order }, { link })));
        if (results.at(-1) !== 'ok') break;
      }
      return results;
    };
    expect((await pays(bad)).at(-1)).toBe('E_UNREACHABLE');
    expect(await pays(await call(scene, listener))).toEqual(Array.from({ length: 8 }, () => 'ok'));
    expect(await received(scene.shop)).toHaveLength(8);
  });

  test('SDK-12: nobody there, a port that is taken, and one that is none', async () => {
    const scene = await makeScene();
    const { listener } = await openShop(scene);
    const taken = await listen({ wallet: scene.shop, port: listener.port, onLink: async () => {} });
    expect(ruleOf(taken)).toBe('E_BUSY SDK-12');
    expect(codeOf(await listen({ wallet: scene.shop, port: 70_000, onLink: async () => {} }))).toBe('E_USAGE');
    await listener.close();
    const options = { wallet: scene.phone, host: HOST, peer: 'shop' };
    expect(ruleOf(await connect({ ...options, port: listener.port }))).toBe('E_UNREACHABLE SDK-12');
    expect(ruleOf(await connect({ ...options, port: 70_000 }))).toBe('E_USAGE SDK-12');
    expect(codeOf(await connect({ ...options, port: 1, peer: 'nobody' }))).not.toBe('ok');
    expect(codeOf(await connect({ ...options, port: 1, signal: AbortSignal.abort() }))).toBe('E_ABORTED');
  });

  test('SDK-14: a listener is found on the local network', async () => {
    const account = 'ab'.repeat(32);
    const options = { interface: HOST, port: 15_353 };
    const found = new Promise<Found>((resolve) => ends.push(browse(resolve, options)));
    ends.push(advertise({ name: 'till 4', port: 4_711, account }, options));
    expect(await found).toMatchObject({ name: 'till 4', port: 4_711, account });
  });
});
