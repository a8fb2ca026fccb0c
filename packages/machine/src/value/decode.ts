/** From canonical bytes to the value; accepts exactly what the encoder makes (spec RUN-2). */
import { decodeItem, fail, LIMITS, ok, type Err, type Item, type Result } from '@dsm/core';
import { CASE, isInheritedKey, type Value } from './value.ts';

const wrong = (what: string): Err => fail('E_ENCODING', 'RUN-2', what);

/** The value, deeply frozen; `E_ENCODING` unless the bytes are the one encoding of a value. */
export function decodeValue(bytes: Uint8Array, maxBytes: number = LIMITS.machineStateBytes): Result<Value> {
  const item = decodeItem(bytes, maxBytes);
  return item.ok ? fromItem(item.value, 0) : item;
}

function fromItem(item: Item, depth: number): Result<Value> {
  if (typeof item === 'string' || typeof item === 'number' || item === null) return ok(item);
  if (item instanceof Uint8Array) return ok(new Uint8Array(item));
  if (typeof item === 'bigint') return wrong('a bignum outside its case');
  switch (item[0]) {
    case CASE.list:
    case CASE.object:
      if (depth >= LIMITS.machineDepth) return fail('E_LIMIT', 'RUN-3', `deeper than ${LIMITS.machineDepth}`);
      return item[0] === CASE.list ? readList(item, depth) : readObject(item, depth);
    case CASE.false:
    case CASE.true:
      return item.length === 1 ? ok(item[0] === CASE.true) : wrong('a flag with content');
    default:
      return readNumber(item);
  }
}

function readNumber([kind, magnitude, ...rest]: readonly Item[]): Result<Value> {
  if (rest.length > 0) return wrong('a number with too much content');
  if (kind === CASE.negative) {
    return typeof magnitude === 'number' && magnitude > 0 ? ok(-magnitude) : wrong('not a negative integer');
  }
  if (typeof magnitude !== 'number' && typeof magnitude !== 'bigint') return wrong('not a value');
  if (kind === CASE.bigint) return ok(BigInt(magnitude));
  if (kind === CASE.negativeBigint && BigInt(magnitude) > 0n) return ok(-BigInt(magnitude));
  return wrong('not a value');
}

function readList(item: readonly Item[], depth: number): Result<Value> {
  const list: Value[] = [];
  for (let i = 1; i < item.length; i++) {
    const entry = fromItem(item[i] as Item, depth + 1);
    if (!entry.ok) return entry;
    list.push(entry.value);
  }
  return ok(Object.freeze(list));
}

function readObject(item: readonly Item[], depth: number): Result<Value> {
  if (item.length % 2 === 0) return wrong('a key without a value');
  const object: Record<string, Value> = {};
  let before: string | undefined;
  for (let i = 1; i < item.length; i += 2) {
    const key = item[i];
    if (typeof key !== 'string' || isInheritedKey(key)) return wrong('not a key');
    if (before !== undefined && key <= before) return wrong('keys out of order');
    const entry = fromItem(item[i + 1] as Item, depth + 1);
    if (!entry.ok) return entry;
    object[key] = entry.value;
    before = key;
  }
  return ok(Object.freeze(object));
}
