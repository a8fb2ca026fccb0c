/** All marks of a set of runs: blocks, failures, error codes, kinds of faults; which were hit and which not. */
import { readFileSync } from 'node:fs';
import { ERROR_CODES } from '@dsm/core';
import { DISK_FAULTS } from '../disk/index.ts';
import { readBlocks, type FunctionCoverage } from './blocks.ts';
import type { Exception } from './exceptions.ts';
import { listProtocolFiles } from './files.ts';
import { findSites, hasArisen } from './sites.ts';

export interface Mark {
  readonly kind: 'block' | 'failure' | 'code' | 'fault';
  /** Where: file, or what kind of thing. */
  readonly at: string;
  readonly line: number;
  readonly text: string;
}

export interface Marks {
  readonly total: number;
  readonly missed: readonly Mark[];
}

/** The sources as they are loaded, by path from the root: read once, for who reports may not read others than who counts. */
export type Sources = ReadonlyMap<string, string>;

export const readSources = (root: URL): Sources =>
  new Map(listProtocolFiles(root).map((file) => [file, readFileSync(new URL(file, root), 'utf8')]));

export interface Observed {
  /** By path from the root; a list for each look. */
  readonly coverage: ReadonlyMap<string, readonly (readonly FunctionCoverage[])[]>;
  /** Lines of `failureLine`. */
  readonly failures: ReadonlySet<string>;
  /** Kinds of faults that were injected. */
  readonly faults: ReadonlySet<string>;
}

export function judgeMarks(root: URL, sources: Sources, { coverage, failures, faults }: Observed): Marks {
  const missed: Mark[] = [];
  let total = 0;
  for (const [file, source] of sources) {
    const functions = coverage.get(file);
    if (!functions) {
      total += 1;
      missed.push({ kind: 'block', at: file, line: 1, text: 'the file was never loaded' });
      continue;
    }
    const blocks = readBlocks(source, functions);
    total += blocks.total;
    const sites = findSites(source);
    total += sites.length;
    const silent = sites.filter((site) => !hasArisen(site, failures));
    for (const { line, code, rule, sentence } of silent) {
      missed.push({ kind: 'failure', at: file, line, text: `${code} ${rule} ${sentence}` });
    }
    // A block that does nothing but fail is that failure.
    for (const { line, text } of blocks.missed) {
      if (findSites(text).length === 0) missed.push({ kind: 'block', at: file, line, text });
    }
  }
  const arisen = new Set([...failures].map((line) => line.split('\t')[0]));
  for (const code of Object.keys(ERROR_CODES)) {
    total += 1;
    if (!arisen.has(code)) missed.push({ kind: 'code', at: 'error codes', line: 0, text: code });
  }
  for (const fault of listFaults(root)) {
    total += 1;
    if (!faults.has(fault)) missed.push({ kind: 'fault', at: 'faults', line: 0, text: fault });
  }
  return { total, missed };
}

/** Where types are taken out, a line at the end says of what. */
const urlLine = (root: URL, file: string): string => `\n\n//# sourceURL=${new URL(file, root).href}`;

/** Sources that were changed between reading and loading: their blocks would lie elsewhere. */
export const findChanged = (root: URL, sources: Sources, coverage: Observed['coverage']): readonly string[] =>
  [...sources].flatMap(([file, { length }]) => {
    const end = coverage.get(file)?.[0]?.[0]?.ranges[0]?.endOffset;
    const isSame = end === undefined || end === length + urlLine(root, file).length;
    return isSame ? [] : [`${file} was changed while it was counted`];
  });

/** Files that inject faults: each literal kind that they count is a mark. */
const INJECTORS: readonly string[] = [
  'simulation/actors/byzantine.ts',
  'simulation/actors/cheats.ts',
  'simulation/actors/faults.ts',
  'simulation/actors/letters.ts',
  'simulation/world/network.ts',
  'simulation/world/participant.ts',
];

export function listFaults(root: URL): readonly string[] {
  const named = INJECTORS.flatMap((file) =>
    [...readFileSync(new URL(file, root), 'utf8').matchAll(/\bcount\('([^']+)'\)/g)].map(([, kind = '']) => kind),
  );
  return [...new Set([...named, ...DISK_FAULTS.map((fault) => `disk: ${fault}`)])].toSorted();
}

const excuses = ({ at, text }: Exception, mark: Mark): boolean => mark.at === at && mark.text.startsWith(text);

/** What no exception names, and exceptions that name nothing. */
export const applyExceptions = (
  missed: readonly Mark[],
  exceptions: readonly Exception[],
): { readonly left: readonly Mark[]; readonly needless: readonly Exception[] } => ({
  left: missed.filter((mark) => !exceptions.some((exception) => excuses(exception, mark))),
  needless: exceptions.filter((exception) => !missed.some((mark) => excuses(exception, mark))),
});

export const describeMark = ({ kind, at, line, text }: Mark): string =>
  `${at}${line ? `:${line}` : ''} ${kind}: ${text.slice(0, 200)}`;
