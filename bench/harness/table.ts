/** The table for people: all rows under their headings, rates without signatures apart from those with them. */
import { SECTIONS, type Bench, type Section } from './bench.ts';
import type { Row } from './row.ts';

const COLUMNS = [
  '',
  'per second',
  'ms',
  'p50 ms',
  'p99 ms',
  'bytes',
  'signed',
  'persisted',
  'of peer',
  'peer',
] as const;

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const formatCount = (value: number): string =>
  value >= 100 ? whole.format(value) : value.toPrecision(3).replace(/\.0+$/, '');

export const formatMs = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

const PERCENT_BELOW = 1.995;

/** Rates as a share, sizes as a multiple. */
export const formatRatio = (row: Row): string | undefined => {
  if (row.ratio === undefined) return undefined;
  if (row.bytes !== undefined || row.ratio >= PERCENT_BELOW) return `${row.ratio.toFixed(2)} x`;
  return `${(row.ratio * 100).toFixed(0)} %`;
};

const yes = (value: boolean): string => (value ? 'yes' : 'no');

const maybe = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? '' : format(value);

export const formatCells = (row: Row): readonly string[] => [
  row.name,
  maybe(row.perSecond, formatCount),
  maybe(row.ms, formatMs),
  maybe(row.p50, formatMs),
  maybe(row.p99, formatMs),
  maybe(row.bytes, formatCount),
  yes(row.signed),
  yes(row.persisted),
  formatRatio(row) ?? '',
  row.peer ?? '',
];

export interface SectionRows {
  readonly section: Section;
  readonly rows: readonly Row[];
}

/** In the order of the headings. */
export function bySection(rows: readonly Row[], benches: readonly Bench[]): readonly SectionRows[] {
  const sectionOf = new Map(benches.map(({ name, section }) => [name, section]));
  return (Object.keys(SECTIONS) as Section[])
    .map((section) => ({ section, rows: rows.filter(({ name }) => sectionOf.get(name) === section) }))
    .filter(({ rows }) => rows.length > 0);
}

const isText = (column: number): boolean => column === 0 || column === COLUMNS.length - 1;

export function printTable(rows: readonly Row[], benches: readonly Bench[]): string {
  const sections = bySection(rows, benches).map(({ section, rows }) => ({ section, cells: rows.map(formatCells) }));
  const all = [COLUMNS, ...sections.flatMap(({ cells }) => cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...all.map((cells) => cells.at(column)?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (isText(i) ? cell.padEnd(widths.at(i) ?? 0) : cell.padStart(widths.at(i) ?? 0)))
      .join('  ')
      .trimEnd();
  const parts = sections.map(({ section, cells }) => [SECTIONS[section], ...cells.map(line)].join('\n'));
  return `${line(COLUMNS)}\n\n${parts.join('\n\n')}\n`;
}
