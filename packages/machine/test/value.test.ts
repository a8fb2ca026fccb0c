import { deepStrictEqual } from 'node:assert';
import { decodeItem, encodeItem, LIMITS, must, toHex, type Item } from '@dsm/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeValue, encodeValue, isValue, type Value } from '../src/index.ts';
import { values } from './support/values.ts';

const refusal = (value: unknown): string => {
  const result = encodeValue(value);
  return result.ok ? 'ok' : `${result.error.code} ${result.error.rule} ${result.error.message}`;
};

const refusedItem = (item: Item): string => {
  const result = decodeValue(encodeItem(item));
  return result.ok ? 'ok' : `${result.error.code} ${result.error.rule}`;
};

const nest = (depth: number): Value => (depth === 0 ? 1 : [nest(depth - 1)]);

describe('values', () => {
  test('RUN-1: each kind has its form', () => {
    const forms: readonly (readonly [Value, Item])[] = [
      [null, null],
      [false, [1]],
      [true, [2]],
      [0, 0],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      [-1, [3, 1]],
      [Number.MIN_SAFE_INTEGER, [3, Number.MAX_SAFE_INTEGER]],
      [0n, [4, 0]],
      [1n, [4, 1]],
      [-1n, [5, 1]],
      ['a', 'a'],
      [new Uint8Array([7]), new Uint8Array([7])],
      [
        [1, []],
        [0, 1, [0]],
      ],
      [{ b: 1, a: {} }, [6, 'a', [6], 'b', 1]],
    ];
    for (const [value, item] of forms) expect(must(decodeItem(must(encodeValue(value))))).toEqual(item);
  });

  test('RUN-1: keys are sorted by code units, so that one object has one form', () => {
    const keys = ['\u{1f600}', '\uffff', 'é', 'z', 'Z', '10', '9', ''];
    const one = Object.fromEntries(keys.map((key, i) => [key, i]));
    const other = Object.fromEntries(keys.map((key, i) => [key, i] as const).toReversed());
    expect(must(encodeValue(one))).toEqual(must(encodeValue(other)));
    const item = must(decodeItem(must(encodeValue(one)))) as readonly Item[];
    expect(item.filter((entry) => typeof entry === 'string')).toEqual([
      '',
      '10',
      '9',
      'Z',
      'z',
      'é',
      '\u{1f600}',
      '\uffff',
    ]);
  });

  test('RUN-2: decoding gives what structuredClone gives', () => {
    fc.assert(
      fc.property(values, (value) => {
        deepStrictEqual(must(decodeValue(must(encodeValue(value)))), structuredClone(value));
      }),
      { numRuns: 1_000 },
    );
  });

  test('RUN-2: equal bytes mean equal values, and different bytes different ones', () => {
    const same = (a: Value, b: Value): boolean => {
      try {
        deepStrictEqual(a, b);
        return true;
      } catch {
        return false;
      }
    };
    const close = fc.oneof(
      values,
      fc.constantFrom<Value>(0, 0n, false, '', [], {}, null, new Uint8Array(), [0], -1, -1n),
    );
    fc.assert(
      fc.property(close, close, (a, b) => {
        const [one, other] = [must(encodeValue(a)), must(encodeValue(b))];
        expect(Buffer.compare(one, other) === 0).toBe(same(a, b));
      }),
      { numRuns: 1_000 },
    );
  });

  test('RUN-2: whatever decodes encodes to the same bytes', () => {
    const items: fc.Arbitrary<Item> = fc.letrec<{ item: Item }>((tie) => ({
      item: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.nat({ max: 8 }),
        fc.bigInt({ min: 0n, max: 1n << 70n }),
        fc.constantFrom('a', 'b', '__proto__', 'toString'),
        fc.array(tie('item'), { maxLength: 5 }),
        fc.tuple(fc.nat({ max: 7 }), fc.constantFrom('a', 'b'), tie('item')),
      ),
    })).item;
    let accepted = 0;
    fc.assert(
      fc.property(items, (item) => {
        const bytes = encodeItem(item);
        const value = decodeValue(bytes);
        if (value.ok) accepted += 1;
        const again = value.ok ? toHex(must(encodeValue(value.value))) : value.error.code;
        expect([toHex(bytes), 'E_ENCODING']).toContain(again);
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  test('RUN-2: bytes never make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(typeof decodeValue(bytes).ok).toBe('boolean');
      }),
    );
  });

  test.each<{ item: Item }>([
    { item: [] },
    { item: [7] },
    { item: [1, 0] },
    { item: [2, null] },
    { item: [3, 0] },
    { item: [3, 1, 1] },
    { item: [3, 1n << 60n] },
    { item: [3, 'a'] },
    { item: [4] },
    { item: [4, 'a'] },
    { item: [4, 1, 1] },
    { item: [5, 0] },
    { item: [6, 'a'] },
    { item: [6, 1, 1] },
    { item: [6, 'b', 1, 'a', 1] },
    { item: [6, 'a', 1, 'a', 1] },
    { item: [6, '__proto__', 1] },
    { item: [6, 'constructor', 1] },
    { item: [0, [1, 1]] },
    { item: [6, 'a', [3, 0]] },
    { item: 1n << 60n },
    { item: ['a'] },
    { item: [null] },
  ])('RUN-2: an item that is no value (%#)', ({ item }) => {
    expect(refusedItem(item)).toBe('E_ENCODING RUN-2');
  });

  test('RUN-2: what is decoded is deeply frozen, and bytes are a copy', () => {
    const bytes = must(encodeValue({ a: [{ b: 1 }], c: new Uint8Array([1]) }));
    const value = must(decodeValue(bytes)) as { a: readonly object[]; c: Uint8Array };
    expect([value, value.a, value.a[0]].every((part) => Object.isFrozen(part))).toBe(true);
    value.c[0] = 9;
    expect(must(decodeValue(bytes))).toEqual({ a: [{ b: 1 }], c: new Uint8Array([1]) });
  });

  class Point {
    readonly x = 1;
  }
  const cycle: { self?: unknown } = {};
  cycle.self = [cycle];
  const bomb = (depth: number): unknown => {
    let value: unknown = 1;
    for (let i = 0; i < depth; i++) value = Array.from({ length: 50 }, () => value);
    return value;
  };

  test.each<[string, unknown, string]>([
    ['a float', 1.5, '1.5 is no integer'],
    ['NaN', Number.NaN, 'NaN is no integer'],
    ['infinity', Infinity, 'Infinity is no integer'],
    ['-0', { a: [-0] }, 'a[0]: -0'],
    ['an inexact integer', 2 ** 53, 'is not exact'],
    ['undefined', { a: undefined }, 'a: undefined'],
    ['a function', [() => 1], '[0]: a function'],
    ['a symbol', Symbol('a'), 'a symbol'],
    ['an instance', { at: new Point() }, 'at: an instance of a class'],
    ['a Date', new Date(0), 'an instance of a class'],
    ['a Map', new Map(), 'an instance of a class'],
    ['a boxed number', Object(1), 'an instance of a class'],
    ['other typed arrays', new Uint16Array(1), 'an instance of a class'],
    ['a promise', Promise.resolve(1), 'an instance of a class'],
    ['a subclass of Array', new (class extends Array {})(), 'an instance of a class'],
    ['a cycle', cycle, 'self[0]: a cycle'],
    [
      'a getter',
      {
        get a() {
          return 1;
        },
      },
      'a: a getter',
    ],
    ['a hidden property', Object.defineProperty({}, 'a', { value: 1 }), 'a: a hidden property'],
    ['a hole', [1, , 2], 'a list with holes'], // oxlint-disable-line no-sparse-arrays
    ['a huge hole', Object.assign([], { length: 4_294_967_295 }), 'a list with holes'],
    ['a list with keys', Object.assign([1], { a: 1 }), 'keys of its own'],
    ['a hole that a key hides', Object.assign([1, , 2], { a: 1 }), 'a hole'], // oxlint-disable-line no-sparse-arrays
    ['a symbol key', { [Symbol('a')]: 1 }, 'a symbol as a key'],
    ['__proto__', JSON.parse('{"__proto__": {"a": 1}}'), 'the key __proto__'],
    ['constructor', { constructor: 1 }, 'the key constructor'],
    ['a lone surrogate', 'a\ud800', 'half of a surrogate pair'],
    ['a lone surrogate in a key', { '\udc00': 1 }, 'half of a surrogate pair in a key'],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
      'cannot be read',
    ],
  ])('RUN-3: %s is refused', (_, value, message) => {
    expect(refusal(value)).toContain('E_FORMAT RUN-3');
    expect(refusal(value)).toContain(message);
    expect(isValue(value)).toBe(false);
  });

  test('RUN-3: depth, size and bigints are bounded', () => {
    expect(refusal(nest(LIMITS.machineDepth))).toBe('ok');
    expect(refusal(nest(LIMITS.machineDepth + 1))).toContain('E_LIMIT RUN-3');
    expect(refusal(new Uint8Array(LIMITS.machineStateBytes - 3))).toBe('ok');
    expect(refusal(new Uint8Array(LIMITS.machineStateBytes - 2))).toContain('E_LIMIT RUN-3');
    expect(refusal('a'.repeat(LIMITS.machineStateBytes))).toContain('E_LIMIT RUN-3');
    expect(refusal((1n << 256n) - 1n)).toBe('ok');
    expect(refusal(1n << 256n)).toContain('E_LIMIT RUN-3');
    expect(refusal(-(1n << 256n))).toContain('E_LIMIT RUN-3');
    const deep = Array.from({ length: 17 }).reduce<Item>((inner) => [0, inner], 1);
    expect(refusedItem(deep)).toBe('E_LIMIT RUN-3');
  });

  test('RUN-3: a small value that stands for a huge one ends at once', () => {
    const began = performance.now();
    expect(refusal(bomb(12))).toContain('E_LIMIT RUN-3');
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('RUN-3: a getter is never called, and a buffer is bytes', () => {
    let called = false;
    encodeValue({
      get a() {
        called = true;
        return 1;
      },
    });
    expect(called).toBe(false);
    expect(must(encodeValue(Buffer.from([1, 2])))).toEqual(must(encodeValue(new Uint8Array([1, 2]))));
  });
});
