/** The `dsm` process: standard streams, exit code, and what was not caught anywhere. */
import { systemCode } from './input/system-error.ts';
import { emitFailure } from './output/emit.ts';
import { describeThrown, runCli } from './run.ts';

const argv = process.argv.slice(2);
const stderr = (text: string): void => void process.stderr.write(text);

/** A reader that went away, as `head` does, is no failure of ours. */
const ignoreClosedPipe = (error: Error): void => {
  if (systemCode(error) !== 'EPIPE') throw error;
};
process.stdout.on('error', ignoreClosedPipe);
process.stderr.on('error', ignoreClosedPipe);

const abort = (thrown: unknown): never => {
  const emitter = { json: argv.includes('--json'), stdout: () => undefined, stderr };
  process.exit(emitFailure(emitter, describeThrown(thrown, emitter)));
};
process.on('uncaughtException', abort);
process.on('unhandledRejection', abort);

const exitCode = await runCli(argv, {
  env: process.env,
  isTerminal: process.stdin.isTTY && process.stderr.isTTY,
  stdout: (text) => void process.stdout.write(text),
  stderr,
});
// Connections that are kept alive would hold the process for seconds; the last writes come first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
