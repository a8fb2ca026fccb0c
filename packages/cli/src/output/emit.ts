/**
 * The one place where anything is printed. With `--json`: exactly one object on stdout, and stderr silent but for one
 * last line `{"error":{"code","message"}}` on failure.
 */
import type { ErrorCode, Failure } from '@dsm/core';
import type { Answer } from './answer.ts';
import { exitCodeOf } from './exit.ts';
import { alarm, aside } from './style.ts';
import { showDates } from './words.ts';

export interface Emitter {
  readonly json: boolean;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** Prints an answer; returns the exit code. */
export function emitAnswer(emitter: Emitter, { json, lines, failure }: Answer): number {
  if (emitter.json) emitter.stdout(`${JSON.stringify(json)}\n`);
  else if (lines.length > 0) emitter.stdout(`${lines.join('\n')}\n`);
  if (failure === undefined) return 0;
  if (emitter.json) emitFailure(emitter, failure);
  return exitCodeOf(failure.code);
}

/** Prints a failure; returns the exit code. */
export function emitFailure(
  emitter: Emitter,
  failure: Pick<Failure, 'message' | 'missing'> & { code: ErrorCode },
  advice?: string,
): number {
  const { code, message, missing } = failure;
  if (emitter.json) emitter.stderr(`${JSON.stringify({ error: { code, message } })}\n`);
  else {
    emitter.stderr(`${alarm(`dsm: ${code}`)} ${showDates(message)}\n`);
    for (const line of missing ?? []) emitter.stderr(`${aside(`  missing: ${line}`)}\n`);
    if (advice !== undefined) emitter.stderr(`${aside(`  ${advice}`)}\n`);
  }
  return exitCodeOf(code);
}
