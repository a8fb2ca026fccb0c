/** What a command answers: one object for programs, lines for people. */
import type { Failure } from '@dsm/core';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

export interface Answer {
  /** The whole answer with `--json`. */
  readonly json: { readonly [key: string]: Json | undefined };
  /** The same for a person. */
  readonly lines: readonly string[];
  /** The command answered and failed all the same: `verify` of a bad file. */
  readonly failure?: Failure;
}

export const answer = (json: Answer['json'], ...lines: readonly string[]): Answer => ({ json, lines });
