import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CBOR_TYPE,
  decodeWith,
  encodeWith,
  must,
  pathTo,
  ROUTES,
  slotStatusCodec,
  submissionCodec,
  submitAnswerCodec,
} from '@dsm/core';
import { startNode, type LogEntry, type RunningNode } from '@dsm/directory';
import { openSqliteStore } from '@dsm/platform/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createToken,
  entry,
  makeDevice,
  makeFundedDevice,
  makeNetwork,
  signTransfer,
  submissionOf,
  suite,
  type TestNetwork,
  type TestStep,
} from '../../../tests/kit/index.ts';

let net: TestNetwork;
let step: TestStep;
let folder: string;

beforeAll(() => {
  net = makeNetwork();
  const canteen = makeDevice(net, 'canteen');
  const { token } = createToken(net, canteen);
  const alice = makeFundedDevice(net, 'alice', canteen, token, 100n);
  step = signTransfer(net, alice, makeDevice(net, 'bob').account, token, 1n);
  folder = mkdtempSync(join(tmpdir(), 'dsm-directory-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const log: LogEntry[] = [];
/** Called whenever the node looks at its clock: it is at work then. */
let onClock = (): void => {};

async function start(emptyStore: 'claim' | 'refuse', port = 0) {
  const store = must(await openSqliteStore({ path: join(folder, 'node.sqlite'), exclusive: true }));
  const running = await startNode({
    network: net.network,
    nodeIndex: 0,
    secretKey: entry(net.nodeKeys, 0).secretKey,
    store,
    suite,
    clock: () => {
      onClock();
      return net.nowMs;
    },
    log: (entry) => log.push(entry),
    emptyStore,
    port,
  });
  return running;
}

async function submitOver({ port }: RunningNode) {
  const response = await fetch(`http://127.0.0.1:${port}${ROUTES.submit}`, {
    method: 'POST',
    headers: { 'content-type': CBOR_TYPE },
    body: new Uint8Array(encodeWith(submissionCodec(suite), submissionOf(net, step))),
  });
  return must(decodeWith(submitAnswerCodec, new Uint8Array(await response.arrayBuffer()), 'answer'));
}

test('a node on SQLite answers over the network, and after a restart says the very same', async () => {
  const first = must(await start('claim'));
  const answer = await submitOver(first);
  await first.close();
  const second = must(await start('refuse'));
  const response = await fetch(`http://127.0.0.1:${second.port}${pathTo.slot(step.body.chain, step.body.index)}`);
  const slot = must(decodeWith(slotStatusCodec(suite), new Uint8Array(await response.arrayBuffer()), 'slot'));
  expect(slot).toMatchObject({ state: 'open', vote: step.hash });
  expect(await submitOver(second)).toEqual(answer);
  await second.close();
  expect(log.map(({ event }) => event)).toEqual(['started', 'stopped', 'started', 'stopped']);
});

test('a request that a node is working on when it is closed is answered', async () => {
  const running = must(await start('refuse'));
  const closed = new Promise<void>((resolve) => {
    onClock = () => {
      onClock = () => {};
      resolve(running.close());
    };
  });
  expect((await submitOver(running)).type).toBe('vote');
  await closed;
  await expect(fetch(`http://127.0.0.1:${running.port}${ROUTES.health}`)).rejects.toThrow('fetch failed');
});

test('NET-19: a port that is taken is E_BUSY, and the store is closed again', async () => {
  const running = must(await start('refuse'));
  const { port } = running;
  await running.close();
  const blocker = must(await start('refuse', port));
  const other = await startNode({
    network: net.network,
    nodeIndex: 1,
    secretKey: entry(net.nodeKeys, 1).secretKey,
    store: must(await openSqliteStore({ path: join(folder, 'other.sqlite'), exclusive: true })),
    suite,
    clock: () => net.nowMs,
    emptyStore: 'claim',
    port,
  });
  expect(other).toMatchObject({ ok: false, error: { code: 'E_BUSY', rule: 'NET-19' } });
  await blocker.close();
  const reopened = must(await openSqliteStore({ path: join(folder, 'other.sqlite'), exclusive: true }));
  await reopened.close();
});
