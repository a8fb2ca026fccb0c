/** Arbitrary inputs from JSON Schema, and values of every kind. */
import * as fc from 'fast-check';
import { isInheritedKey, type Value } from '../value/value.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

const text: fc.Arbitrary<string> = fc
  .oneof(fc.string(), fc.string({ unit: 'grapheme' }))
  .filter((one) => one.isWellFormed());

const key: fc.Arbitrary<string> = text.filter((one) => !isInheritedKey(one));

/** Any value: what a peer may send where a schema checks nothing. */
export const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Value>(null, true, false, 0, 1, -1, '', Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
    fc.maxSafeInteger().map((n) => (n === 0 ? 0 : n)),
    fc.bigInt({ min: -(1n << 255n), max: 1n << 255n }),
    text,
    fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(bytes)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

const numberOr = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

/** How many schemas within each other are followed, through references too. */
const MAX_DEPTH = 12;

/** What the schema admits, as far as this reads it; undefined for a keyword that it does not know. */
export function fromJsonSchema(schema: JsonSchema): fc.Arbitrary<Value> | undefined {
  return read(schema, schema, 0);
}

function read(given: unknown, root: JsonSchema, depth: number): fc.Arbitrary<Value> | undefined {
  if (given === true) return anyValue;
  if (typeof given !== 'object' || given === null || depth > MAX_DEPTH) return undefined;
  const schema = given as JsonSchema;
  const inner = (part: unknown): fc.Arbitrary<Value> | undefined => read(part, root, depth + 1);
  if (typeof schema['$ref'] === 'string') return inner(resolve(schema['$ref'], root));
  if ('const' in schema) return fc.constant(schema['const'] as Value);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as Value[]));
  const choices = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(choices)) return oneOf(choices.map(inner));
  if (Array.isArray(schema['allOf'])) return schema['allOf'].length === 1 ? inner(schema['allOf'][0]) : undefined;
  if (Array.isArray(schema['type'])) return oneOf(schema['type'].map((type: unknown) => inner({ ...schema, type })));
  switch (schema['type']) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return readInteger(schema);
    case 'string':
      return readText(schema);
    case 'array':
      return readList(schema, inner);
    case 'object':
      return readObject(schema, inner);
    case undefined:
      return anyValue;
    default:
      return undefined;
  }
}

function resolve(reference: string, root: JsonSchema): unknown {
  if (!reference.startsWith('#')) return undefined;
  let place: unknown = root;
  for (const part of reference
    .slice(1)
    .split('/')
    .filter((name) => name !== '')) {
    place = (place as JsonSchema | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return place;
}

/** Choices that cannot be read are left out, as recursive ones are at some depth. */
function oneOf(choices: readonly (fc.Arbitrary<Value> | undefined)[]): fc.Arbitrary<Value> | undefined {
  const known = choices.filter((choice) => choice !== undefined);
  return known.length === 0 ? undefined : fc.oneof(...known);
}

function readInteger(schema: JsonSchema): fc.Arbitrary<Value> {
  const step = Math.max(1, Math.trunc(numberOr(schema['multipleOf'], 1)));
  const least = Math.max(numberOr(schema['minimum'], -Infinity), numberOr(schema['exclusiveMinimum'], -Infinity) + 1);
  const most = Math.min(numberOr(schema['maximum'], Infinity), numberOr(schema['exclusiveMaximum'], Infinity) - 1);
  const min = Math.ceil(Math.max(least, Number.MIN_SAFE_INTEGER) / step);
  const max = Math.floor(Math.min(most, Number.MAX_SAFE_INTEGER) / step);
  // Small numbers are where a state machine has its edges.
  const near = fc.integer({ min: Math.max(min, Math.min(-8, max)), max: Math.min(max, Math.max(8, min)) });
  const whole = fc.oneof({ arbitrary: near, weight: 3 }, { arbitrary: fc.maxSafeInteger(), weight: 1 });
  return whole.map((n) => Math.min(Math.max(n, min), max) * step || 0);
}

function readText(schema: JsonSchema): fc.Arbitrary<Value> | undefined {
  if (typeof schema['pattern'] === 'string') return fc.stringMatching(new RegExp(schema['pattern'], 'u'));
  if (schema['format'] === 'uuid') return fc.uuid();
  if (schema['format'] === 'email') return fc.emailAddress();
  if (schema['format'] !== undefined) return undefined;
  return fc.string({ minLength: numberOr(schema['minLength'], 0), maxLength: numberOr(schema['maxLength'], 40) });
}

type Inner = (part: unknown) => fc.Arbitrary<Value> | undefined;

function readList(schema: JsonSchema, inner: Inner): fc.Arbitrary<Value> | undefined {
  const minLength = numberOr(schema['minItems'], 0);
  const first = schema['prefixItems'];
  if (Array.isArray(first)) {
    const entries = first.map(inner);
    return entries.some((entry) => entry === undefined) ? undefined : fc.tuple(...(entries as fc.Arbitrary<Value>[]));
  }
  const entry = inner(schema['items'] ?? true);
  // A list of what cannot be read may still be empty.
  if (entry === undefined) return minLength === 0 ? fc.constant([]) : undefined;
  return fc.array(entry, { minLength, maxLength: numberOr(schema['maxItems'], minLength + 6) });
}

function readObject(schema: JsonSchema, inner: Inner): fc.Arbitrary<Value> | undefined {
  const properties = Object.entries((schema['properties'] ?? {}) as JsonSchema);
  const required = (schema['required'] ?? []) as readonly string[];
  const known: Record<string, fc.Arbitrary<Value>> = {};
  for (const [name, part] of properties) {
    const value = inner(part);
    if (value === undefined && required.includes(name)) return undefined;
    if (value !== undefined) known[name] = value;
  }
  const named = fc.record(known, {
    requiredKeys: required.filter((name) => name in known) as never[],
    noNullPrototype: true,
  });
  const other = schema['additionalProperties'];
  if (properties.length > 0 || typeof other !== 'object') return named as fc.Arbitrary<Value>;
  const value = inner(other);
  return value && fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true });
}
