import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  findCycle,
  importGraph,
  isRelative,
  packageOf,
  parseSource,
  reachable,
  readSources,
  resolveImport,
  ROOT,
} from './support/sources.ts';

const MAX_LINES = 400;

/** What each package may import besides its own files; `node:` stands for every built-in module. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: ['cborg'],
  machine: ['@dsm/core', 'fast-check', 'node:', '<computed>'],
  platform: [
    '@dsm/core',
    '@noble/ciphers',
    '@noble/curves',
    '@noble/hashes',
    '@noble/post-quantum',
    '@scure/bip39',
    'blake3-jit',
    'idb',
    'node:',
  ],
  wallet: ['@dsm/core'],
  sdk: ['@dsm/core', '@dsm/machine', '@dsm/platform', '@dsm/wallet', 'bonjour-service', 'node:'],
  directory: ['@dsm/core', '@hono/node-server', 'hono'],
  cli: [
    '@clack/prompts',
    '@dsm/core',
    '@dsm/directory',
    '@dsm/platform',
    '@dsm/sdk',
    '@dsm/wallet',
    'commander',
    'node:',
  ],
};

const CRYPTO = /^(node:crypto|crypto|@noble\/|@scure\/|@oqs\/|blake3|hash-wasm)/;

const packages = Object.keys(ALLOWED);
const sources = Object.fromEntries(packages.map((name) => [name, readSources(`packages/${name}/src`)]));
const filesOf = (name: string) => sources[name] ?? [];

const isAllowed = (name: string, module: string): boolean =>
  (ALLOWED[name] ?? []).includes(module.startsWith('node:') ? 'node:' : packageOf(module));

const externals = (name: string): { file: string; module: string }[] =>
  filesOf(name).flatMap((file) =>
    file.imports.filter((module) => !isRelative(module)).map((module) => ({ file: file.path, module })),
  );

describe.each(packages)('packages/%s', (name) => {
  test('has sources', () => {
    expect(filesOf(name).length).toBeGreaterThan(0);
  });

  test('follows the dependency arrows', () => {
    expect(externals(name).filter(({ module }) => !isAllowed(name, module))).toEqual([]);
  });

  test('imports only packages that its package.json declares', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
      peerDependencies?: Record<string, string>;
    };
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const undeclared = externals(name).filter(
      ({ module }) => !/^node:|^<computed>$/.test(module) && !declared.includes(packageOf(module)),
    );
    expect(undeclared).toEqual([]);
    expect(declared.filter((dependency) => !(ALLOWED[name] ?? []).includes(dependency))).toEqual([]);
  });

  test('imports relative files with their .ts extension and never leaves its own src', () => {
    const own = `packages/${name}/src/`;
    const stray = filesOf(name).flatMap((file) =>
      file.imports
        .filter(isRelative)
        .filter((module) => !module.endsWith('.ts') || !resolveImport(file, module).startsWith(own))
        .map((module) => ({ file: file.path, module })),
    );
    expect(stray).toEqual([]);
  });

  test('has no import cycle between its files, types included', () => {
    expect(findCycle(importGraph(filesOf(name)))).toBeUndefined();
  });

  test(`has no file over ${MAX_LINES} lines`, () => {
    const long = filesOf(name)
      .map((file) => ({ file: file.path, lines: file.text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MAX_LINES);
    expect(long).toEqual([]);
  });
});

test.each(packages.filter((name) => name !== 'platform'))(
  'packages/%s reaches cryptography only through the CryptoSuite port',
  (name) => {
    const named = externals(name).filter(({ module }) => CRYPTO.test(module));
    const ambient = filesOf(name)
      .filter(({ names }) => names.has('globalThis.crypto') || names.has('crypto.subtle'))
      .map(({ path }) => path);
    expect([...named, ...ambient]).toEqual([]);
  },
);

test('machines know of Node only where they start its threads, and load a module by name only in one of these', () => {
  const named = externals('machine').filter(({ module }) => /^node:|^<computed>$/.test(module));
  expect([...new Set(named.map(({ file, module }) => `${file} ${module}`))].toSorted()).toEqual([
    'packages/machine/src/worker/entry.ts <computed>',
    'packages/machine/src/worker/node.ts node:worker_threads',
  ]);
});

test('core has no clock and no randomness', () => {
  const impure = filesOf('core').filter(({ names }) =>
    ['Date', 'Math.random', 'performance', 'crypto', 'process', 'globalThis'].some((name) => names.has(name)),
  );
  expect(impure.map(({ path }) => path)).toEqual([]);
});

test.each([
  ['platform', 'packages/platform/src/portable/'],
  ['platform', 'packages/platform/src/browser/'],
  ['sdk', 'packages/sdk/src/index.ts'],
  ['sdk', 'packages/sdk/src/browser/'],
])('what is portable of packages/%s reaches no built-in module of Node: %s', (name, place) => {
  const files = filesOf(name);
  const portable = files.filter(({ path }) => path.startsWith(place));
  expect(portable.length).toBeGreaterThan(0);
  const reached = reachable(
    importGraph(files),
    portable.map(({ path }) => path),
  );
  const native = files.filter(
    ({ path, imports }) => reached.has(path) && imports.some((module) => module.startsWith('node:')),
  );
  expect(native.map(({ path }) => path)).toEqual([]);
});

describe('the reader of imports', () => {
  test('sees imports, re-exports, dynamic imports and import types, and no text in comments or strings', () => {
    const file = parseSource(
      'packages/core/src/sample.ts',
      `import type { A } from './a.ts';
       import { b } from "node:fs";
       export * from './c.ts';
       export type { D } from './d.ts';
       import './e.ts';
       const f = await import('./f.ts');
       type G = import('./g.ts').G;
       const h = await import(f.name);
       // import './comment.ts';
       const text = "import './text.ts'";`,
    );
    expect(file.imports.toSorted()).toEqual(
      ['./a.ts', './c.ts', './d.ts', './e.ts', './f.ts', './g.ts', '<computed>', 'node:fs'].toSorted(),
    );
  });

  test('sees clocks and randomness', () => {
    const file = parseSource('sample.ts', 'export const now = () => Date.now() + Math.random();');
    expect(file.names.has('Date')).toBe(true);
    expect(file.names.has('Math.random')).toBe(true);
  });

  test('finds a cycle and names its files', () => {
    const cyclic = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['b']],
    ]);
    expect(findCycle(cyclic)).toEqual(['b', 'd', 'b']);
    expect(findCycle(new Map([['a', ['b']]]))).toBeUndefined();
  });
});
