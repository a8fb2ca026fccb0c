/** Arbitrary values of every kind. */
import * as fc from 'fast-check';
import type { Value } from '../../src/index.ts';

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })).filter((one) => one.isWellFormed());

export const keys: fc.Arbitrary<string> = text.filter((key) => !(key in {}));

export const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((n) => n || 0),
    fc.bigInt({ min: -(1n << 256n) + 1n, max: (1n << 256n) - 1n }),
    fc.bigInt({ min: -3n, max: 3n }),
    text,
    fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(bytes)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;
