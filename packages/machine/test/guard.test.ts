/** What a machine cannot reach while it runs, one by one. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { refusedNames } from '../src/index.ts';
import { runGuarded } from '../src/guard/guard.ts';
import { bytesOf, callOf, makeSmall, outcome, step } from './support/small.ts';

vi.hoisted(() => {
  // What only browsers have, put there before the guard looks.
  const scope = globalThis as unknown as Record<string, unknown>;
  const names = ['requestAnimationFrame', 'requestIdleCallback', 'XMLHttpRequest', 'EventSource', 'Worker'];
  for (const name of [...names, 'alert', 'confirm', 'prompt']) scope[name] ??= function stand() {};
  scope['Temporal'] ??= { Now: { instant: () => 1 } };
});

const global = globalThis as unknown as Record<string, any>; // oxlint-disable-line typescript/no-explicit-any

// What a module may have kept from before.
const day = new Date(86_400_000);
const kept = { performance, crypto, Date, weak: new WeakRef(day) };

/** Everything that is refused, and how a machine would use it. */
const USES: Readonly<Record<string, () => unknown>> = {
  'Date.now': () => Date.now(),
  'Date.parse': () => Date.parse('2026-01-01'),
  'new Date()': () => new Date().getTime(),
  'Date()': () => Date(),
  'new Date() in local time': () => new Date(2026, 1, 1).getTime(),
  'new Date() of text': () => new Date('2026-01-01T00:00').getTime(),
  'Math.random': () => Math.random(),
  'performance.now': () => performance.now(),
  'performance.timeOrigin': () => performance.timeOrigin,
  'crypto.getRandomValues': () => crypto.getRandomValues(new Uint8Array(4)),
  'crypto.randomUUID': () => crypto.randomUUID(),
  'crypto.subtle': () => crypto.subtle,
  'Performance.prototype.now': () => kept.performance.now(),
  'Crypto.prototype.getRandomValues': () => kept.crypto.getRandomValues(new Uint8Array(4)),
  'Crypto.prototype.randomUUID': () => kept.crypto.randomUUID(),
  'Intl.NumberFormat': () => new Intl.NumberFormat().format(1),
  'Temporal.Now': () => global['Temporal'].Now.instant(),
  setTimeout: () => setTimeout(() => undefined, 0),
  setInterval: () => setInterval(() => undefined, 0),
  setImmediate: () => setImmediate(() => undefined),
  queueMicrotask: () => queueMicrotask(() => undefined),
  fetch: () => fetch('http://localhost/'),
  ...Object.fromEntries(
    ['requestAnimationFrame', 'requestIdleCallback', 'alert', 'confirm', 'prompt'].map((name) => [
      name,
      () => global[name](() => undefined),
    ]),
  ),
  ...Object.fromEntries(
    ['XMLHttpRequest', 'EventSource', 'Worker'].map((name) => [name, () => new global[name]('/a')]),
  ),
  WebSocket: () => new WebSocket('ws://localhost/'),
  MessageChannel: () => new MessageChannel(),
  BroadcastChannel: () => new BroadcastChannel('a'),
  'process.hrtime': () => process.hrtime.bigint(),
  'process.uptime': () => process.uptime(),
  'process.cpuUsage': () => process.cpuUsage(),
  'process.memoryUsage': () => process.memoryUsage(),
  'process.nextTick': () => process.nextTick(() => undefined),
  'String.prototype.localeCompare': () => 'a'.localeCompare('b'),
  'String.prototype.toLocaleLowerCase': () => 'I'.toLocaleLowerCase(),
  'String.prototype.toLocaleUpperCase': () => 'i'.toLocaleUpperCase(),
  'Number.prototype.toLocaleString': () => (1_000).toLocaleString(),
  'BigInt.prototype.toLocaleString': () => 1_000n.toLocaleString(),
  'WeakRef.prototype.deref': () => kept.weak.deref(),
  'Atomics.wait': () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1),
};

/** Methods of Date and Math that take no arguments that matter. */
const useMember = (name: string): (() => unknown) => {
  const [owner, key = ''] = name.startsWith('Date.prototype.') ? [day, name.slice(15)] : [Math, name.slice(5)];
  return () => (owner as unknown as Record<string, (n: number) => unknown>)[key]?.(1);
};

const isMember = (name: string): boolean => name.startsWith('Date.prototype.') || name.startsWith('Math.');
const useOf = (name: string): (() => unknown) => USES[name] ?? useMember(name);

const names = [...new Set([...Object.keys(USES), ...refusedNames().filter(isMember)])];

afterEach(() => {
  vi.useRealTimers();
});

describe('RUN-7: while a machine runs it cannot reach', () => {
  test.each(names)('%s', (name) => {
    const before = useOf(name);
    const result = step({
      apply: () => {
        before();
        return 1;
      },
    });
    expect(outcome(result)).toBe(`E_MACHINE RUN-7 small v3, go: used ${name}, which differs between devices`);
  });

  test('anything of the list that the runtime gives, and each is tried', () => {
    const whole = new Set(['Date', 'performance', 'crypto', 'Intl', 'Temporal']);
    expect(refusedNames().filter((name) => !whole.has(name) && !names.includes(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(70);
  });
});

describe('RUN-7: the guard', () => {
  test('refuses a leak that the machine catches', () => {
    const apply = (): number => {
      try {
        return Date.now();
      } catch {
        return 1;
      }
    };
    expect(outcome(step({ apply }))).toContain('E_MACHINE RUN-7 small v3, go: used Date.now');
  });

  test('stands around init, turn, signers, migrate and schemas too', () => {
    const now = (): number => Date.now();
    const schema = {
      '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value: now() && value }) },
    } as const;
    const init = makeSmall({ init: { input: schema, create: (params) => params } });
    expect(outcome(init.init(bytesOf(1), 2))).toContain('RUN-7 small v3, init: used Date.now');
    const create = makeSmall({ init: { input: makeSmallSchema(), create: now } });
    expect(outcome(create.init(bytesOf(1), 2))).toContain('RUN-7 small v3, init: used Date.now');
    expect(outcome(step({ turn: now }))).toContain('RUN-7 small v3, go: used Date.now');
    expect(outcome(step({ signers: now }))).toContain('RUN-7 small v3, go: used Date.now');
    expect(outcome(step({ input: schema }))).toContain('RUN-7 small v3, go: used Date.now');
    expect(outcome(step({ state: schema }))).toContain('RUN-7 small v3, go: used Date.now');
    expect(outcome(makeSmall({ migrate: now }).migrate(bytesOf(1), 2))).toContain(
      'RUN-7 small v3, migrate: used Date.now',
    );
    expect(outcome(makeSmall({ input: schema }).encodeInput('go', 1))).toContain('RUN-7 small v3, go: used Date.now');
  });

  test('puts everything back, whatever happens', () => {
    const owners = {
      globalThis,
      Date,
      Math,
      process,
      dates: Date.prototype,
      text: String.prototype,
      weak: WeakRef.prototype,
    };
    const prototypes = { performance: Object.getPrototypeOf(performance), crypto: Object.getPrototypeOf(crypto) };
    const look = () =>
      Object.entries({ ...owners, ...prototypes }).flatMap(([name, owner]) =>
        Reflect.ownKeys(owner).flatMap((key) => {
          const property = Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor & Record<string, unknown>;
          return Object.keys(property).map((field) => [`${name}.${String(key)} ${field}`, property[field]] as const);
        }),
      );
    const before = look();
    step({});
    step({
      apply: () => {
        throw new Error('no');
      },
    });
    step({ apply: () => Date.now() });
    step({
      apply: () => {
        global['Date'] = 1;
        Math.random = () => 4;
        return 1;
      },
    });
    const after = look();
    expect(after.map(([name]) => name)).toEqual(before.map(([name]) => name));
    expect(after.filter(([, value], i) => !Object.is(value, before[i]?.[1])).map(([name]) => name)).toEqual([]);
    expect(after.length).toBeGreaterThan(500);
    expect(Date.now()).toBeGreaterThan(1e12);
  });

  test('holds around a machine that runs another', () => {
    const inner = makeSmall({});
    const leaking = makeSmall({ apply: () => Date.now() });
    let innerOutcome = '';
    const apply = (): number => {
      expect(outcome(inner.apply(bytesOf(1), callOf(2)))).toBe('ok');
      innerOutcome = outcome(leaking.apply(bytesOf(1), callOf(2)));
      return Date.now();
    };
    expect(outcome(step({ apply }))).toContain('used Date.now');
    expect(innerOutcome).toContain('RUN-7');
    expect(runGuarded(() => runGuarded(() => Math.random()).leak)).toEqual({
      ended: true,
      value: 'Math.random',
      leak: undefined,
    });
  });

  test('knows a clock that a test has put in place', () => {
    vi.useFakeTimers({ now: 5 });
    expect(outcome(step({ apply: () => Date.now() }))).toContain('RUN-7');
    expect(outcome(step({ apply: () => new Date().getTime() }))).toContain('RUN-7');
    expect(Date.now()).toBe(5);
  });

  test('leaves what is a function of its arguments', () => {
    const apply = (): unknown => [
      new Date(86_400_000).toISOString(),
      new Date(0).getUTCDay(),
      Date.UTC(2026, 0, 1),
      new Date(5) instanceof Date,
      Math.sqrt(16) + Math.max(1, 2) + Math.trunc(5 / 2),
      'abc'.toUpperCase(),
      JSON.stringify({ a: 1 }),
      structuredClone([1]),
    ];
    expect(outcome(step({ apply }))).toBe('ok');
  });

  test('refuses to run where it cannot stand in the way', () => {
    const random = Object.getOwnPropertyDescriptor(Math, 'random') as PropertyDescriptor;
    Object.defineProperty(Math, 'random', { ...random, writable: false });
    try {
      expect(outcome(step({}))).toContain(
        'E_MACHINE RUN-7 small v3, go: clocks and chance cannot be put out of reach here',
      );
    } finally {
      Object.defineProperty(Math, 'random', random);
    }
    expect(outcome(step({}))).toBe('ok');
  });
});

function makeSmallSchema() {
  return { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } } as const;
}
