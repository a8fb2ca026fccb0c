/** `dsm directory run`: one node in this process, until it is told to stop or its supervisor is gone. */
import { existsSync } from 'node:fs';
import { ok, type CryptoSuite, type Result } from '@dsm/core';
import { startNode, type RunningNode } from '@dsm/directory';
import { nodeCryptoSuite, openSqliteStore } from '@dsm/platform/node';
import { option, type Call, type Command } from '../call.ts';
import { openClock } from '../input/clock.ts';
import { readConfig, type NodeConfig } from '../network/config.ts';
import { besideConfig } from '../network/layout.ts';
import { fileLogger } from '../network/log.ts';
import { replaceFile } from '../output/file.ts';

export const directoryRun: Command = async (call) => {
  const path = option(call, 'config') ?? '';
  const suite = nodeCryptoSuite();
  const config = readConfig(suite, path);
  if (!config.ok) return config;
  const stopped = waitForStop();
  const running = await open(call, suite, path, config.value);
  if (!running.ok) return running;
  const { node, host } = config.value;
  const { port } = running.value;
  call.print({
    json: { node: node + 1, endpoint: `http://${host}:${port}` },
    lines: [`node ${node + 1} answers at http://${host}:${port}`],
  });
  await stopped;
  await running.value.close();
  return ok(undefined);
};

async function open(call: Call, suite: CryptoSuite, path: string, config: NodeConfig): Promise<Result<RunningNode>> {
  const clock = openClock(call.env);
  if (!clock.ok) return clock;
  const storePath = besideConfig(path, config.store);
  const claimMark = `${storePath}.claimed`;
  // A node whose store is lost may have voted; it must never vote anew (spec NET-19).
  const emptyStore = existsSync(claimMark) ? 'refuse' : 'claim';
  const store = await openSqliteStore({ path: storePath, exclusive: true, check: true });
  if (!store.ok) return store;
  const running = await startNode({
    network: config.file.network,
    nodeIndex: config.node,
    secretKey: config.secretKey,
    store: store.value,
    suite,
    clock: clock.value,
    log: fileLogger(besideConfig(path, config.log)),
    emptyStore,
    port: config.port,
    host: config.host,
  });
  if (!running.ok) await store.value.close();
  else if (emptyStore === 'claim') replaceFile(claimMark, new Uint8Array(), 0o600);
  return running;
}

/** A signal, or the end of the channel to a supervisor that died without a word. */
function waitForStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve());
    if (process.connected) process.once('disconnect', () => resolve());
  });
}
