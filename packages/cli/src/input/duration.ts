/** Durations and times as people type them: `30d`, `12h`, `90m`, `45s`, `1d12h`; ISO 8601 for a time. */
import { fail, MAX_TIME, ok, type Result } from '@dsm/core';

const UNITS_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

const FORM = /^(?:\d{1,12}(?:d|h|ms|m|s))+$/;

/** Milliseconds; `E_USAGE` unless it is digits with units, for example `30d` or `1h30m`. */
export function parseDuration(text: string, name: string): Result<number> {
  if (FORM.test(text)) {
    let totalMs = 0;
    for (const [, digits, unit] of text.matchAll(/(\d+)(d|h|ms|m|s)/g)) {
      totalMs += Number(digits) * (UNITS_MS[unit as string] as number);
    }
    if (totalMs <= MAX_TIME) return ok(totalMs);
  }
  return fail('E_USAGE', 'CLI-3', `${name}: a duration such as 30d, 12h, 90m or 45s is expected, not "${text}"`);
}

/** A duration with a sign: the clock offset of a rehearsal. */
export function parseSignedDuration(text: string, name: string): Result<number> {
  const isNegative = text.startsWith('-');
  const duration = parseDuration(text.replace(/^[+-]/, ''), name);
  return duration.ok && isNegative ? ok(-duration.value) : duration;
}

/** A date alone begins in UTC, a time without a zone is local (ECMA-262, date time string format). */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** Milliseconds since the epoch: an ISO 8601 time as it stands, a duration from now on. */
export function parseTime(text: string, name: string, nowMs: number): Result<number> {
  if (ISO_TIME.test(text)) {
    const timeMs = Date.parse(text);
    if (isRealDay(text.slice(0, 10)) && timeMs >= 0) return ok(timeMs);
  } else {
    const duration = parseDuration(text, name);
    if (duration.ok && nowMs + duration.value <= MAX_TIME) return ok(nowMs + duration.value);
  }
  const forms = 'a duration such as 30d or a time such as 2027-03-14 or 2027-03-14T18:00:00Z';
  return fail('E_USAGE', 'CLI-3', `${name}: ${forms} is expected, not "${text}"`);
}

/** `Date.parse` takes 30 February for 2 March. */
function isRealDay(day: string): boolean {
  const timeMs = Date.parse(day);
  return !Number.isNaN(timeMs) && new Date(timeMs).toISOString().startsWith(day);
}

/** The shortest text that `parseDuration` reads back. */
export function formatDuration(durationMs: number): string {
  let rest = durationMs;
  let text = '';
  for (const [unit, unitMs] of Object.entries(UNITS_MS)) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text === '' ? '0s' : text;
}
