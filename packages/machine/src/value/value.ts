/**
 * What states, inputs and parameters are made of (spec RUN-1). Numbers are safe integers without -0; objects are plain,
 * with enumerable data properties only.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

/** First elements of the arrays that stand for what an item has no form of its own for (spec RUN-1). */
export const CASE = { list: 0, false: 1, true: 2, negative: 3, bigint: 4, negativeBigint: 5, object: 6 } as const;

/** Reading such a key from an object that lacks it gives what the object inherits (spec RUN-3). */
const INHERITED: ReadonlySet<string> = new Set([
  '__proto__',
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
  'constructor',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  'toString',
  'valueOf',
]);

export const isInheritedKey = (key: string): boolean => INHERITED.has(key);

/** Deeply readonly, as the guard hands it over. Bytes cannot be frozen; each call has its own copy. */
export type Immutable<T> = unknown extends T
  ? T
  : T extends null | undefined | boolean | number | bigint | string | Uint8Array
    ? T
    : { readonly [K in keyof T]: Immutable<T[K]> };

/** Deeply readonly, and lists of any length: the compiler forgets how long a list in a condition is. */
export type Loose<T> = unknown extends T
  ? T
  : T extends null | undefined | boolean | number | bigint | string | Uint8Array
    ? T
    : T extends readonly unknown[]
      ? readonly Loose<T[number]>[]
      : { readonly [K in keyof T]: Loose<T[K]> };
