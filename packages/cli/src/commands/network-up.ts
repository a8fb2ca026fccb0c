/** `dsm network up`: the nodes of one network as child processes of a supervisor in the foreground. */
import { resolve } from 'node:path';
import { LIMITS, ok, toHex, type NetworkFile, type Result } from '@dsm/core';
import { nodeCryptoSuite, systemEntropy } from '@dsm/platform/node';
import { option, type Call, type Command } from '../call.ts';
import { openClock } from '../input/clock.ts';
import { parseDuration } from '../input/duration.ts';
import { parseWhole } from '../input/number.ts';
import { DEFAULT_NODES, DEFAULT_TIMES } from '../network/defaults.ts';
import { networkPath } from '../network/layout.ts';
import { prepareNetwork, publishNetworkFile, type NetworkTimes } from '../network/setup.ts';
import { superviseNodes } from '../network/supervise.ts';

const TIME_OPTIONS = {
  delta: 'deltaMs',
  gap: 'gapMs',
  margin: 'marginMs',
  settle: 'settleMs',
  round: 'roundMs',
} as const;

export const networkUp: Command = async (call) => {
  const dir = resolve(option(call, 'dir') ?? '');
  const wishes = readWishes(call);
  if (!wishes.ok) return wishes;
  // The nodes read it too; what is wrong with it is said here, not in their logs.
  const clock = openClock(call.env);
  if (!clock.ok) return clock;
  const file = await prepareNetwork({
    suite: nodeCryptoSuite(),
    entropy: systemEntropy,
    dir,
    name: option(call, 'name'),
    defaultNodes: DEFAULT_NODES,
    defaultTimes: DEFAULT_TIMES,
    ...wishes.value,
  });
  if (!file.ok) return file;
  describeStart(call, dir, file.value);
  const onReady = (): void => {
    publishNetworkFile(dir, file.value);
    announce(call, dir, file.value);
  };
  const onLost = (message: string): void => call.notify(`${message}; the other nodes go on`);
  return superviseNodes({ dir, file: file.value, onReady, onLost });
};

interface Wishes {
  readonly nodes: number | undefined;
  readonly port: number | undefined;
  readonly times: Partial<NetworkTimes>;
}

function readWishes(call: Call): Result<Wishes> {
  const nodes = parseOptional(call, 'nodes', (text) => parseWhole(text, '--nodes', 1, LIMITS.networkNodes));
  if (!nodes.ok) return nodes;
  const port = parseOptional(call, 'port', (text) => parseWhole(text, '--port', 1, 65_535));
  if (!port.ok) return port;
  const times: Partial<Record<keyof NetworkTimes, number>> = {};
  for (const [name, field] of Object.entries(TIME_OPTIONS)) {
    const timeMs = parseOptional(call, name, (text) => parseDuration(text, `--${name}`));
    if (!timeMs.ok) return timeMs;
    if (timeMs.value !== undefined) times[field] = timeMs.value;
  }
  return ok({ nodes: nodes.value, port: port.value, times });
}

function parseOptional<T>(call: Call, name: string, parse: (text: string) => Result<T>): Result<T | undefined> {
  const text = option(call, name);
  return text === undefined ? ok(undefined) : parse(text);
}

function describeStart(call: Call, dir: string, { network, endpoints }: NetworkFile): void {
  const { nodes, faults } = network;
  call.notify(`${nodes.length} directory nodes in ${dir}, f = ${faults}`);
  for (const [i, endpoint] of endpoints.entries()) call.notify(`  node ${i + 1}  ${endpoint}`);
  call.notify(
    `All of them are processes of one owner on one machine: together they are one trusted server. ` +
      `What they certify is as good as that owner; run them apart for more.`,
  );
}

/** The last that is said on stdout. */
const announce = (call: Call, dir: string, { network, endpoints }: NetworkFile): void =>
  call.print({
    json: { ready: true, network: toHex(network.id), file: networkPath(dir), endpoints },
    lines: ['ready'],
  });
