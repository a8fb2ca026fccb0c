/** What a scan covers, computed once for every adapter: a half-open interval of keys. */
import { compareBytes } from '../bytes.ts';
import type { ScanOptions } from './store.ts';

export interface ScanRange {
  /** Inclusive. */
  readonly from: Uint8Array;
  /** Exclusive; without it the range has no upper end. */
  readonly until?: Uint8Array;
}

/** The least key above every key with this prefix; none when the prefix is empty or all 0xff. */
function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  const last = prefix.findLastIndex((byte) => byte !== 0xff);
  if (last < 0) return undefined;
  const end = prefix.slice(0, last + 1);
  end[last] = (end[last] as number) + 1;
  return end;
}

/** The least key above this one: the same with a zero byte behind it. */
function nextKey(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** The keys that `options` admit, without their `limit`. */
export function scanRange(options: ScanOptions): ScanRange {
  const prefix = options.prefix ?? new Uint8Array(0);
  const end = prefixEnd(prefix);
  const { after } = options;
  if (after === undefined) return { from: prefix, ...(end && { until: end }) };
  if (options.reverse === true) return { from: prefix, until: end && compareBytes(end, after) < 0 ? end : after };
  const start = nextKey(after);
  return { from: compareBytes(prefix, start) > 0 ? prefix : start, ...(end && { until: end }) };
}
