/**
 * The forged states of `packages/directory/test`, one for each rule and each correctly signed, sent by raw HTTP to four
 * nodes that are processes of their own; and what else anybody on the network could send them.
 */
import {
  CBOR_TYPE,
  decodeFailure,
  decodeWith,
  encodeWith,
  fromHex,
  must,
  parseNetworkFile,
  ROUTES,
  submissionCodec,
  submitAnswerCodec,
  type KeyPair,
  type Result,
  type SubmitAnswer,
} from '@dsm/core';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { describeForgeries } from '../../packages/directory/test/support/forgeries/index.ts';
import { START_MS, suite, type TestNetwork } from '../kit/index.ts';
import { openWorld } from './support.ts';

/** Times of the networks of the kit. */
const world = openWorld('--delta 10s --gap 1m --margin 1h --settle 1d --round 5s');
afterAll(() => world.close());

const read = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(world.path(file), 'utf8')) as Record<string, unknown>;

/** The network with the keys of its nodes, so that the test can make what was certified before. */
function readNetwork(): { net: TestNetwork; endpoints: readonly string[] } {
  const { network, endpoints } = must(parseNetworkFile(suite, readFileSync(world.path('net/network.json'), 'utf8')));
  const nodeKeys = network.nodes.map((publicKey, i): KeyPair => {
    const bytes = fromHex(String(read(`net/node-${i + 1}/config.json`)['secretKey']));
    if (!bytes) throw new Error('no secret key');
    return { publicKey, secretKey: { algorithm: publicKey.algorithm, bytes } };
  });
  return { net: { suite, network, nodeKeys, nowMs: START_MS, items: new Map() }, endpoints };
}

async function setClocks(nowMs: number): Promise<void> {
  await world.downNetwork();
  world.env['DSM_CLOCK_OFFSET'] = `${Math.round((nowMs - Date.now()) / 1_000)}s`;
  await world.upNetwork();
}

const post = (endpoint: string, path: string, body: Uint8Array, type: string = CBOR_TYPE): Promise<Response> =>
  fetch(`${endpoint}${path}`, { method: 'POST', headers: { 'content-type': type }, body: Uint8Array.from(body) });

async function readAnswer(response: Response): Promise<Result<SubmitAnswer>> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.status === 200) return decodeWith(submitAnswerCodec, bytes, 'answer');
  return { ok: false, error: must(decodeFailure(bytes)) };
}

describeForgeries(async () => {
  await setClocks(START_MS);
  const { net, endpoints } = readNetwork();
  return {
    net,
    submitToAll: (submission) => {
      const body = encodeWith(submissionCodec(suite), submission);
      return Promise.all(endpoints.map(async (endpoint) => readAnswer(await post(endpoint, ROUTES.submit, body))));
    },
    setClocks: async (nowMs) => {
      await setClocks(nowMs);
      net.nowMs = nowMs;
    },
  };
});

describe('NET-13: what is no message at all', () => {
  const JUNK: readonly (readonly [what: string, body: Uint8Array, status: number])[] = [
    ['nothing', new Uint8Array(), 400],
    ['one byte', Uint8Array.of(0xff), 400],
    ['another message', Uint8Array.of(0x80), 400],
    ['arrays in arrays, a hundred thousand deep', new Uint8Array(100_000).fill(0x81), 400],
    ['a length that nobody could hold', Uint8Array.of(0x9b, 255, 255, 255, 255, 255, 255, 255, 255), 400],
    ['more than a request may be', new Uint8Array(40_000_000), 413],
  ];

  test.each(JUNK)('%s is refused by all four nodes, which go on', async (_, body, status) => {
    const { endpoints } = readNetwork();
    for (const path of [ROUTES.submit, ROUTES.lock, ROUTES.final, ROUTES.publish]) {
      const answers = await Promise.all(
        endpoints.map(async (endpoint) => {
          // A connection that a node has hung up on meanwhile is no answer; what is too long may get none at all.
          const again = (): Promise<Response> => post(endpoint, path, body);
          const response = await again()
            .catch(again)
            .catch((error: unknown) => {
              if (status !== 413) throw error;
            });
          if (!response) return status;
          expect(must(decodeFailure(new Uint8Array(await response.arrayBuffer()))).code).toMatch(/^E_/);
          return response.status;
        }),
      );
      expect({ path, answers }).toEqual({ path, answers: [status, status, status, status] });
    }
    const healthy = await Promise.all(endpoints.map(async (endpoint) => (await fetch(`${endpoint}/v1/health`)).ok));
    expect(healthy).toEqual([true, true, true, true]);
  });
});
