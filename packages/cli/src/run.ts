/** From the words typed to the exit code. Whatever happens, what is printed goes through one place. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ErrorCode, Failure } from '@dsm/core';
import type { Call } from './call.ts';
import { SECTIONS } from './commands/index.ts';
import { adviceFor } from './output/advice.ts';
import { emitAnswer, emitFailure, type Emitter } from './output/emit.ts';
import { EXIT } from './output/exit.ts';
import { parseCommandLine, type Selection } from './program.ts';

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  /** Both stdin and stderr are a terminal. */
  readonly isTerminal: boolean;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** Runs one command; returns the exit code and never throws. */
export async function runCli(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const emitter: Emitter = { ...surroundings, json: argv.includes('--json') };
  try {
    const parsed = parseCommandLine(argv, SECTIONS);
    switch (parsed.kind) {
      case 'help':
      case 'version':
        return emitAnswer(emitter, { json: { [parsed.kind]: parsed.text }, lines: [parsed.text] });
      case 'missing':
        if (!emitter.json) emitter.stderr(`${parsed.help}\n\n`);
        return emitFailure(emitter, { code: 'E_USAGE', message: 'a command is missing' });
      case 'refused':
        return emitFailure(emitter, { code: 'E_USAGE', message: parsed.message });
      case 'command':
        return await runCommand(parsed.selection, surroundings);
    }
  } catch (thrown) {
    return emitFailure(emitter, describeThrown(thrown, emitter));
  }
}

async function runCommand(selection: Selection, surroundings: Surroundings): Promise<number> {
  const call = openCall(selection, surroundings);
  const emitter: Emitter = { ...surroundings, json: call.json };
  try {
    const result = await selection.spec.run(call);
    if (!result.ok) return emitFailure(emitter, result.error, adviceFor(result.error.code, selection.spec.usage));
    return result.value === undefined ? EXIT.ok : emitAnswer(emitter, result.value);
  } catch (thrown) {
    return emitFailure(emitter, describeThrown(thrown, emitter));
  }
}

function openCall({ args, options }: Selection, surroundings: Surroundings): Call {
  const { env, isTerminal, stdout, stderr } = surroundings;
  const json = options['json'] === true;
  const home = options['home'] === undefined ? env['DSM_HOME'] : String(options['home']);
  return {
    args,
    options,
    home: resolve(home === undefined || home === '' ? join(homedir(), '.dsm') : home),
    env,
    json,
    isInteractive: isTerminal && !json,
    print: (answer) => void emitAnswer({ json, stdout, stderr }, answer),
    notify: (line) => {
      if (!json) stderr(`${line}\n`);
    },
  };
}

/** A failure that travelled as an exception, as reads of the store do; anything else is a defect. */
export function describeThrown(thrown: unknown, { stderr }: Pick<Emitter, 'stderr'>): Failure | Defect {
  if (isFailureCarrier(thrown)) return thrown.failure;
  if (process.env['DSM_DEBUG'] && thrown instanceof Error) stderr(`${thrown.stack ?? thrown.message}\n`);
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'E_INTERNAL', message: `a defect in this software: ${words.replaceAll(/\s*\n\s*/g, ' ')}` };
}

interface Defect {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Not `instanceof`: the class would have to be loaded before any command is known. */
const isFailureCarrier = (thrown: unknown): thrown is { readonly failure: Failure } =>
  thrown instanceof Error && thrown.name === 'StoreError' && 'failure' in thrown;
