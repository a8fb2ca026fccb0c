import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adviceFor } from '../src/output/advice.ts';
import { emitAnswer, emitFailure } from '../src/output/emit.ts';
import { checkOutput, replaceFile, writeOutput } from '../src/output/file.ts';
import { explainGrade, formatRemaining, isoTime } from '../src/output/words.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('CLI-5: output files', () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'dsm-output-'));
    path = join(dir, 'out');
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test('are written whole and leave nothing beside', () => {
    expect(writeOutput(path, bytes('abc')).ok).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('abc');
    expect(readdirSync(dir)).toEqual(['out']);
  });

  test('written again with the same bytes are left alone', () => {
    writeOutput(path, bytes('abc'));
    const { ino, mtimeNs } = statSync(path, { bigint: true });
    expect(writeOutput(path, bytes('abc')).ok).toBe(true);
    expect(statSync(path, { bigint: true })).toMatchObject({ ino, mtimeNs });
  });

  test.each(['abd', 'ab', 'abcd', ''])('never replace other bytes: %j', (present) => {
    writeFileSync(path, present);
    expect(writeOutput(path, bytes('abc'))).toMatchObject({ ok: false, error: { code: 'E_EXISTS', rule: 'CLI-5' } });
    expect(readFileSync(path, 'utf8')).toBe(present);
    expect(readdirSync(dir)).toEqual(['out']);
  });

  test('never replace a directory or a link, even one that leads nowhere', () => {
    mkdirSync(join(dir, 'folder'));
    symlinkSync('nowhere', join(dir, 'link'));
    for (const name of ['folder', 'link']) {
      expect(writeOutput(join(dir, name), bytes('abc'))).toMatchObject({ ok: false, error: { code: 'E_EXISTS' } });
    }
    expect(readdirSync(dir).toSorted()).toEqual(['folder', 'link']);
  });

  test('where the directory is missing are refused before anything is done', () => {
    const deep = join(dir, 'none/out');
    expect(checkOutput(deep, false)).toMatchObject({ ok: false, error: { code: 'E_NOT_FOUND' } });
    expect(writeOutput(deep, bytes('abc'))).toMatchObject({ ok: false, error: { code: 'E_STORE' } });
  });

  test('that exist are refused beforehand, unless this command wrote them', () => {
    expect(checkOutput(path, false).ok).toBe(true);
    writeFileSync(path, 'abc');
    expect(checkOutput(path, false)).toMatchObject({ ok: false, error: { code: 'E_EXISTS' } });
    expect(checkOutput(path, true).ok).toBe(true);
  });

  test('that the program keeps for itself are replaced in one step, with their mode', () => {
    writeFileSync(path, 'old');
    linkSync(path, join(dir, 'old'));
    replaceFile(path, bytes('new'), 0o600);
    chmodSync(join(dir, 'old'), 0o600);
    expect([readFileSync(path, 'utf8'), readFileSync(join(dir, 'old'), 'utf8')]).toEqual(['new', 'old']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir).toSorted()).toEqual(['old', 'out']);
  });
});

describe('what is printed', () => {
  const sink = () => {
    const printed = { stdout: '', stderr: '' };
    return {
      printed,
      emitter: (json: boolean) => ({
        json,
        stdout: (text: string) => void (printed.stdout += text),
        stderr: (text: string) => void (printed.stderr += text),
      }),
    };
  };
  const failure = { code: 'E_INCOMPLETE', rule: 'CHN-13', message: 'two\nlines', missing: ['body 00'] } as const;

  test('an answer is one object, or lines', () => {
    const { printed, emitter } = sink();
    expect(emitAnswer(emitter(true), { json: { a: 1, b: undefined }, lines: ['x'] })).toBe(0);
    expect(emitAnswer(emitter(false), { json: { a: 1 }, lines: ['x', 'y'] })).toBe(0);
    expect(printed).toEqual({ stdout: '{"a":1}\nx\ny\n', stderr: '' });
  });

  test('a failure is one last line of JSON, whatever its message holds', () => {
    const { printed, emitter } = sink();
    expect(emitFailure(emitter(true), failure)).toBe(1);
    expect(printed).toEqual({ stdout: '', stderr: '{"error":{"code":"E_INCOMPLETE","message":"two\\nlines"}}\n' });
  });

  test('a failure is told to a person with what is missing', () => {
    const { printed, emitter } = sink();
    emitFailure(emitter(false), failure);
    expect(stripVTControlCharacters(printed.stderr)).toBe('dsm: E_INCOMPLETE two\nlines\n  missing: body 00\n');
  });

  test('a failure is told to a person with what to do next, and to a program without', () => {
    const person = sink();
    emitFailure(person.emitter(false), { code: 'E_PENDING', message: 'm' }, adviceFor('E_PENDING', 'pay <name>'));
    expect(stripVTControlCharacters(person.printed.stderr)).toMatch(
      /^dsm: E_PENDING m\n  .*finishes or ends it.*pays twice\n$/,
    );
    const program = sink();
    emitFailure(program.emitter(true), { code: 'E_PENDING', message: 'm' }, 'advice');
    expect(program.printed.stderr).toBe('{"error":{"code":"E_PENDING","message":"m"}}\n');
  });

  test('dates in a message are for people, and with --json for programs', () => {
    const until = { code: 'E_TOO_EARLY', message: 'nothing until 2027-03-14T18:00:00.000Z; wait' } as const;
    const person = sink();
    emitFailure(person.emitter(false), until);
    expect(person.printed.stderr).toMatch(/nothing until 1[45] March 2027, \d\d:\d\d; wait/);
    const program = sink();
    emitFailure(program.emitter(true), until);
    expect(program.printed.stderr).toContain('2027-03-14T18:00:00.000Z');
  });

  test('advice never says that a claim submitted again pays twice', () => {
    expect(adviceFor('E_PENDING', 'submit <file>')).toBe('submit it again later; a claim counts once');
    expect(adviceFor('E_PENDING', 'sync')).not.toContain('twice');
    expect(adviceFor('E_WINDOW', 'release <name>')).toContain('clocks');
    expect(adviceFor('E_WINDOW', 'verify <file>')).toBeUndefined();
    expect(adviceFor('E_POLICY', 'accept <file>')).toBeUndefined();
  });

  test('an answer that is a failure too exits so', () => {
    const { printed, emitter } = sink();
    expect(emitAnswer(emitter(true), { json: { ok: false }, lines: [], failure })).toBe(1);
    expect(printed.stdout).toBe('{"ok":false}\n');
    expect(JSON.parse(printed.stderr)).toEqual({ error: { code: 'E_INCOMPLETE', message: 'two\nlines' } });
  });

  test.each([
    ['E_USAGE', 2],
    ['E_INTERNAL', 70],
    ['E_POLICY', 1],
  ] as const)('%s exits with %i', (code, exit) => {
    const { emitter } = sink();
    expect(emitFailure(emitter(true), { code, message: '' })).toBe(exit);
  });
});

describe('grades in plain words', () => {
  const by = Date.UTC(2027, 2, 14, 12);
  const words = (grade: Parameters<typeof explainGrade>[0], until?: number): string =>
    stripVTControlCharacters(explainGrade(grade, until));

  test('say what each rests on, and until when', () => {
    expect(words('certified')).toMatch(/^certified: final/);
    expect(words('reserved', by)).toMatch(/^reserved: final once claimed by 14 March 2027/);
    expect(words('provisional', by)).toMatch(
      /^provisional: may still be taken back until it is certified, at the latest by 14 March 2027/,
    );
    expect(words('provisional')).toBe('provisional: may still be taken back until it is certified');
  });

  test('say how long is left', () => {
    const at = (ms: number): string => formatRemaining(ms, 0);
    expect([at(0), at(1), at(60_000), at(7_200_000), at(3 * 86_400_000)]).toEqual([
      'now past',
      'in 1 minute',
      'in 1 minute',
      'in 2 hours',
      'in 3 days',
    ]);
  });

  test('times for programs are ISO 8601', () => {
    expect(isoTime(by)).toBe('2027-03-14T12:00:00.000Z');
  });
});
