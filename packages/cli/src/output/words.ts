/** Grades and times in plain words: what a person may rely on, and until when. */
import type { Grade } from '@dsm/core';
import { bold, good, warning } from './style.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Later times have no date (ECMA-262, 21.4.1.1); windows without an end reach beyond it. */
const LAST_DATE_MS = 8_640_000_000_000_000;

const FORM: Intl.DateTimeFormatOptions = {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
};

/** In the zone of this machine: `14 March 2027, 18:00`. */
export const formatTime = (timeMs: number): string =>
  new Date(timeMs).toLocaleString('en-GB', FORM).replace(' at ', ', ');

const ISO_DATE = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g;

/** A message, which gives dates as programs read them, for a person. */
export const showDates = (message: string): string =>
  message.replaceAll(ISO_DATE, (date) => (Number.isNaN(Date.parse(date)) ? date : formatTime(Date.parse(date))));

/** For programs: ISO 8601 in UTC. */
export const isoTime = (timeMs: number): string => (timeMs > LAST_DATE_MS ? 'forever' : new Date(timeMs).toISOString());

/** `in 3 days`, `in 20 minutes`, `now past`. */
export function formatRemaining(timeMs: number, nowMs: number): string {
  const left = timeMs - nowMs;
  if (left <= 0) return 'now past';
  const units = [
    ['day', DAY_MS],
    ['hour', 60 * MINUTE_MS],
    ['minute', MINUTE_MS],
  ] as const;
  const [unit, unitMs] = units.find(([, size]) => left >= size) ?? ['minute', MINUTE_MS];
  const count = Math.max(1, Math.floor(left / unitMs));
  return `in ${count} ${unit}${count === 1 ? '' : 's'}`;
}

const COLOURS: Readonly<Record<Grade, (text: string) => string>> = {
  certified: good,
  reserved: good,
  provisional: warning,
};

export const showGrade = (grade: Grade | null): string => (grade === null ? '-' : COLOURS[grade](grade));

/** One sentence; `by` is the time that the grade hangs on, where there is one. */
export function explainGrade(grade: Grade, by?: number | null): string {
  const name = bold(showGrade(grade));
  switch (grade) {
    case 'certified':
      return `${name}: final, no conflicting payment can be certified`;
    case 'reserved':
      return `${name}: final once claimed by ${by ? formatTime(by) : 'the date of its reservation'}`;
    case 'provisional':
      return `${name}: may still be taken back until it is certified${by ? `, at the latest by ${formatTime(by)}` : ''}`;
  }
}
