import {
  CBOR_TYPE,
  consistencyCodec,
  decodeFailure,
  encodeItem,
  encodeWith,
  LIMITS,
  logHasher,
  must,
  nodeHeadCodec,
  pathTo,
  ROUTES,
  submissionCodec,
  toHex,
  treeHeadMessage,
  verifyConsistency,
  verifyMessage,
  type NodeHead,
} from '@dsm/core';
import { answer } from '@dsm/directory';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createToken,
  entry,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  signTransfer,
  submissionOf,
  suite,
  type Device,
  type TestNetwork,
  type TestToken,
} from '../../../tests/kit/index.ts';
import { codeOf, get, openTestNode, postBytes, receiptOf, submitStep, type TestNode } from './support/nodes.ts';

let net: TestNetwork;
let node: TestNode;
let bob: Device;
let canteen: Device;
let meal: TestToken;

beforeAll(async () => {
  net = makeNetwork();
  node = await openTestNode(net, 0);
  canteen = makeDevice(net, 'canteen');
  meal = createToken(net, canteen);
  bob = makeDevice(net, 'bob');
});

let payers = 0;
const makeStep = () => {
  const payer = makeFundedDevice(net, `payer ${++payers}`, canteen, meal.token, 100n);
  return signTransfer(net, payer, bob.account, meal.token, 1n);
};

async function refusal(response: Response): Promise<string> {
  expect(response.headers.get('content-type')).toBe(CBOR_TYPE);
  const { code, rule } = must(decodeFailure(new Uint8Array(await response.arrayBuffer())));
  return `${response.status} ${code} ${rule}`;
}

const rounds = [ROUTES.start, ROUTES.propose, ROUTES.vote];
const posts = [ROUTES.submit, ROUTES.lock, ROUTES.final, ROUTES.publish, ...rounds];
const limitOf = (path: string): number =>
  path === ROUTES.propose || path === ROUTES.vote ? LIMITS.roundBytes : LIMITS.submissionBytes;

describe('NET-13: bad input', () => {
  test.each(posts)('%s: what is no deterministic CBOR is E_ENCODING', async (path) => {
    for (const bytes of [[], [0x83], [0x18, 0x01], [0xff], [0x9f, 0xff], [0xa0], [0xf5], [0x00, 0x00]]) {
      expect(await refusal(await postBytes(node, path, Uint8Array.from(bytes)))).toBe('400 E_ENCODING ENC-1');
    }
  });

  test.each(posts)('%s: another shape is E_FORMAT', async (path) => {
    for (const item of [0, null, 'text', [], [1], [[], [], []]]) {
      expect(await refusal(await postBytes(node, path, encodeItem(item)))).toMatch(/^400 E_FORMAT /);
    }
  });

  test.each(posts)('%s: a body over the limit is not read', async (path) => {
    const bytes = new Uint8Array(limitOf(path) + 1);
    expect(await refusal(await postBytes(node, path, bytes))).toBe('413 E_LIMIT NET-13');
  });

  test.each(posts)('%s: a stream without a length over the limit is not read to its end', async (path) => {
    let pulled = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const init: RequestInit = { method: 'POST', body, duplex: 'half', headers: { 'content-type': CBOR_TYPE } };
    const response = await node.open.app.request(path, init);
    expect(await refusal(response)).toBe('413 E_LIMIT NET-13');
    expect(pulled).toBeLessThan(limitOf(path) / 65_536 + 12);
  });

  test.each(posts)('%s: another type of body is refused', async (path) => {
    const response = await postBytes(node, path, encodeItem([]), { 'content-type': 'application/json' });
    expect(await refusal(response)).toBe('415 E_FORMAT NET-13');
  });

  test('deeply nested arrays are refused', async () => {
    const bytes = new Uint8Array(200_000).fill(0x81);
    expect(await refusal(await postBytes(node, ROUTES.submit, bytes))).toMatch(/^400 E_(ENCODING|LIMIT) ENC-/);
  });

  test('a submission that is cut anywhere is refused and leaves no trace', async () => {
    const step = makeStep();
    const whole = encodeWith(submissionCodec(suite), submissionOf(net, step));
    const before = node.disk.get('slot')?.length ?? 0;
    for (let end = 0; end < whole.length; end += 1_009) {
      expect(await refusal(await postBytes(node, ROUTES.submit, whole.slice(0, end)))).toBe('400 E_ENCODING ENC-1');
    }
    expect(node.disk.get('slot')?.length ?? 0).toBe(before);
  });

  test('a submission with any one byte changed is refused, or is no other submission', async () => {
    const step = makeStep();
    const whole = encodeWith(submissionCodec(suite), submissionOf(net, step));
    const answers = new Set<string>();
    for (let at = 0; at < whole.length; at += 97) {
      const changed = whole.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      const response = await postBytes(node, ROUTES.submit, changed);
      answers.add(response.status === 200 ? 'a vote' : await refusal(response));
    }
    expect([...answers].filter((answer) => !/^(a vote|4\d\d E_[A-Z]+ [A-Z]{3}-\d+)$/.test(answer))).toEqual([]);
    expect(answers.size).toBeGreaterThan(3);
    expect(receiptOf(await submitStep(net, node, step)).node).toBe(0);
  });

  test.each([
    '/v1/tip/00',
    `/v1/tip/${'AB'.repeat(32)}`,
    `/v1/tip/${'ab'.repeat(33)}`,
    '/v1/genesis/xyz',
    `/v1/state/${'ab'.repeat(32)}/-1`,
    `/v1/state/${'ab'.repeat(32)}/01`,
    `/v1/state/${'ab'.repeat(32)}/9007199254740992`,
    `/v1/slot/${'ab'.repeat(32)}/1e3`,
    `/v1/credits/${'ab'.repeat(32)}?after=x`,
    '/v1/consistency?first=1',
    '/v1/consistency?first=a&second=2',
  ])('the address %s is E_FORMAT', async (path) => {
    expect(await refusal(await node.open.app.request(path))).toBe('400 E_FORMAT NET-13');
  });

  test.each(['/', '/v1', '/v2/head', '/v1/submit', '/v1/state/00'])('there is no GET %s', async (path) => {
    expect(await refusal(await node.open.app.request(path))).toBe('404 E_NOT_FOUND NET-13');
  });

  test('what is not known is E_NOT_FOUND', async () => {
    const chain = bob.account;
    for (const path of [pathTo.tip(chain), pathTo.card(chain), pathTo.state(chain, 3), pathTo.state(chain, 0)]) {
      expect(await refusal(await node.open.app.request(path))).toBe('404 E_NOT_FOUND NET-22');
    }
  });

  test('a conflict and a missing predecessor have statuses of their own', async () => {
    const payer = makeFundedDevice(net, 'early', canteen, meal.token, 100n);
    signTransfer(net, payer, bob.account, meal.token, 1n);
    const second = signTransfer(net, payer, bob.account, meal.token, 1n);
    const body = encodeWith(submissionCodec(suite), submissionOf(net, second));
    expect(await refusal(await postBytes(node, ROUTES.submit, body))).toBe('425 E_PARENT NET-15');
  });
});

describe('NET-13: a node answers the same without HTTP', () => {
  const ask = (method: string, path: string, body: Uint8Array | null = null) =>
    answer(node.open.node, { method, path, body });

  test.each([
    ROUTES.health,
    ROUTES.version,
    '/v1/tip/00',
    '/v1/nothing',
    `/v1/credits/${'ab'.repeat(32)}?after=0`,
    `/v1/credits/${'ab'.repeat(32)}?after=x`,
    `/v1/slot/${'ab'.repeat(32)}/1`,
  ])('GET %s', async (path) => {
    const response = await node.open.app.request(path);
    const { status, type, body } = await ask('GET', path);
    expect([status, type]).toEqual([response.status, response.headers.get('content-type')]);
    expect(Buffer.from(body)).toEqual(Buffer.from(await response.arrayBuffer()));
  });

  test('a submission, twice: once so, once over HTTP', async () => {
    const body = encodeWith(submissionCodec(suite), submissionOf(net, makeStep()));
    const first = await ask('POST', ROUTES.submit, body);
    const second = await postBytes(node, ROUTES.submit, body);
    expect(first).toMatchObject({ status: 200, type: CBOR_TYPE });
    expect(Buffer.from(first.body)).toEqual(Buffer.from(await second.arrayBuffer()));
  });

  test('what is no request is refused: another method, no body, too much of it', async () => {
    expect(await ask('DELETE', ROUTES.head)).toMatchObject({ status: 404 });
    expect(await ask('POST', ROUTES.head)).toMatchObject({ status: 404 });
    expect(await ask('POST', ROUTES.submit)).toMatchObject({ status: 400 });
    for (const path of posts) {
      expect(await ask('POST', path, new Uint8Array(limitOf(path) + 1))).toMatchObject({ status: 413 });
    }
  });

  test('NET-18: who waits for others is told how: what arrives meanwhile shares one tree head', async () => {
    const waiting: (() => void)[] = [];
    const slow = await openTestNode(net, 0, {
      waitForOthers: () =>
        new Promise((resolve) => {
          waiting.push(resolve);
        }),
    });
    const first = submitStep(net, slow, makeStep());
    const second = submitStep(net, slow, makeStep());
    while (waiting.length === 0) await new Promise(setImmediate);
    // Both have arrived by the time that the batch is closed.
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    waiting.shift()?.();
    const receipts = [receiptOf(await first), receiptOf(await second)];
    expect(receipts.map(({ head }) => head.size)).toEqual([2, 2]);
  });

  test('a store that is gone is an answer too', async () => {
    const broken = await openTestNode(net, 1);
    await broken.open.close();
    const { status, body } = await answer(broken.open.node, { method: 'GET', path: ROUTES.health, body: null });
    expect([status, must(decodeFailure(body)).code]).toEqual([503, 'E_STORE']);
  });
});

describe('NET-13: health, version, heads', () => {
  test('health names the network and the node', async () => {
    const response = await node.open.app.request(ROUTES.health);
    expect(await response.json()).toMatchObject({ ok: true, network: toHex(net.network.id), node: 0 });
  });

  test('a node whose store is gone is not healthy', async () => {
    const broken = await openTestNode(net, 1);
    await broken.open.close();
    expect(await refusal(await broken.open.app.request(ROUTES.health))).toBe('503 E_STORE STO-4');
  });

  test('version is that of the package', async () => {
    const { version } = await import('../package.json', { with: { type: 'json' } }).then((module) => module.default);
    expect(await (await node.open.app.request(ROUTES.version)).json()).toEqual({ dsm: version, wire: 1 });
  });

  test('NET-9: heads are signed, and each extends the ones before', async () => {
    const fresh = await openTestNode(net, 0);
    expect(codeOf(await get(fresh, ROUTES.head, nodeHeadCodec))).toBe('E_NOT_FOUND NET-22');
    const heads: NodeHead['head'][] = [];
    for (let i = 0; i < 5; i++) {
      receiptOf(await submitStep(net, fresh, makeStep()));
      const { head } = must(await get(fresh, ROUTES.head, nodeHeadCodec));
      const message = treeHeadMessage(suite, net.network, 0, head);
      expect(verifyMessage(suite, entry(net.network.nodes, 0), 'head', message, head.signature)).toBe(true);
      expect(head.size).toBe(i + 1);
      heads.push(head);
    }
    for (const [i, a] of heads.entries()) {
      for (const b of heads.slice(i)) {
        const { proof } = must(await get(fresh, pathTo.consistency(a.size, b.size), consistencyCodec));
        expect(verifyConsistency(logHasher(suite), a.size, a.root, b.size, b.root, proof)).toBe(true);
      }
    }
    expect(codeOf(await get(fresh, pathTo.consistency(1, 6), consistencyCodec))).toBe('E_NOT_FOUND NET-9');
    expect(codeOf(await get(fresh, pathTo.consistency(3, 2), consistencyCodec))).toBe('E_NOT_FOUND NET-9');
  });
});
