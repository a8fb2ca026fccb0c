/** What a sync could not finish, and what it must not go on after. */
import { toHex, type ErrorCode, type Failure, type Place, type Result } from '@dsm/core';

/** The own store or a defect here: going on would only hide it. */
const FATAL: ReadonlySet<ErrorCode> = new Set(['E_STORE', 'E_DAMAGED', 'E_BUSY', 'E_INTERNAL']);

export const isFatal = ({ code }: Failure): boolean => FATAL.has(code);

/** What was left open, and where, as far as it is about one place. */
export interface OpenFailure extends Failure {
  readonly place?: Place;
}

/** A result whose value is undefined where the failure was noted. */
export type Noted<T> = Result<T | undefined>;

export interface Notes {
  /** Notes a failure that a later sync may mend; hands on what must stop this one. */
  take<T>(result: Result<T>, place?: Place): Noted<T>;
  /** The failures noted, each kind once for each place. */
  list(): readonly OpenFailure[];
}

export function makeNotes(): Notes {
  const noted = new Map<string, OpenFailure>();
  return {
    take(result, place) {
      if (result.ok || isFatal(result.error)) return result;
      const { code, message } = result.error;
      const where = place ? `${toHex(place.chain)} ${place.index}` : '';
      noted.set(`${code} ${where} ${message}`, place ? { ...result.error, place: pick(place) } : result.error);
      return { ok: true, value: undefined };
    },
    list: () => [...noted.values()],
  };
}

const pick = ({ chain, index }: Place): Place => ({ chain, index });
