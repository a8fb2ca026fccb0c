/** The specification, the code and the tests name the same rules, codes, limits and hash tags. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ERROR_CODES, LIMITS, SIGNATURE_ALGORITHMS } from '@dsm/core';
import { describe, expect, test } from 'vitest';
import { ROOT } from './support/sources.ts';
import {
  anchorsOf,
  definedRules,
  namedRules,
  readText,
  readTexts,
  relativeLinks,
  ruleText,
  tableNames,
  type Text,
} from './support/spec.ts';

const THIS = 'tests/spec.test.ts';

const pages = readTexts('spec', '.md');
const sources = readTexts('packages', '.ts').filter(({ path }) => path.includes('/src/'));
// Acceptance suites are tests that live beside their ports, so that every adapter can run them.
const isTest = ({ path }: Text): boolean =>
  (/\/test\/|^tests\//.test(path) || path.endsWith('-acceptance.ts')) && path !== THIS;
const tests = [...readTexts('packages', '.ts'), ...readTexts('tests', '.ts')].filter(isTest);
const markdown = [...readTexts('.', '.md')];

const defined = pages.flatMap((page) => definedRules(page).map((id) => ({ id, page: page.path })));
const definedIds = new Set(defined.map(({ id }) => id));

/** Where each rule id is named. */
function whereNamed(texts: readonly Text[]): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  for (const text of texts) {
    for (const id of namedRules(text.text)) places.set(id, [...(places.get(id) ?? []), text.path]);
  }
  return places;
}

/** Rules that no test can break, each with the reason. */
const UNTESTED: Readonly<Record<string, string>> = {};

describe('rules', () => {
  test('every page with rules uses the prefixes that the front page gives it', () => {
    const index = readText('spec/README.md');
    const listed = [...index.text.matchAll(/^\| \[([\w-]+\.md)\]\(\1\) \| ?([A-Z, ]*) \|/gm)];
    const announced = new Map(listed.map(([, page = '', prefixes = '']) => [`spec/${page}`, prefixes]));
    expect(pages.filter(({ path }) => path !== index.path).map(({ path }) => path)).toEqual(
      [...announced.keys()].toSorted(),
    );
    const strange = defined.filter(({ id, page }) => !announced.get(page)?.split(', ').includes(id.slice(0, 3)));
    expect(strange).toEqual([]);
  });

  test('each is defined once, in the order of its number', () => {
    const ids = defined.map(({ id }) => id);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    for (const page of pages) {
      for (const prefix of new Set(definedRules(page).map((id) => id.slice(0, 3)))) {
        const numbers = definedRules(page)
          .filter((id) => id.startsWith(prefix))
          .map((id) => Number(id.slice(4)));
        expect(numbers, `${page.path} ${prefix}`).toEqual(numbers.toSorted((a, b) => a - b));
      }
    }
  });

  test('each that a source, a test or a document names is defined', () => {
    const undefinedIds = [...whereNamed([...sources, ...tests, ...markdown])].filter(([id]) => !definedIds.has(id));
    expect(undefinedIds).toEqual([]);
  });

  test('each is named by a test', () => {
    // Literally: a span in a comment proves nothing about the rules in between.
    const named = new Set(tests.flatMap(({ text }) => text.match(/\b[A-Z]{3}-\d+\b/g) ?? []));
    const missing = [...definedIds].filter((id) => !named.has(id) && !Object.hasOwn(UNTESTED, id));
    expect(missing).toEqual([]);
    expect(Object.keys(UNTESTED).filter((id) => named.has(id) || !definedIds.has(id))).toEqual([]);
  });

  test('a failure names the code that its rule speaks of', () => {
    const spoken = new Map(pages.flatMap((page) => definedRules(page).map((id) => [id, ruleText(page, id)] as const)));
    const unspoken = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/'(E_[A-Z_]+)',\s*'([A-Z]{3}-\d+)'/g)]
        // A defect breaks no rule.
        .filter(([, code = '', id = '']) => code !== 'E_INTERNAL' && !spoken.get(id)?.includes(`\`${code}\``))
        .map(([, code = '', id = '']) => `${path}: ${id} does not speak of ${code}`),
    );
    expect([...new Set(unspoken)]).toEqual([]);
  });
});

describe('errors', () => {
  const page = readText('spec/errors.md');
  const codes = Object.keys(ERROR_CODES);

  test('each has one line, with the meaning that the code gives', () => {
    expect(tableNames(page).toSorted()).toEqual(codes.toSorted());
    const other = Object.entries(ERROR_CODES).filter(
      ([code, meaning]) => !page.text.includes(`| \`${code}\` | ${meaning} |`),
    );
    expect(other).toEqual([]);
  });

  test('each is provoked by a test', () => {
    const text = tests.map((one) => one.text).join('\n');
    expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(text))).toEqual([]);
  });

  test('each that a document names exists', () => {
    const strange = markdown.flatMap(({ path, text }) =>
      [...new Set(text.match(/\bE_[A-Z]+(?:_[A-Z]+)*\b/g))]
        .filter((code) => !Object.hasOwn(ERROR_CODES, code))
        .map((code) => `${path}: ${code}`),
    );
    expect(strange).toEqual([]);
  });
});

test('every limit has one line with its value', () => {
  const page = readText('spec/limits.md');
  expect(tableNames(page).toSorted()).toEqual(Object.keys(LIMITS).toSorted());
  const other = Object.entries(LIMITS).filter(
    ([name, value]) => !page.text.includes(`| \`${name}\` | ${value.toLocaleString('en-US')} |`),
  );
  expect(other).toEqual([]);
});

describe('hash tags and algorithms', () => {
  const page = readText('spec/encoding.md');

  test('ENC-5: every tag that a source hashes under has one line', () => {
    const declared = readText('packages/core/src/crypto/hash.ts').text.matchAll(/^ {2}\| '([a-z0-9-]+)'/gm);
    const everything = sources.map(({ text }) => text).join('\n');
    const used = everything.matchAll(
      /(?:hashItem(?:<\w+>)?\(\s*[\w.]+,|\b(?:hash|deriveBytes|derive)\()\s*'([a-z0-9-]+)'/g,
    );
    const tags = new Set([...declared, ...used].map(([, tag = '']) => tag));
    expect(tags.size).toBeGreaterThan(20);
    const listed = tableNames({ ...page, text: ruleText(page, 'ENC-5') }).filter((name) => /^[a-z0-9-]+$/.test(name));
    expect(listed.toSorted()).toEqual([...tags].toSorted());
  });

  test('ENC-6: every algorithm has one line with its id and sizes', () => {
    for (const { id, publicKeyBytes, signatureBytes } of Object.values(SIGNATURE_ALGORITHMS)) {
      const sizes = [publicKeyBytes, signatureBytes].map((size) => size.toLocaleString('en-US')).join(' | ');
      expect(ruleText(page, 'ENC-6')).toMatch(
        new RegExp(`^\\| ${id} \\| [^|]+ \\| ${sizes.replace('|', '\\|')} \\|`, 'm'),
      );
    }
  });
});

describe('documents', () => {
  test('every relative link leads to a file, every anchor to a heading', () => {
    const broken = markdown.flatMap((file) =>
      relativeLinks(file)
        .filter(({ target, anchor }) => {
          const path = target === '' ? file.path : normalize(join(dirname(file.path), target));
          if (!existsSync(join(ROOT, path))) return true;
          return anchor !== undefined && path.endsWith('.md') && !anchorsOf(readText(path)).has(anchor);
        })
        .map(({ target, anchor }) => `${file.path}: ${target}${anchor === undefined ? '' : `#${anchor}`}`),
    );
    expect(broken).toEqual([]);
  });

  test('every document is reached from the README', () => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path) || !existsSync(join(ROOT, path))) return;
      reached.add(path);
      if (!path.endsWith('.md')) return;
      for (const { target } of relativeLinks(readText(path))) {
        if (target !== '') visit(normalize(join(dirname(path), target)));
      }
    };
    visit('README.md');
    expect(markdown.map(({ path }) => normalize(path)).filter((path) => !reached.has(path))).toEqual([]);
  });
});

describe('the readers of this test', () => {
  test('a span of rules names all of them', () => {
    expect([...namedRules('spec REL-1 to REL-3, ENC-8; not KEM-768')].toSorted()).toEqual([
      'ENC-8',
      'REL-1',
      'REL-2',
      'REL-3',
    ]);
  });

  test('links in code are none, and others are found', () => {
    const text = '[a](b.md#c) `[d](e.md)` [f](https://g) [h](#i)\n```\n[j](k.md)\n```\n';
    expect(relativeLinks({ path: 'x.md', text })).toEqual([
      { from: 'x.md', target: 'b.md', anchor: 'c' },
      { from: 'x.md', target: '', anchor: 'i' },
    ]);
  });

  test('a rule ends where the next begins', () => {
    const text = '# T\n\n**ENC-1** one `E_A`\n\n| x |\n\n**ENC-2** two\n\n## U\n\nthree\n';
    const page = { path: 'x.md', text };
    expect(definedRules(page)).toEqual(['ENC-1', 'ENC-2']);
    expect(ruleText(page, 'ENC-1')).toContain('| x |');
    expect(ruleText(page, 'ENC-1')).not.toContain('two');
    expect(ruleText(page, 'ENC-2')).not.toContain('three');
  });
});
