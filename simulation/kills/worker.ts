/**
 * A long-lived wallet: `node worker.ts HOME [--forgetful] [--nodes=0,1]`. It holds the home's store, reads one command a line from
 * stdin, `{"id": 1, "command": {…}}`, and says one line for each: `{"id": 1, "answer": {…}}`, in the words of
 * `dsm --json`, or `{"id": 1, "error": {"code", "message"}}`. What it has said is durable, so it may be killed at any
 * moment; it ends itself when the process that started it dies.
 */
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fail, toHex, type Failure, type Result, type Store } from '@dsm/core';
import { nodeCryptoSuite, openSqliteStore, systemClock, systemEntropy } from '@dsm/platform/node';
import { httpTransport, openWallet, type Device, type DirectoryTransport, type Endpoints } from '@dsm/wallet';
import type { Command } from './command.ts';
import { openForgetful } from './forgetful.ts';
import { PASSPHRASE } from './process.ts';
import { runCommand } from './worker-commands.ts';

/** A node that is being restarted is not waited for as long as one across the world. */
const TIMEOUT_MS = 4_000;

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const give = ({ code, message }: Failure): void => {
  say({ ready: false, error: { code, message } });
  process.exitCode = 1;
};

const [home = '', ...flags] = process.argv.slice(2);
/** The nodes that this wallet talks to, by their position; all without the flag. */
const only = flags
  .find((flag) => flag.startsWith('--nodes='))
  ?.slice('--nodes='.length)
  .split(',')
  .map(Number);

const transportFor = (endpoints: Endpoints): DirectoryTransport => {
  const all = httpTransport(endpoints, { timeoutMs: TIMEOUT_MS });
  if (only === undefined) return all;
  return {
    request: (node, ...rest) =>
      only.includes(node)
        ? all.request(node, ...rest)
        : Promise.resolve(fail('E_UNREACHABLE', 'NET-13', `node ${node} is not asked`)),
  };
};

const path = join(home, 'wallet.sqlite');
const store: Result<Store> = flags.includes('--forgetful')
  ? await openForgetful(path)
  : await openSqliteStore({ path, exclusive: true, check: true });

if (store.ok) {
  const device = await openWallet({
    store: store.value,
    suite: nodeCryptoSuite(),
    clock: systemClock,
    entropy: systemEntropy,
    transportFor,
    passphrase: process.env['DSM_PASSPHRASE'] ?? PASSPHRASE,
  });
  if (device.ok) await serve(device.value);
  else give(device.error);
} else give(store.error);

async function serve(device: Device): Promise<void> {
  process.once('disconnect', () => process.exit(0));
  process.once('SIGTERM', () => process.exit(0));
  say({ ready: true, account: toHex(device.account) });
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, command } = JSON.parse(line) as { readonly id: number; readonly command: Command };
    const result = await runCommand(device, command);
    if (result.ok) say({ id, answer: result.value });
    else say({ id, error: { code: result.error.code, message: result.error.message } });
  }
  await device.store.close();
}
