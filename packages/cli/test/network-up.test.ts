import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { childrenOf, endAll, isAlive, runToEnd, start, until, untilReady, type Running } from './support/processes.ts';

// Commands and nodes are processes or share one with everything else: slow on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let dir: string;
let net: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'dsm-network-'));
  net = join(dir, 'net');
});
afterEach(async () => {
  await endAll();
  rmSync(dir, { recursive: true, force: true });
});

const up = (...more: readonly string[]): Running => start(['network', 'up', '--dir', net, ...more]);

async function upAndReady(...more: readonly string[]): Promise<Running> {
  const running = up(...more);
  await untilReady(running);
  return running;
}

async function stop({ child, exit }: Running, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
  child.kill(signal);
  return exit;
}

interface NetworkJson {
  readonly id: string;
  readonly description: { readonly nodes: readonly unknown[]; readonly faults: number; readonly settleMs: number };
  readonly endpoints: readonly string[];
}

const readNetwork = (): NetworkJson => JSON.parse(readFileSync(join(net, 'network.json'), 'utf8')) as NetworkJson;

const answers = async (endpoint: string): Promise<boolean> => {
  try {
    return (await fetch(`${endpoint}/v1/health`)).ok;
  } catch {
    return false;
  }
};

const errorOf = (stderr: string): { code: string; message: string } =>
  (JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as { error: { code: string; message: string } }).error;

describe('CLI-6: dsm network up', () => {
  test('says ready once all nodes answer, and nothing after it; every node has its own store and log', async () => {
    const running = await upAndReady('--nodes', '4');
    const { endpoints, description } = readNetwork();
    expect(description).toMatchObject({ faults: 1, settleMs: 86_400_000 });
    expect(new Set(endpoints).size).toBe(4);
    for (const endpoint of endpoints) expect(await answers(endpoint), endpoint).toBe(true);
    for (const node of [1, 2, 3, 4]) {
      expect(readdirSync(join(net, `node-${node}`))).toEqual(expect.arrayContaining(['node.sqlite', 'node.log']));
      expect(statSync(join(net, `node-${node}/config.json`)).mode & 0o077).toBe(0);
    }
    expect(await stop(running)).toBe(0);
    expect(running.printed.stdout).toBe('ready\n');
    expect(running.printed.stderr).toMatch(/one owner .* one trusted server/);
  });

  test('ends its children before itself and leaves network.json', async () => {
    const running = await upAndReady('--nodes', '4');
    const nodes = childrenOf(running.child.pid as number);
    expect(nodes).toHaveLength(4);
    const aliveAtExit = new Promise<number>((resolve) =>
      running.child.once('exit', () => resolve(nodes.filter(isAlive).length)),
    );
    expect(await stop(running)).toBe(0);
    expect(await aliveAtExit).toBe(0);
    expect(existsSync(join(net, 'network.json'))).toBe(true);
    // Regular files only, and no log of SQLite left behind.
    expect(readdirSync(join(net, 'node-1')).toSorted()).toEqual([
      'config.json',
      'node.log',
      'node.sqlite',
      'node.sqlite.claimed',
    ]);
  });

  test.each(['SIGINT', 'SIGHUP'] as const)('%s ends it in order too', async (signal) => {
    const running = await upAndReady('--nodes', '1');
    const nodes = childrenOf(running.child.pid as number);
    expect(await stop(running, signal)).toBe(0);
    expect(nodes.filter(isAlive)).toEqual([]);
  });

  test('may be stopped before it is ready', async () => {
    const running = up('--nodes', '4');
    await until(
      () => childrenOf(running.child.pid as number).length > 0,
      () => running.printed.stderr,
    );
    const nodes = childrenOf(running.child.pid as number);
    expect(await stop(running)).toBe(0);
    expect(nodes.filter(isAlive)).toEqual([]);
    expect(running.printed.stdout).toBe('');
  });

  test('starts the same nodes again, on the same ports, with their data', async () => {
    const first = await upAndReady('--nodes', '1');
    const before = readNetwork();
    await stop(first);
    const moved = join(dir, 'elsewhere');
    renameSync(net, moved);
    net = moved;
    const second = await upAndReady();
    expect(second.printed.stdout).toBe('ready\n');
    expect(readNetwork()).toEqual(before);
    const log = readFileSync(join(net, 'node-1/node.log'), 'utf8');
    expect(log.match(/"started"/g)).toHaveLength(2);
  });

  test('takes the ports from --port on, and keeps them', async () => {
    const port = await freePorts(2);
    const running = await upAndReady('--nodes', '2', '--port', String(port));
    expect(readNetwork().endpoints).toEqual([`http://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`]);
    await stop(running);
    const other = await runToEnd(['network', 'up', '--dir', net, '--port', String(port + 7), '--json']);
    expect(other).toMatchObject({ exit: 1, stdout: '' });
    expect(errorOf(other.stderr)).toMatchObject({ code: 'E_EXISTS' });
  });

  test('refuses clearly when a port is taken at a restart, and starts nothing', async () => {
    await stop(await upAndReady('--nodes', '2'));
    const port = Number(new URL(readNetwork().endpoints.at(1) ?? '').port);
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    try {
      const refused = await runToEnd(['network', 'up', '--dir', net, '--json']);
      expect(refused).toMatchObject({ exit: 1, stdout: '' });
      expect(errorOf(refused.stderr)).toMatchObject({ code: 'E_BUSY' });
      expect(errorOf(refused.stderr).message).toContain(`port ${port} `);
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
    }
  });

  test('a second one on the same directory is refused', async () => {
    await upAndReady('--nodes', '1');
    const second = await runToEnd(['network', 'up', '--dir', net, '--json']);
    expect(second).toMatchObject({ exit: 1, stdout: '' });
    expect(errorOf(second.stderr).code).toBe('E_BUSY');
  });

  test('nodes notice that their supervisor was killed and end', async () => {
    const running = await upAndReady('--nodes', '4');
    const nodes = childrenOf(running.child.pid as number);
    expect(await stop(running, 'SIGKILL')).toBe('SIGKILL');
    await until(
      () => !nodes.some(isAlive),
      () => `nodes ${nodes.filter(isAlive).join(', ')} are alive`,
    );
    expect(await upAndReady()).toBeDefined();
  });

  test('CLI-6: reports a node that ended by itself; the others go on, and end when they are told to', async () => {
    const running = await upAndReady('--nodes', '4');
    const [lost = Number.NaN, ...others] = childrenOf(running.child.pid as number);
    process.kill(lost, 'SIGKILL');
    await until(
      () => /node \d ended by itself \(signal SIGKILL\).*the other nodes go on/.test(running.printed.stderr),
      () => running.printed.stderr,
    );
    expect(others.filter(isAlive)).toEqual(others);
    expect(await stop(running)).toBe(0);
    expect(others.filter(isAlive)).toEqual([]);
    expect(running.printed.stdout).toBe('ready\n');
  });

  test('CLI-6: fails when no node is left', async () => {
    const running = await upAndReady('--nodes', '2', '--json');
    for (const node of childrenOf(running.child.pid as number)) process.kill(node, 'SIGKILL');
    expect(await running.exit).toBe(1);
    expect(errorOf(running.printed.stderr).message).toMatch(/node \d ended by itself \(signal SIGKILL\)/);
    expect(running.printed.stderr.trimEnd()).not.toContain('\n');
  });

  test('a node whose store is lost never votes with that key again', async () => {
    await stop(await upAndReady('--nodes', '1'));
    rmSync(join(net, 'node-1/node.sqlite'));
    const refused = await runToEnd(['network', 'up', '--dir', net, '--json']);
    expect(refused.exit).toBe(1);
    expect(errorOf(refused.stderr).message).toContain('E_DAMAGED');
  });

  test('does not overwrite a network.json whose nodes are not there', async () => {
    await stop(await upAndReady('--nodes', '1'));
    const before = readFileSync(join(net, 'network.json'), 'utf8');
    rmSync(join(net, 'node-1'), { recursive: true });
    const refused = await runToEnd(['network', 'up', '--dir', net, '--json']);
    expect(errorOf(refused.stderr).code).toBe('E_EXISTS');
    expect(readFileSync(join(net, 'network.json'), 'utf8')).toBe(before);
  });

  test('CLI-6: leaves a directory with something else alone', async () => {
    mkdirSync(net);
    writeFileSync(join(net, 'wallet.sqlite'), 'a wallet');
    const refused = await runToEnd(['network', 'up', '--dir', net, '--json']);
    expect(errorOf(refused.stderr).code).toBe('E_EXISTS');
    expect(readdirSync(net)).toEqual(['wallet.sqlite']);
  });

  test.each([
    [['--delta', '10s'], '--gap must be longer than twice --delta'],
    [['--gap', '1s'], '--gap 15s'],
    [['--margin', '5s'], '--margin must be longer than --delta'],
    [['--settle', '0s'], '--settle'],
    [['--round', '0s'], '--round'],
  ])('CLI-6: times that cannot be, %j, are E_USAGE in words of the options', async (times, words) => {
    const refused = await runToEnd(['network', 'up', '--dir', net, ...times, '--json']);
    expect(refused).toMatchObject({ exit: 2, stdout: '' });
    expect(errorOf(refused.stderr)).toMatchObject({
      code: 'E_USAGE',
      message: expect.stringContaining(words) as string,
    });
  });

  test('CLI-6: completes what an interrupted start has left', async () => {
    mkdirSync(join(net, 'node-4'), { recursive: true });
    expect(await stop(await upAndReady('--nodes', '4'))).toBe(0);
  });

  test('with --json prints one object on stdout and nothing else', async () => {
    const running = await upAndReady('--nodes', '1', '--json');
    expect(await stop(running)).toBe(0);
    const { id, endpoints } = readNetwork();
    expect(running.printed.stderr).toBe('');
    expect(JSON.parse(running.printed.stdout)).toEqual({
      ready: true,
      network: id,
      file: join(net, 'network.json'),
      endpoints,
    });
  });

  test('takes the times of the network', async () => {
    const times = ['--delta', '1s', '--gap', '3s', '--margin', '4s', '--settle', '2h', '--round', '500ms'];
    await stop(await upAndReady('--nodes', '1', ...times));
    const { description } = readNetwork();
    expect(description).toMatchObject({
      deltaMs: 1_000,
      gapMs: 3_000,
      marginMs: 4_000,
      settleMs: 7_200_000,
      roundMs: 500,
    });
    const same = await upAndReady(...times);
    await stop(same);
    const other = await runToEnd(['network', 'up', '--dir', net, '--gap', '5s', '--json']);
    expect(errorOf(other.stderr).code).toBe('E_EXISTS');
  });

  test.each([
    [['--nodes', '0'], 'E_USAGE'],
    [['--nodes', '65'], 'E_USAGE'],
    [['--nodes', 'four'], 'E_USAGE'],
    [['--port', '65535', '--nodes', '2'], 'E_USAGE'],
    [['--delta', '1'], 'E_USAGE'],
    [['--delta', '10s', '--gap', '20s'], 'E_USAGE'],
  ])('%j is refused with %s and leaves no network', async (options, code) => {
    const refused = await runToEnd(['network', 'up', '--dir', net, '--json', ...options]);
    expect(refused.stdout).toBe('');
    expect(errorOf(refused.stderr).code).toBe(code);
    expect(existsSync(join(net, 'node-1'))).toBe(false);
  });
});

/** The first of `count` ports in a row that were free a moment ago. */
async function freePorts(count: number): Promise<number> {
  for (let port = 18_000; port < 19_900; port += count) {
    const ports = Array.from({ length: count }, (_, i) => port + i);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return port;
  }
  throw new Error('no free ports');
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
