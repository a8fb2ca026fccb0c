/** The name of a machine's code (spec RUN-12). */
import { hashItem, type CryptoSuite, type Item } from '@dsm/core';
import type { Definition, Machine } from './define.ts';
import { jsonSchemaOf, type StandardSchema } from './schema.ts';

const GIVEN = 0;
const READ = 1;

/** What is hashed: `[id, version, kind, text]`. A device that does not run the code itself can hash it too. */
export function describeCode({ definition }: Machine): Item {
  const { id, version, code } = definition;
  return code === undefined ? [id, version, READ, readCode(definition)] : [id, version, GIVEN, code];
}

/** 32 bytes. */
export const hashCode = (suite: CryptoSuite, machine: Machine): Uint8Array =>
  hashItem(suite, 'machine-code', describeCode(machine));

const sourceOf = (part: unknown): unknown =>
  typeof part === 'function' ? Function.prototype.toString.call(part) : part;

/** JSON with the keys of objects in order, as libraries may change the order in which they write them. */
const sortKeys = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const schemaOf = (schema: StandardSchema): unknown => jsonSchemaOf(schema) ?? schema['~standard'].vendor;

function readCode({ init, operations, state, turn, migrate }: Definition): string {
  const parts = {
    state: schemaOf(state),
    init: [schemaOf(init.input), sourceOf(init.create)],
    operations: Object.fromEntries(
      Object.entries(operations).map(([name, { input, signers = 'all', apply }]) => [
        name,
        [schemaOf(input), sourceOf(signers), sourceOf(apply)],
      ]),
    ),
    turn: sourceOf(turn) ?? null,
    migrate: sourceOf(migrate) ?? null,
  };
  return JSON.stringify(parts, sortKeys).toWellFormed();
}
