/**
 * A long-lived wallet: `node worker.ts HOME [--forgetful]`. It holds the home's store, reads one command a line from
 * stdin, `{"id": 1, "command": {…}}`, and says one line for each: `{"id": 1, "answer": {…}}`, in the words of
 * `dsm --json`, or `{"id": 1, "error": {"code", "message"}}`. What it has said is durable, so it may be killed at any
 * moment; it ends itself when the process that started it dies.
 */
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { toHex, type Failure, type Result, type Store } from '@dsm/core';
import { nodeCryptoSuite, openSqliteStore, systemClock, systemEntropy } from '@dsm/platform/node';
import { httpTransport, openWallet, type Device } from '@dsm/wallet';
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

const [home = '', fault] = process.argv.slice(2);
const path = join(home, 'wallet.sqlite');
const store: Result<Store> =
  fault === '--forgetful' ? await openForgetful(path) : await openSqliteStore({ path, exclusive: true, check: true });

if (store.ok) {
  const device = await openWallet({
    store: store.value,
    suite: nodeCryptoSuite(),
    clock: systemClock,
    entropy: systemEntropy,
    transportFor: (endpoints) => httpTransport(endpoints, { timeoutMs: TIMEOUT_MS }),
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
