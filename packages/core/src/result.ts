/**
 * Results instead of exceptions. Everything that can fail on input answers a `Result`; a failure carries a stable
 * code, the number of the spec rule that was broken, and a sentence for a person.
 */
import type { ErrorCode } from './errors.ts';

export interface Failure {
  readonly code: ErrorCode;
  /** Spec rule that was broken, for example `CHN-4`. */
  readonly rule: string;
  readonly message: string;
  /** For `E_INCOMPLETE`: what is missing, one reference a line. */
  readonly missing?: readonly string[];
  /** For `E_FORK`: an encoded evidence file. */
  readonly evidence?: Uint8Array;
}

export type Ok<T> = { readonly ok: true; readonly value: T };
export type Err = { readonly ok: false; readonly error: Failure };
export type Result<T> = Ok<T> | Err;

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value });

export const done: Ok<undefined> = { ok: true, value: undefined };

export const fail = (
  code: ErrorCode,
  rule: string,
  message: string,
  extra?: Pick<Failure, 'missing' | 'evidence'>,
): Err => ({
  ok: false,
  error: { code, rule, message, ...extra },
});

/** `done` when the condition holds, the failure otherwise: lets a verifier read as a checklist. */
export const check = (holds: boolean, code: ErrorCode, rule: string, message: string): Result<undefined> =>
  holds ? done : fail(code, rule, message);

/** The first failure of a list of checks, evaluated in order and only as far as needed. */
export function checkAll(...checks: readonly (() => Result<unknown>)[]): Result<undefined> {
  for (const run of checks) {
    const result = run();
    if (!result.ok) return result;
  }
  return done;
}

/** Unwraps where a failure would be a programmer's error, never input. */
export function must<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.error.code} (${result.error.rule}): ${result.error.message}`);
}
