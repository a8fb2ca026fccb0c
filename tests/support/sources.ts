/** What the files of a package import, read from their syntax trees. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** Relative to the repository's root. */
  readonly path: string;
  readonly text: string;
  /** Modules named by imports, re-exports, dynamic imports and import types. */
  readonly imports: readonly string[];
  /** Names read as free-standing identifiers or as `object.property`. */
  readonly names: ReadonlySet<string>;
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, see);
  else if (isNode(value)) {
    see(value);
    for (const child of Object.values(value)) visit(child, see);
  }
}

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

/** A dynamic import whose module is computed is listed as `<computed>`, which no rule allows. */
function readImport(node: Node): string | undefined {
  const source = node['source'] ?? node['argument'];
  if (!isNode(source)) return undefined;
  const literal = isNode(source['literal']) ? source['literal'] : source;
  return typeof literal['value'] === 'string' ? literal['value'] : '<computed>';
}

export function parseSource(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text);
  if (parsed.errors.length > 0) throw new Error(`${path}: ${parsed.errors[0]?.message}`);
  const imports = new Set<string>();
  const names = new Set<string>();
  visit(parsed.program, (node) => {
    if (IMPORTING.has(node.type)) {
      const name = readImport(node);
      if (name !== undefined) imports.add(name);
    } else if (node.type === 'Identifier') names.add(String(node['name']));
    else if (node.type === 'MemberExpression' && isNode(node['object']) && isNode(node['property'])) {
      names.add(`${String(node['object']['name'])}.${String(node['property']['name'])}`);
    }
  });
  return { path, text, imports: [...imports], names };
}

/** All TypeScript files below a folder of the repository, sorted. */
export const readSources = (folder: string): SourceFile[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .toSorted()
    .map((path) => parseSource(join(folder, path), readFileSync(join(ROOT, folder, path), 'utf8')));

export const isRelative = (module: string): boolean => module.startsWith('.');

/** `@dsm/platform/node` belongs to `@dsm/platform`, `cborg/taglib` to `cborg`; `node:fs` stands for itself. */
export const packageOf = (module: string): string =>
  module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/');

export const resolveImport = (from: SourceFile, module: string): string =>
  relative(ROOT, resolve(ROOT, dirname(from.path), module));

/** Relative imports as a graph over repository paths. */
export const importGraph = (files: readonly SourceFile[]): Map<string, string[]> =>
  new Map(files.map((file) => [file.path, file.imports.filter(isRelative).map((name) => resolveImport(file, name))]));

/** One cycle as the list of its files, or `undefined`. */
export function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const finished = new Set<string>();
  const walk = (path: string, trail: readonly string[]): string[] | undefined => {
    const start = trail.indexOf(path);
    if (start >= 0) return [...trail.slice(start), path];
    if (finished.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const cycle = walk(next, [...trail, path]);
      if (cycle) return cycle;
    }
    finished.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const cycle = walk(path, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/** Everything that can be reached from these files, themselves included. */
export function reachable(graph: ReadonlyMap<string, readonly string[]>, from: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const open = [...from];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    open.push(...(graph.get(path) ?? []));
  }
  return seen;
}
