/** One line of the table, and of the JSON file. */
export interface Row {
  readonly name: string;
  /** Operations a second, by the median round. */
  readonly perSecond?: number;
  /** Milliseconds of one operation, by the median round. */
  readonly ms?: number;
  /** Median and 99th percentile of single operations, milliseconds. */
  readonly p50?: number;
  readonly p99?: number;
  readonly bytes?: number;
  /** Whether signatures are made or verified: rates without and with them are never compared. */
  readonly signed: boolean;
  /** Whether each operation ends on the disk. */
  readonly persisted: boolean;
  /** What stands beside it: a row that was timed in the same run, round by round in turn, or a size. */
  readonly peer?: string;
  /** This row's rate, or size, divided by its peer's. */
  readonly ratio?: number;
}

/** Six significant digits: more would be noise. */
const rounded = (value: number): number => Number(value.toPrecision(6));

/** Numbers without their noise, fields that are undefined left out. */
export function tidyRow(row: { readonly [K in keyof Row]?: Row[K] | undefined }): Row {
  const fields = Object.entries(row).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    fields.map(([field, value]) => [field, typeof value === 'number' ? rounded(value) : value]),
  ) as unknown as Row;
}
