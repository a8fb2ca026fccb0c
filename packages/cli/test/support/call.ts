/** Runs the command line in this process and keeps what it prints. */
import { runCli } from '../../src/run.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function run(argv: readonly string[], env: NodeJS.ProcessEnv = {}, isTerminal = false): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(argv, {
    env,
    isTerminal,
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
  });
  return { code, stdout, stderr };
}

/** With `--json`: the one object on stdout. Fails when anything else was printed. */
export function onlyObject({ code, stdout, stderr }: Ran): Record<string, unknown> {
  if (code !== 0 || stderr !== '') throw new Error(`exit ${code}: ${stderr}`);
  return parseOneLine(stdout);
}

/** With `--json`: the error of the one line on stderr. Fails when anything was printed on stdout. */
export function onlyError({ code, stdout, stderr }: Ran): { readonly code: string; readonly message: string } {
  if (code === 0 || stdout !== '') throw new Error(`exit ${code}: ${stdout}`);
  return parseOneLine(stderr)['error'] as { code: string; message: string };
}

function parseOneLine(text: string): Record<string, unknown> {
  if (!text.endsWith('\n') || text.indexOf('\n') !== text.length - 1) throw new Error(`not one line: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
