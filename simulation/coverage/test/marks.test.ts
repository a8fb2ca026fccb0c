/** The report can fail: a mark that is hit, one that is missed, an exception that is not needed. */
import { describe, expect, test } from 'vitest';
import { readBlocks, type FunctionCoverage } from '../blocks.ts';
import { EXCEPTIONS } from '../exceptions.ts';
import { applyExceptions, findChanged, judgeMarks, readSources, type Mark } from '../marks.ts';
import { failureLine, findSites, hasArisen } from '../sites.ts';

const ROOT = new URL('../../../', import.meta.url);

const SOURCE = 'function choose(a) {\n  if (a) {\n    return left(a);\n  }\n  return right(a);\n}\n';

const run = (...ranges: readonly (readonly [number, number, number])[]): readonly FunctionCoverage[] => [
  {
    functionName: 'choose',
    isBlockCoverage: true,
    ranges: ranges.map(([startOffset, endOffset, count]) => ({ startOffset, endOffset, count })),
  },
];

const WHOLE = [0, SOURCE.length, 1] as const;
const THEN = [SOURCE.indexOf('{\n    '), SOURCE.indexOf('}\n  ') + 1] as const;
const REST = [SOURCE.indexOf('return right'), SOURCE.lastIndexOf('}')] as const;

describe('blocks', () => {
  test('one that has not run is named with its line and its text', () => {
    const { missed } = readBlocks(SOURCE, [run(WHOLE, [...THEN, 0])]);
    expect(missed).toEqual([{ line: 2, text: '{ return left(a); }' }]);
  });

  test('everything has run', () => {
    expect(readBlocks(SOURCE, [run(WHOLE, [...THEN, 1])]).missed).toEqual([]);
  });

  test('what ran before any of the looks has run', () => {
    const looks = [run(WHOLE, [...THEN, 0]), run(WHOLE, [...REST, 0])];
    expect(readBlocks(SOURCE, looks).missed).toEqual([]);
    expect(readBlocks(SOURCE, looks.slice(0, 1)).missed).toHaveLength(1);
  });
});

describe('failures', () => {
  const [site, other] = findSites(
    "if (x) return fail('E_LINK', 'CHN-2', `state ${index} is not ${what}`);\n fail('E_LINK', 'CHN-2', 'no parent');",
  );

  test('every place where one arises is found with its line', () => {
    expect([site?.line, other?.line]).toEqual([1, 2]);
  });

  test('what is filled in matches anything, code and rule nothing else', () => {
    const arisen = [failureLine('E_LINK', 'CHN-2', 'state 7 is not there')];
    expect(hasArisen(site!, arisen)).toBe(true);
    expect(hasArisen(other!, arisen)).toBe(false);
    expect(hasArisen(site!, [failureLine('E_LINK', 'CHN-3', 'state 7 is not there')])).toBe(false);
  });
});

describe('marks', () => {
  const mark: Mark = { kind: 'failure', at: 'a.ts', line: 3, text: 'E_LINK CHN-2 no parent' };

  test('a missed one stays, unless an exception names it', () => {
    expect(applyExceptions([mark], []).left).toEqual([mark]);
    expect(applyExceptions([mark], [{ at: 'a.ts', text: 'E_LINK CHN-2', reason: 'because' }]).left).toEqual([]);
    expect(applyExceptions([mark], [{ at: 'b.ts', text: 'E_LINK CHN-2', reason: 'because' }]).left).toEqual([mark]);
  });

  test('an exception for what was hit is needless', () => {
    const exception = { at: 'a.ts', text: 'E_LINK CHN-2', reason: 'because' };
    expect(applyExceptions([], [exception]).needless).toEqual([exception]);
    expect(applyExceptions([mark], [exception]).needless).toEqual([]);
  });

  test('where nothing has run everything is missed: files, codes, faults', () => {
    const { total, missed } = judgeMarks(ROOT, readSources(ROOT), {
      coverage: new Map(),
      failures: new Set(),
      faults: new Set(),
    });
    expect(missed).toHaveLength(total);
    expect(new Set(missed.map(({ kind }) => kind))).toEqual(new Set(['block', 'code', 'fault']));
  });

  test('a source that is changed while the runs go on is told, for its blocks would lie elsewhere', () => {
    const loaded = `${SOURCE}\n\n//# sourceURL=${new URL('a.ts', ROOT).href}`;
    const coverage = new Map([['a.ts', [run([0, loaded.length, 1])]]]);
    expect(findChanged(ROOT, new Map([['a.ts', SOURCE]]), coverage)).toEqual([]);
    expect(findChanged(ROOT, new Map([['a.ts', `${SOURCE} `]]), coverage)).toHaveLength(1);
  });

  test('every exception has a reason in words', () => {
    for (const { reason } of EXCEPTIONS) expect(reason.split(' ').length).toBeGreaterThan(3);
  });
});
