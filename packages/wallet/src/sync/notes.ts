/** What a sync could not finish, and what it must not go on after. */
import type { ErrorCode, Failure, Result } from '@dsm/core';

/** The own store or a defect here: going on would only hide it. */
const FATAL: ReadonlySet<ErrorCode> = new Set(['E_STORE', 'E_DAMAGED', 'E_BUSY', 'E_INTERNAL']);

export const isFatal = ({ code }: Failure): boolean => FATAL.has(code);

/** A result whose value is undefined where the failure was noted. */
export type Noted<T> = Result<T | undefined>;

export interface Notes {
  /** Notes a failure that a later sync may mend; hands on what must stop this one. */
  take<T>(result: Result<T>): Noted<T>;
  /** The failures noted, each kind once. */
  list(): readonly Failure[];
}

export function makeNotes(): Notes {
  const noted = new Map<string, Failure>();
  return {
    take(result) {
      if (result.ok || isFatal(result.error)) return result;
      noted.set(`${result.error.code} ${result.error.message}`, result.error);
      return { ok: true, value: undefined };
    },
    list: () => [...noted.values()],
  };
}
