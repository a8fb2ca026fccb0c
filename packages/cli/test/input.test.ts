import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test as property } from '@fast-check/vitest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openClock } from '../src/input/clock.ts';
import { formatDuration, parseDuration, parseSignedDuration, parseTime } from '../src/input/duration.ts';
import { readInput } from '../src/input/file.ts';
import { parseWhole } from '../src/input/number.ts';

const DAY_MS = 86_400_000;

describe('CLI-3: durations', () => {
  test.each([
    ['30d', 30 * DAY_MS],
    ['12h', DAY_MS / 2],
    ['90m', 5_400_000],
    ['45s', 45_000],
    ['250ms', 250],
    ['1d12h30m', DAY_MS + 45_000_000],
    ['0s', 0],
  ])('%s', (text, ms) => {
    expect(parseDuration(text, '--until')).toEqual({ ok: true, value: ms });
  });

  test.each(['', '30', 'd', '1.5h', '-1h', '1 h', ' 1h', '1h ', '1H', '1w', '999999999999d', '1e3s', '٣h'])(
    'refuses %j and names the option',
    (text) => {
      const refusal = parseDuration(text, '--until');
      expect(refusal).toMatchObject({ ok: false, error: { code: 'E_USAGE', rule: 'CLI-3' } });
      expect(refusal.ok || refusal.error.message).toMatch(/^--until: /);
    },
  );

  test('with a sign', () => {
    expect(parseSignedDuration('-1h', 'x')).toEqual({ ok: true, value: -3_600_000 });
    expect(parseSignedDuration('+2d', 'x')).toEqual({ ok: true, value: 2 * DAY_MS });
    expect(parseSignedDuration('2d', 'x')).toEqual({ ok: true, value: 2 * DAY_MS });
    expect(parseSignedDuration('--1h', 'x').ok).toBe(false);
  });

  property.prop([fc.integer({ min: 0, max: 2 ** 45 })])('are read back from what is printed', (ms) => {
    expect(parseDuration(formatDuration(ms), 'x')).toEqual({ ok: true, value: ms });
  });
});

describe('CLI-3: times', () => {
  const now = Date.UTC(2027, 0, 1);

  test.each([
    ['2027-03-14T18:00:00Z', Date.UTC(2027, 2, 14, 18)],
    ['2027-03-14T18:00Z', Date.UTC(2027, 2, 14, 18)],
    ['2027-03-14T18:00:00.250+02:00', Date.UTC(2027, 2, 14, 16, 0, 0, 250)],
    ['2027-03-14', Date.UTC(2027, 2, 14)],
    ['2027-03-14T18:00', new Date(2027, 2, 14, 18).getTime()],
    ['30d', now + 30 * DAY_MS],
    ['90m', now + 5_400_000],
  ])('%s', (text, ms) => {
    expect(parseTime(text, '--until', now)).toEqual({ ok: true, value: ms });
  });

  test.each([
    '',
    'tomorrow',
    '14.3.2027',
    '2027-02-30',
    '2027-02-29T12:00Z',
    '2027-13-01',
    '2027-3-14',
    '-1d',
    '1960-01-01',
    '1800000000000',
  ])('refuses %j', (text) => {
    expect(parseTime(text, '--until', now)).toMatchObject({ ok: false, error: { code: 'E_USAGE' } });
  });
});

describe('whole numbers', () => {
  test.each(['', '-1', '1.5', '0x10', ' 4', '65', '99999999999999999999'])('refuses %j from 1 to 64', (text) => {
    expect(parseWhole(text, '--nodes', 1, 64)).toMatchObject({ ok: false, error: { code: 'E_USAGE' } });
  });

  test('takes both bounds', () => {
    expect([parseWhole('1', 'n', 1, 64), parseWhole('64', 'n', 1, 64)]).toMatchObject([{ value: 1 }, { value: 64 }]);
  });
});

describe('the clock', () => {
  const shift = (offset: string | undefined): number => {
    const clock = openClock(offset === undefined ? {} : { DSM_CLOCK_OFFSET: offset });
    if (!clock.ok) throw new Error(clock.error.message);
    return Math.round((clock.value() - Date.now()) / 1_000);
  };

  test('is that of the machine, shifted by DSM_CLOCK_OFFSET', () => {
    expect([shift(undefined), shift(''), shift('2d'), shift('-1h')]).toEqual([0, 0, 172_800, -3_600]);
  });

  test('refuses an offset that is none', () => {
    expect(openClock({ DSM_CLOCK_OFFSET: 'later' })).toMatchObject({ ok: false, error: { code: 'E_USAGE' } });
  });
});

describe('CLI-4: input files', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'dsm-input-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test('are read whole, up to the limit', () => {
    const path = join(dir, 'f');
    writeFileSync(path, 'abc');
    expect(readInput(path, 3)).toEqual({ ok: true, value: Uint8Array.of(97, 98, 99) });
    expect(readInput(path, 2)).toMatchObject({ ok: false, error: { code: 'E_LIMIT' } });
  });

  test('may be links and empty', () => {
    writeFileSync(join(dir, 'f'), '');
    symlinkSync('f', join(dir, 'link'));
    expect(readInput(join(dir, 'link'))).toEqual({ ok: true, value: new Uint8Array() });
  });

  test('that are missing, directories, pipes or endless are refused in words', () => {
    const pipe = join(dir, 'pipe');
    mkdirSync(join(dir, 'folder'));
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    for (const path of [join(dir, 'none'), join(dir, 'folder'), pipe, '/dev/zero', join(dir, 'none/f'), '']) {
      expect(readInput(path), path).toMatchObject({ ok: false, error: { code: 'E_NOT_FOUND', rule: 'CLI-4' } });
    }
  });
});
