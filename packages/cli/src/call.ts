/** One call of a command: what was typed and where it came from. */
import type { Failure, Result } from '@dsm/core';
import type { Answer } from './output/answer.ts';

export interface Call {
  /** Arguments by name; those that are optional may be missing. */
  readonly args: Readonly<Record<string, string | undefined>>;
  /** Options by name; flags are `true`. */
  readonly options: Readonly<Record<string, string | true | undefined>>;
  /** `--home`, else DSM_HOME, else `~/.dsm`. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly json: boolean;
  /** Somebody sits at a terminal and may be asked. Never with `--json`. */
  readonly isInteractive: boolean;
  /** Prints an answer before the command ends; for commands that run on. */
  readonly print: (answer: Answer) => void;
  /** A line for a person beside the answer, on stderr; silent with `--json`. */
  readonly notify: (line: string) => void;
}

/** Without a value the command has said all that it has to say. */
export type Command = (call: Call) => Promise<Result<Answer | undefined>>;

/** A required argument: the parser has made sure of it. */
export function argument({ args }: Call, name: string): string {
  const value = args[name];
  if (value === undefined) throw new Error(`the command has no argument ${name}`);
  return value;
}

/** The value of an option that takes one; undefined when it was not given. */
export function option({ options }: Call, name: string): string | undefined {
  const value = options[name];
  return value === true ? undefined : value;
}

export const flag = ({ options }: Call, name: string): boolean => options[name] === true;

export type Failed = { readonly ok: false; readonly error: Failure };
