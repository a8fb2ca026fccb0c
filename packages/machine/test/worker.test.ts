/** A machine in a worker: the limits hold and the next call goes on. Threads run `packages/core/dist`. */
import { Worker } from 'node:worker_threads';
import { must } from '@dsm/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bindMachine, decodeValue } from '../src/index.ts';
import { inWorker, type WebWorker, type WorkerMachine } from '../src/worker/index.ts';
import { bytesOf, callOf, outcome } from './support/small.ts';
import { suite } from './support/suite.ts';
import { machine } from './support/worker-machines.ts';

const here = (name: string): URL => new URL(`./support/${name}.ts`, import.meta.url);
const LIMITS = { limitMs: 20_000, memoryMb: 24, startMs: 60_000 };
/** Where a loop is to be ended. */
const SHORT = { ...LIMITS, limitMs: 700 };

let port: WorkerMachine;

beforeAll(async () => {
  port = must(await inWorker(suite, here('worker-machines'), LIMITS));
});

afterAll(() => port.close());

const ask = (operation: string, input = 2) => port.apply(bytesOf(1), callOf(input, { operation }));

describe('RUN-14: a machine in a worker', () => {
  test('has the name, and gives the answers, of the same machine here', async () => {
    const local = bindMachine(suite, machine);
    expect([port.id, port.version, port.code]).toEqual([local.id, local.version, local.code]);
    expect(await port.init(bytesOf(7), 2)).toEqual(local.init(bytesOf(7), 2));
    expect(await ask('add')).toEqual(local.apply(bytesOf(1), callOf(2, { operation: 'add' })));
    expect(await ask('add', 0)).toEqual(local.apply(bytesOf(1), callOf(0, { operation: 'add' })));
    expect(outcome(await ask('add', 0))).toBe('E_REFUSED RUN-9 nothing to add');
    expect(must(decodeValue(must(await port.migrate(bytesOf(4), 1))))).toBe(40);
    expect(outcome(await ask('leak'))).toContain('E_MACHINE RUN-7 adder v2, leak: used Date.now');
  });

  test('answers many calls at once in their order', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map((input) => ask('add', input)));
    expect(answers.map((answer) => must(decodeValue(must(answer).state)))).toEqual([2, 3, 4, 5]);
  });

  test('that loops is ended, and the next call is answered', async () => {
    const short = must(await inWorker(suite, here('worker-machines'), SHORT));
    const call = (operation: string) => short.apply(bytesOf(1), callOf(2, { operation }));
    const [loop, next] = await Promise.all([call('loop'), call('add')]);
    expect(outcome(loop)).toBe('E_LIMIT RUN-14 adder v2, loop: longer than 700 ms');
    expect(outcome(next)).toBe('ok');
    short.close();
  });

  test('that takes too much memory is ended, and the next call is answered', async () => {
    const patient = must(await inWorker(suite, here('worker-machines'), LIMITS));
    const hoard = await patient.apply(bytesOf(1), callOf(1, { operation: 'hoard' }));
    expect(outcome(hoard)).toBe('E_LIMIT RUN-14 adder v2, hoard: out of memory');
    expect(outcome(await patient.apply(bytesOf(1), callOf(1, { operation: 'add' })))).toBe('ok');
    patient.close();
  });

  test('that ends its thread is broken, and the next call is answered', async () => {
    expect(outcome(await ask('leave'))).toBe('E_MACHINE RUN-14 adder v2, leave: the worker ended with 3');
    expect(outcome(await ask('add'))).toBe('ok');
  });

  test('takes views of large buffers without sending all of them', async () => {
    const large = new Uint8Array(50_000_000);
    const state = large.subarray(0, bytesOf(1).length);
    state.set(bytesOf(1));
    expect(outcome(await port.apply(state, callOf(2, { operation: 'add' })))).toBe('ok');
    expect(large.length).toBe(50_000_000);
  });

  test('is closed for good', async () => {
    const other = must(await inWorker(suite, here('worker-machines'), LIMITS));
    other.close();
    expect(outcome(await other.init(bytesOf(1), 2))).toBe('E_MACHINE RUN-14 adder v2, init: closed');
  });
});

describe('RUN-14: a module', () => {
  test.each([
    ['that exports no such machine', 'worker-machines', { exportName: 'notOne' }, 'E_MACHINE RUN-14 start: TypeError'],
    ['that does not load', 'broken-module', {}, 'E_MACHINE RUN-14 start: Error: this module does not load'],
    ['that is not there', 'nowhere', {}, 'E_MACHINE RUN-14 start: Error'],
    ['that loads for ever', 'endless-module', { startMs: 1_000 }, 'E_LIMIT RUN-14 not loaded after 1000 ms'],
  ])('%s is refused', async (_, name, options, expected) => {
    expect(outcome(await inWorker(suite, here(name), { ...LIMITS, ...options }))).toContain(expected);
  });

  test('may be a worker of the developer', async () => {
    const own = must(await inWorker(suite, () => new Worker(here('own-worker')), LIMITS));
    expect(outcome(await own.apply(bytesOf(1), callOf(2, { operation: 'add' })))).toBe('ok');
    own.close();
  });

  test('that cannot be started is refused', async () => {
    const none = (): never => {
      throw new Error('no threads');
    };
    expect(outcome(await inWorker(suite, none))).toContain(
      'E_MACHINE RUN-14 the worker cannot be started: Error: no threads',
    );
  });
});

/** A Web Worker as browsers have it, around a thread. */
function webWorker(): WebWorker & { readonly fire: (message: string) => void } {
  const thread = new Worker(here('own-worker'));
  const listeners: ((event: { message?: string }) => void)[] = [];
  return {
    postMessage: (message) => thread.postMessage(message),
    terminate: () => void thread.terminate(),
    addEventListener: (type, listener) => {
      if (type === 'message') thread.on('message', (data: unknown) => listener({ data }));
      else listeners.push(listener);
    },
    fire: (message) => {
      for (const listener of listeners) listener({ message });
    },
  };
}

describe('RUN-14: a Web Worker', () => {
  test('serves as well, and its failures end the call', async () => {
    const started: ReturnType<typeof webWorker>[] = [];
    const start = (): WebWorker => {
      const worker = webWorker();
      started.push(worker);
      return worker;
    };
    const web = must(await inWorker(suite, start, SHORT));
    expect(web.code).toEqual(port.code);
    expect(outcome(await web.apply(bytesOf(1), callOf(2, { operation: 'loop' })))).toContain('E_LIMIT RUN-14');
    const answer = web.apply(bytesOf(1), callOf(2, { operation: 'loop' }));
    await expect.poll(() => started.length).toBe(2);
    started.at(-1)?.fire('boom');
    expect(outcome(await answer)).toMatch(/^E_(MACHINE|LIMIT) RUN-14/);
    expect(outcome(await web.apply(bytesOf(1), callOf(2, { operation: 'add' })))).toBe('ok');
    web.close();
  });

  test('that turns into another machine after a restart is refused', async () => {
    let starts = 0;
    const start = (): WebWorker => {
      const worker = webWorker();
      starts += 1;
      if (starts === 1) return worker;
      return {
        ...worker,
        addEventListener: (type, listener) =>
          worker.addEventListener(type, ({ data }) => listener({ data: { ...(data as object), version: 9 } })),
      };
    };
    const web = must(await inWorker(suite, start, SHORT));
    expect(outcome(await web.apply(bytesOf(1), callOf(2, { operation: 'loop' })))).toContain('E_LIMIT RUN-14');
    expect(outcome(await web.init(bytesOf(1), 2))).toContain('E_MACHINE RUN-14 adder: another machine after a restart');
    web.close();
  });
});
