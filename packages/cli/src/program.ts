/** The command line as commander understands it, built from the declared commands. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import type { CommandSpec, Section } from './spec.ts';

/** What was typed, when it makes sense. */
export interface Selection {
  readonly spec: CommandSpec;
  readonly args: Readonly<Record<string, string | undefined>>;
  readonly options: Readonly<Record<string, string | true | undefined>>;
}

export type Parsed =
  | { readonly kind: 'command'; readonly selection: Selection }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version'; readonly text: string }
  | { readonly kind: 'missing'; readonly help: string }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Commander takes `-50` for an option. None of ours begins with a digit, so such a word is an argument, and whoever
 * reads it says what is wrong with a negative amount.
 */
const NEGATIVE = /^-(?=[\d.])/;
const MARK = '\u0000';
const shield = (word: string): string => word.replace(NEGATIVE, `${MARK}-`);
const unshield = (word: string): string => (word.startsWith(MARK) ? word.slice(MARK.length) : word);

const readVersion = (): string => {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
};

export function parseCommandLine(argv: readonly string[], sections: readonly Section[]): Parsed {
  let selection: Selection | undefined;
  let printed = '';
  const root = buildProgram(sections, {
    select: (chosen) => (selection = chosen),
    write: (text) => (printed += text),
  });
  try {
    root.parse(argv.map(shield), { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    return readRefusal(thrown, printed);
  }
  // Without a command commander ends by an exception as well.
  if (selection === undefined) throw new Error('commander chose nothing');
  return { kind: 'command', selection };
}

function readRefusal({ code, message, exitCode }: CommanderError, printed: string): Parsed {
  if (code === 'commander.version') return { kind: 'version', text: printed.trim() };
  if (code === 'commander.helpDisplayed' || (code === 'commander.help' && exitCode === 0)) {
    return { kind: 'help', text: printed.trimEnd() };
  }
  if (code === 'commander.help') return { kind: 'missing', help: printed.trimEnd() };
  return { kind: 'refused', message: unshield(message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')) };
}

interface Sinks {
  readonly select: (selection: Selection) => void;
  readonly write: (text: string) => void;
}

const INTRODUCTION = `Prepaid credits, tickets and state that both sides can verify, even with the network down.
Two devices pay each other by files, offline or through directory nodes. Every payment has a grade:
  certified    no conflicting payment can be certified
  reserved     final at once, provided it is claimed before the date shown
  provisional  signed, may still lose to another payment until it is certified`;

const ENVIRONMENT = `
Environment:
  DSM_HOME          home of the wallet, where --home is not given (default ~/.dsm)
  DSM_PASSPHRASE    passphrase of the wallet; without it a terminal is asked
  DSM_WORDS         the 24 words, for restore; without it a terminal is asked
  DSM_CLOCK_OFFSET  shifts the clock, for rehearsals and tests: 2d, -1h
  DSM_DEBUG         1: show the stack of a defect
  NO_COLOR          no colours

With --json every command prints one object on stdout, and on failure one last line
{"error":{"code","message"}} on stderr with an exit code other than 0.
`;

function buildProgram(sections: readonly Section[], sinks: Sinks): Command {
  const root = new Command('dsm');
  prepare(root, sinks)
    .description(INTRODUCTION)
    .version(readVersion(), '--version', 'print the version')
    .option('--home <dir>', 'home of the wallet')
    .option('--json', 'answer with one JSON object, never ask')
    .addHelpText('after', ENVIRONMENT)
    .helpCommand('help [command]', 'help for a command');
  const parents = new Map<string, Command>([['', root]]);
  for (const { heading, groups, specs } of sections) {
    root.commandsGroup(`${heading}:`);
    for (const [name, summary] of Object.entries(groups)) {
      parents.set(name, prepare(root.command(name), sinks).description(summary));
    }
    for (const spec of specs) addCommand(parents, spec, sinks);
  }
  return root;
}

const prepare = (command: Command, { write }: Sinks): Command =>
  command
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write, getOutHasColors: () => false })
    .configureHelp({ showGlobalOptions: true })
    .helpOption('-h, --help', 'help for this command');

function addCommand(parents: ReadonlyMap<string, Command>, spec: CommandSpec, sinks: Sinks): void {
  const words = spec.usage.split(' ');
  const isGrouped = parents.has(words[0] as string);
  const parent = parents.get(isGrouped ? (words[0] as string) : '') as Command;
  const [name, ...args] = isGrouped ? words.slice(1) : words;
  const command = prepare(parent.command(name as string), sinks)
    .summary(spec.summary)
    .description(spec.summary)
    .addHelpText('after', `\nExample:\n  ${spec.example}`);
  for (const word of args) command.argument(word, spec.args?.[bare(word)] ?? '');
  for (const { flags, description, required } of spec.options ?? []) {
    if (required) command.requiredOption(flags, `${description} (required)`);
    else command.option(flags, description);
  }
  command.action((...given: unknown[]) => {
    const values = given.slice(0, args.length) as (string | undefined)[];
    sinks.select({
      spec,
      args: Object.fromEntries(args.map((word, i) => [bare(word), values[i] && unshield(values[i])])),
      options: readOptions(command),
    });
  });
}

const bare = (word: string): string => word.replaceAll(/[<>[\]]/g, '');

const readOptions = (command: Command): Selection['options'] =>
  Object.fromEntries(
    Object.entries(command.optsWithGlobals<Record<string, string | true>>()).map(([name, value]) => [
      name,
      value === true ? true : unshield(value),
    ]),
  );
