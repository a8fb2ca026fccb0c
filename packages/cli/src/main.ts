/**
 * Entry of the `dsm` command. It imports nothing at the top, so that an old Node reaches the check below instead of
 * failing on a module that it lacks.
 */
const NODE_FLOOR = 24;
const version = process.versions.node;

if (Number.parseInt(version, 10) < NODE_FLOOR) {
  const message = `Node ${NODE_FLOOR} or newer is needed, this is ${version}`;
  const asJson = process.argv.includes('--json');
  process.stderr.write(asJson ? `${JSON.stringify({ error: { code: 'E_USAGE', message } })}\n` : `dsm: ${message}\n`);
  process.exitCode = 1;
} else {
  const { enableCompileCache } = await import('node:module');
  // Beside the code and as trusted as the code, not in the temporary directory, where others may write.
  enableCompileCache(`${import.meta.dirname}/.compile-cache`);
  await import('./process.ts');
}
