/** Options of the commands of this folder. Whoever calls one wrongly gets a line that says how, and exit code 2. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

type Values<T extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: T }>>['values'];

/** `--help` prints `help` and ends the process. */
export function readOptions<const T extends ParseArgsOptionsConfig>(options: T, help: string): Values<T> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${help}\n`);
    process.exit(0);
  }
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    return refuseOptions(`${error instanceof Error ? error.message : String(error)}\n${help}`);
  }
}

export function readWhole(name: string, text: string, least = 0): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  return refuseOptions(`--${name}: a whole number from ${least} on is expected, not "${text}"`);
}

export function refuseOptions(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
