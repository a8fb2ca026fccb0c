/** How a command is declared: what the help says and where its code is, loaded when it is called. */
import type { Command } from './call.ts';

export interface OptionSpec {
  /** As commander writes it: `--out <file>`. */
  readonly flags: string;
  readonly description: string;
  readonly required?: true;
}

export interface CommandSpec {
  /** Words and arguments: `contact add <who>`. */
  readonly usage: string;
  /** One sentence. */
  readonly summary: string;
  /** A line to type. */
  readonly example: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly options?: readonly OptionSpec[];
  readonly run: Command;
}

/** Commands under one heading of the help. */
export interface Section {
  readonly heading: string;
  /** Words that only group commands, with a sentence each. */
  readonly groups: Readonly<Record<string, string>>;
  readonly specs: readonly CommandSpec[];
}

export const OUT: OptionSpec = {
  flags: '--out <file>',
  description: 'where to write; another file there is never overwritten',
  required: true,
};

export const NETWORK: OptionSpec = {
  flags: '--network <file>',
  description: 'the description of the network, network.json',
  required: true,
};
