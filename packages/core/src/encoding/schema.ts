/**
 * Shapes of data items. A codec maps a value to one CBOR item and back; decoding is total and names the field that
 * is wrong. Records are arrays in a fixed order, unions are records that begin with their number (spec ENC-3).
 */
import type { Item } from './cbor.ts';
import { decodeItem, encodeItem } from './cbor.ts';
import { HASH_BYTES } from '../bytes.ts';
import { MAX_AMOUNT } from '../limits.ts';
import { fail, ok, type Err, type Result } from '../result.ts';

export interface Codec<T> {
  toItem(value: T): Item;
  /** `at` names the place for the error message. */
  fromItem(item: Item, at: string): Result<T>;
}

const wrong = (at: string, expected: string): Err => fail('E_FORMAT', 'ENC-3', `${at}: ${expected} expected`);

export const encodeWith = <T>(codec: Codec<T>, value: T): Uint8Array => encodeItem(codec.toItem(value));

export function decodeWith<T>(codec: Codec<T>, bytes: Uint8Array, at: string, maxBytes?: number): Result<T> {
  const item = decodeItem(bytes, maxBytes);
  return item.ok ? codec.fromItem(item.value, at) : item;
}

/** Unsigned integer up to `max` (default 2^53 - 1). */
export const uint = (max: number = Number.MAX_SAFE_INTEGER): Codec<number> => ({
  toItem: (value) => value,
  fromItem: (item, at) =>
    typeof item === 'number' && Number.isSafeInteger(item) && item >= 0 && item <= max
      ? ok(item)
      : wrong(at, `integer from 0 to ${max}`),
});

/** Unsigned 128-bit integer in base units (spec ENC-4). */
export const amount: Codec<bigint> = {
  toItem: (value) => value,
  fromItem: (item, at) => {
    const isInteger = typeof item === 'bigint' || (typeof item === 'number' && Number.isSafeInteger(item));
    if (!isInteger) return wrong(at, 'amount');
    const value = BigInt(item);
    return value >= 0n && value <= MAX_AMOUNT ? ok(value) : fail('E_AMOUNT', 'ENC-4', `${at}: not below 2^128`);
  },
};

export function bytes<T extends Uint8Array = Uint8Array>(min: number, max: number = min): Codec<T> {
  return {
    toItem: (value) => value,
    fromItem: (item, at) =>
      item instanceof Uint8Array && item.length >= min && item.length <= max
        ? ok(item as T)
        : wrong(at, min === max ? `${min} bytes` : `${min} to ${max} bytes`),
  };
}

/** 32 bytes of one meaning. */
export const hash = <T extends Uint8Array = Uint8Array>(): Codec<T> => bytes<T>(HASH_BYTES);

/** Bytes of well-formed text in UTF-8. */
export function utf8Length(text: string): number {
  let size = 0;
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    size += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return size;
}

/** Text that a person reads: NFC, no control or invisible format characters, at most `maxBytes` of UTF-8. */
export const label = (maxBytes: number, minBytes = 0): Codec<string> => ({
  toItem: (value) => value,
  fromItem: (item, at) =>
    typeof item === 'string' && isLabel(item, maxBytes, minBytes)
      ? ok(item)
      : wrong(at, `text of ${minBytes} to ${maxBytes} bytes in NFC without control characters`),
});

export function isLabel(text: string, maxBytes: number, minBytes = 0): boolean {
  if (text.length > maxBytes || !text.isWellFormed() || /\p{C}|\p{Zl}|\p{Zp}/u.test(text)) return false;
  const size = utf8Length(text);
  return size >= minBytes && size <= maxBytes && text.normalize('NFC') === text && text.trim() === text;
}

/** Exactly this number or text. */
export const literal = <const T extends number | string>(expected: T): Codec<T> => ({
  toItem: () => expected,
  fromItem: (item, at) => (item === expected ? ok(expected) : wrong(at, JSON.stringify(expected))),
});

export const flag: Codec<boolean> = {
  toItem: (value) => (value ? 1 : 0),
  fromItem: (item, at) => (item === 1 || item === 0 ? ok(item === 1) : wrong(at, '0 or 1')),
};

/** The value, or null in its place. */
export const optional = <T>(inner: Codec<T>): Codec<T | null> => ({
  toItem: (value) => (value === null ? null : inner.toItem(value)),
  fromItem: (item, at) => (item === null ? ok(null) : inner.fromItem(item, at)),
});

export const list = <T>(inner: Codec<T>, max: number, min = 0): Codec<readonly T[]> => ({
  toItem: (values) => values.map((value) => inner.toItem(value)),
  fromItem: (item, at) => {
    if (!Array.isArray(item)) return wrong(at, 'list');
    if (item.length < min || item.length > max) {
      return fail('E_LIMIT', 'ENC-2', `${at}: ${item.length} entries, ${min} to ${max} allowed`);
    }
    const values: T[] = [];
    for (let i = 0; i < item.length; i++) {
      const value = inner.fromItem(item[i] as Item, `${at}[${i}]`);
      if (!value.ok) return value;
      values.push(value.value);
    }
    return ok(values);
  },
});

type Fields<T> = { readonly [K in keyof T]-?: Codec<T[K]> };

/** A fixed-order array; the order is that of the fields as written. */
export function record<T>(fields: Fields<T>): Codec<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  return {
    toItem: (value) => names.map((name) => fields[name].toItem(value[name])),
    fromItem: (item, at) => {
      if (!Array.isArray(item) || item.length !== names.length) return wrong(at, `array of ${names.length}`);
      return readFields(fields, names, item, 0, at, {});
    },
  };
}

function readFields<T>(
  fields: Fields<T>,
  names: readonly (keyof T & string)[],
  item: readonly Item[],
  offset: number,
  at: string,
  start: Record<string, unknown>,
): Result<T> {
  const value = start;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as keyof T & string;
    const field = fields[name].fromItem(item[i + offset] as Item, `${at}.${name}`);
    if (!field.ok) return field;
    value[name] = field.value;
  }
  return ok(value as T);
}

type Tagged = { readonly type: string };
type Cases<T extends Tagged> = {
  readonly [K in T['type']]: readonly [number, Fields<Omit<Extract<T, { readonly type: K }>, 'type'>>];
};

/** One of several records, told apart by `type`; encoded as an array that begins with the case's number. */
export function variant<T extends Tagged>(cases: Cases<T>): Codec<T> {
  const byNumber = new Map<number, { type: string; fields: Fields<unknown>; names: string[] }>();
  for (const [type, [number, fields]] of Object.entries(cases) as [string, [number, Fields<unknown>]][]) {
    byNumber.set(number, { type, fields, names: Object.keys(fields) });
  }
  return {
    toItem: (value) => {
      const [number, fields] = cases[value.type as T['type']] as unknown as [number, Record<string, Codec<unknown>>];
      const plain = value as Record<string, unknown>;
      return [number, ...Object.keys(fields).map((name) => (fields[name] as Codec<unknown>).toItem(plain[name]))];
    },
    fromItem: (item, at) => {
      if (!Array.isArray(item) || typeof item[0] !== 'number') return wrong(at, 'tagged array');
      const found = byNumber.get(item[0]);
      if (!found) return wrong(at, `one of the types ${[...byNumber.keys()].join(', ')}`);
      if (item.length !== found.names.length + 1) return wrong(at, `array of ${found.names.length + 1}`);
      return readFields(found.fields, found.names as never[], item, 1, at, { type: found.type }) as Result<T>;
    },
  };
}
