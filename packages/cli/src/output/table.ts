/** Columns for people. */
import { stripVTControlCharacters } from 'node:util';

/** Numbers to the right, words to the left; the last column is not padded. */
export function alignRows(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const length = (cell: string): number => stripVTControlCharacters(cell).length;
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => length(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - length(cell));
        return right.includes(column) ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}
