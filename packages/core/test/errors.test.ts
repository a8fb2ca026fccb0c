/** Every way in which a rule of this package refuses something is provoked by a test of this package. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES, isErrorCode } from '@dsm/core';
import { describe, expect, test } from 'vitest';

const HERE = import.meta.dirname;

interface Source {
  readonly path: string;
  readonly text: string;
}

const readAll = (folder: string): readonly Source[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }));

/** `E_CODE RULE-1` of every failure that a source can answer. */
const refusalsIn = ({ text }: Source): readonly string[] =>
  [...text.matchAll(/'(E_[A-Z_]+)',\s*'([A-Z]{3}-\d+)'/g)].map(([, code, rule]) => `${code} ${rule}`);

const sources = readAll(join(HERE, '../src'));
const tests = readAll(HERE).filter(({ path }) => path !== 'errors.test.ts');
const refusals = [...new Set(sources.flatMap(refusalsIn))];

/** Provoked in a test that compares the code alone. */
const BY_CODE: Readonly<Record<string, string>> = {
  'E_PENDING NET-14': 'network/gather.test.ts',
  'E_PENDING NET-30': 'network/unlock.test.ts',
  'E_CERTIFICATE NET-30': 'network/unlock.test.ts',
  'E_FORMAT NET-13': 'network/wire.test.ts',
  'E_CONFLICT STO-2': 'ports/memory-store.test.ts',
  'E_STORE STO-4': 'ports/memory-store.test.ts',
};

const isProvoked = (refusal: string): boolean => {
  const [code = ''] = refusal.split(' ');
  const file = BY_CODE[refusal];
  // NET-1 is not NET-12.
  const whole = new RegExp(`${refusal}(?!\\d)`);
  return tests.some(({ path, text }) => (file === undefined ? whole.test(text) : path === file && text.includes(code)));
};

describe('error codes', () => {
  test('the sources name refusals, and more than a hundred', () => {
    expect(refusals.length).toBeGreaterThan(100);
    expect(Object.keys(BY_CODE).filter((refusal) => !refusals.includes(refusal))).toEqual([]);
  });

  test.each(refusals)('%s is provoked', (refusal) => {
    expect(isProvoked(refusal)).toBe(true);
  });

  test('every code that this package can answer is one of the list', () => {
    const codes = new Set(sources.flatMap(({ text }) => text.match(/(?<=')E_[A-Z_]+(?=')/g) ?? []));
    expect([...codes].filter((code) => !isErrorCode(code))).toEqual([]);
  });

  test('no name of every object is a code', () => {
    for (const name of ['toString', '__proto__', 'constructor', '', 'e_format']) expect(isErrorCode(name)).toBe(false);
    for (const code of Object.keys(ERROR_CODES)) expect(isErrorCode(code)).toBe(true);
  });
});
