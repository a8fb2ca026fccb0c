import { systemClock, systemEntropy } from '@dsm/platform/node';
import { webEntropy } from '@dsm/platform/portable';
import { describe, expect, test } from 'vitest';
import { boundedCache, tagCache } from '../src/shared/caches.ts';

describe('bounded cache', () => {
  test('makes a value once, keeps the recently used, and drops the least recently used', () => {
    const made: string[] = [];
    const cache = boundedCache<string>(2);
    const get = (key: string): string =>
      cache(key, () => {
        made.push(key);
        return key.toUpperCase();
      });
    expect([get('a'), get('b'), get('a'), get('c'), get('a'), get('b')]).toEqual(['A', 'B', 'A', 'C', 'A', 'B']);
    expect(made).toEqual(['a', 'b', 'c', 'b']);
  });

  test('a value that cannot be made is not kept', () => {
    const cache = boundedCache<number>(2);
    expect(() =>
      cache('a', () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(cache('a', () => 1)).toBe(1);
  });

  test('a tag is made once, and too many tags do not fill the memory', () => {
    let made = 0;
    const cache = tagCache(() => ++made);
    expect([cache('a'), cache('b'), cache('a')]).toEqual([1, 2, 1]);
    for (let i = 0; i < 2_000; i++) cache(`tag ${i}`);
    expect(cache('a')).toBeGreaterThan(2);
  });
});

describe.each([
  ['systemEntropy', systemEntropy],
  ['webEntropy', webEntropy],
])('%s', (_, entropy) => {
  test.each([0, 1, 32, 65_536, 200_001])('gives %s bytes in a plain array', (length) => {
    const drawn = entropy(length);
    expect(drawn.constructor).toBe(Uint8Array);
    expect(drawn).toHaveLength(length);
  });

  test.each([32, 65_537, 131_104])('draws all of %s bytes afresh', (length) => {
    const drawn = entropy(length);
    expect(entropy(length)).not.toEqual(drawn);
    for (let at = 0; at < length; at += 16_384) {
      const part = drawn.subarray(Math.min(at, length - 32), Math.min(at, length - 32) + 32);
      expect(part).not.toEqual(new Uint8Array(32));
    }
  });
});

test('systemClock tells milliseconds since the epoch', () => {
  const before = Date.now();
  const now = systemClock();
  expect(Number.isSafeInteger(now)).toBe(true);
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
});
