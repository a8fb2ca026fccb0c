/** From a value to its one encoding (spec RUN-1 and RUN-3). */
import { encodeItem, fail, LIMITS, ok, type ErrorCode, type Item, type Result } from '@dsm/core';
import { CASE, isInheritedKey, type Value } from './value.ts';

const MAX_BIGINT = 1n << BigInt(8 * LIMITS.bignumBytes);

interface Problem {
  readonly code: ErrorCode & ('E_FORMAT' | 'E_LIMIT');
  readonly what: string;
  /** Keys from the innermost outwards. */
  readonly path: string[];
}

interface Walk {
  /** What is left of the size: every part takes a byte at least, so that shared parts cannot multiply. */
  budget: number;
  readonly above: object[];
}

type Step = { readonly item: Item } | Problem;

const refuse = (what: string, code: Problem['code'] = 'E_FORMAT'): Problem => ({ code, what, path: [] });

/** The canonical bytes; `E_FORMAT` for what is no value, `E_LIMIT` for what is too deep or too large. */
export function encodeValue(value: unknown, maxBytes: number = LIMITS.machineStateBytes): Result<Uint8Array> {
  let step: Step;
  try {
    step = toItem(value, { budget: maxBytes, above: [] });
  } catch {
    // A Proxy may throw whatever it likes while it is read.
    return fail('E_FORMAT', 'RUN-3', 'a value that cannot be read');
  }
  if ('code' in step) {
    const at = step.path.length === 0 ? '' : `${step.path.toReversed().join('')}: `.replace(/^\./, '');
    return fail(step.code, 'RUN-3', `${at}${step.what}`);
  }
  const bytes = encodeItem(step.item);
  return bytes.length <= maxBytes ? ok(bytes) : fail('E_LIMIT', 'RUN-3', tooLarge(maxBytes));
}

const tooLarge = (maxBytes: number): string => `more than ${maxBytes} bytes`;

function toItem(value: unknown, walk: Walk): Step {
  walk.budget -= typeof value === 'string' ? value.length + 1 : 1;
  if (walk.budget < 0) return refuse('too large', 'E_LIMIT');
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? { item: value } : refuse('half of a surrogate pair');
    case 'boolean':
      return { item: [value ? CASE.true : CASE.false] };
    case 'number':
      return numberItem(value);
    case 'bigint':
      if (value >= MAX_BIGINT || value <= -MAX_BIGINT) return refuse('a bigint of more than 256 bits', 'E_LIMIT');
      return { item: value < 0n ? [CASE.negativeBigint, -value] : [CASE.bigint, value] };
    case 'object':
      return value === null ? { item: null } : objectItem(value, walk);
    case 'undefined':
      return refuse('undefined; leave the key out, or use null');
    default:
      return refuse(`a ${typeof value}`);
  }
}

function numberItem(value: number): Step {
  if (Object.is(value, -0)) return refuse('-0');
  if (!Number.isInteger(value)) return refuse(`${value} is no integer`);
  if (!Number.isSafeInteger(value)) return refuse(`${value} is not exact; use a bigint`);
  return { item: value < 0 ? [CASE.negative, -value] : value };
}

function objectItem(value: object, walk: Walk): Step {
  if (value instanceof Uint8Array) {
    walk.budget -= value.length;
    return walk.budget < 0 ? refuse('too large', 'E_LIMIT') : { item: new Uint8Array(value) };
  }
  if (walk.above.includes(value)) return refuse('a cycle');
  if (walk.above.length >= LIMITS.machineDepth) return refuse(`deeper than ${LIMITS.machineDepth}`, 'E_LIMIT');
  walk.above.push(value);
  const step = Array.isArray(value) ? listItem(value, walk) : plainItem(value, walk);
  walk.above.pop();
  return step;
}

/** The value of an own enumerable data property. Getters are never called: what they give may change. */
function readProperty(object: object, key: string): { readonly value: unknown } | Problem {
  const property = Object.getOwnPropertyDescriptor(object, key);
  if (property === undefined) return refuse('a hole');
  if (!('value' in property)) return refuse('a getter');
  return property.enumerable === true ? { value: property.value } : refuse('a hidden property');
}

function listItem(list: readonly unknown[], walk: Walk): Step {
  if (Object.getPrototypeOf(list) !== Array.prototype) return refuse('an instance of a class');
  // One more: the length.
  if (Reflect.ownKeys(list).length !== list.length + 1) return refuse('a list with holes or with keys of its own');
  const item: Item[] = [CASE.list];
  for (let i = 0; i < list.length; i++) {
    const entry = within(list, String(i), `[${i}]`, walk);
    if ('code' in entry) return entry;
    item.push(entry.item);
  }
  return { item };
}

function plainItem(object: object, walk: Walk): Step {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) return refuse('an instance of a class');
  const keys: string[] = [];
  for (const key of Reflect.ownKeys(object)) {
    if (typeof key !== 'string') return refuse('a symbol as a key');
    if (isInheritedKey(key)) return refuse(`the key ${key}, which every object inherits`);
    if (!key.isWellFormed()) return refuse('half of a surrogate pair in a key');
    walk.budget -= key.length + 1;
    keys.push(key);
  }
  const item: Item[] = [CASE.object];
  // The default order of sort is that of code units (spec RUN-1).
  // oxlint-disable-next-line typescript/require-array-sort-compare
  for (const key of keys.toSorted()) {
    const entry = within(object, key, `.${key}`, walk);
    if ('code' in entry) return entry;
    item.push(key, entry.item);
  }
  return { item };
}

function within(object: object, key: string, at: string, walk: Walk): Step {
  const property = readProperty(object, key);
  const step = 'code' in property ? property : toItem(property.value, walk);
  if ('code' in step) step.path.push(at);
  return step;
}

/** Whether it can be encoded, whatever its type says. */
export const isValue = (value: unknown, maxBytes?: number): value is Value => encodeValue(value, maxBytes).ok;
