/**
 * A directory with a network of real `dsm` processes and homes that use it. Commands are written as they are typed:
 *
 *     await world.ask('alice', 'pay till 10 MEAL');                    // the one object of a command that succeeds
 *     await world.refuse('alice', 'pay till 0 MEAL');                  // the code of one that fails
 *
 * Both hold every command to the contract: exactly one object on stdout and a silent stderr, or nothing on stdout and
 * exactly one error line.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseNetworkFile, printNetworkFile, verifyFile } from '@dsm/core';
import { expect, vi } from 'vitest';
import { makeNetwork, suite } from '../kit/index.ts';
import { ROOT } from '../support/sources.ts';

/** Every command is a process of its own, and machines are shared: a slow test is not a failing one. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

export const DSM: string = join(ROOT, 'node_modules/.bin/dsm');
export const PASSPHRASE = 'correct horse battery staple';

export type Answer = Readonly<Record<string, unknown>>;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Background {
  readonly child: ChildProcess;
  readonly printed: { stdout: string; stderr: string };
  readonly ended: Promise<Ran>;
}

export interface World {
  readonly dir: string;
  readonly path: (name: string) => string;
  readonly bytes: (name: string) => Uint8Array;
  /** Environment of every command from here on, as `DSM_CLOCK_OFFSET`. */
  readonly env: Record<string, string>;
  readonly run: (words: string) => Promise<Ran>;
  readonly start: (words: string) => Background;
  readonly ask: (home: string, words: string) => Promise<Answer>;
  readonly refuse: (home: string, words: string) => Promise<string>;
  /** `dsm verify FILE`: its object, whatever the exit code, which must fit. */
  readonly verify: (file: string, network?: string) => Promise<Answer>;
  readonly upNetwork: () => Promise<void>;
  readonly downNetwork: () => Promise<void>;
  /** Nodes by their number from 1, each by `dsm directory run`. */
  readonly upNodes: (...nodes: readonly number[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Short times, so that dates come within a test; `settle` stays long. */
export const SHORT = '--delta 1s --gap 3s --margin 5s --settle 2h --round 1s';

const READY_MS = 60_000;

export function openWorld(times = SHORT): World {
  const dir = mkdtempSync(join(tmpdir(), 'dsm-e2e-'));
  const env: Record<string, string> = {};
  const running: Background[] = [];
  const path = (name: string): string => join(dir, name);

  const start = (words: string): Background => {
    const child = spawn(DSM, words.split(' '), {
      cwd: dir,
      // Nothing of the person who runs the tests gets in.
      env: { PATH: process.env['PATH'], HOME: dir, NO_COLOR: '1', DSM_PASSPHRASE: PASSPHRASE, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.stderr += text));
    const ended = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({ code, ...printed })));
    return { child, printed, ended };
  };

  const stay = async (words: string, isReady: (stdout: string) => boolean): Promise<void> => {
    const background = start(words);
    running.push(background);
    const { child, printed } = background;
    await waitFor(() => isReady(printed.stdout) || child.exitCode !== null, READY_MS);
    if (!isReady(printed.stdout)) throw new Error(`dsm ${words}: ${printed.stderr}`);
  };

  const down = async (): Promise<void> => {
    const stopping = running.splice(0);
    for (const { child } of stopping) child.kill('SIGTERM');
    for (const { ended } of stopping) expect(await ended).toMatchObject({ code: 0 });
  };

  const runIn = (home: string, words: string): Promise<Ran> => start(`${words} --home ${home} --json`).ended;

  return {
    dir,
    env,
    path,
    start,
    bytes: (name) => readFileSync(path(name)),
    run: (words) => start(words).ended,
    ask: async (home, words) => onlyObject(words, await runIn(home, words)),
    refuse: async (home, words) => onlyError(words, await runIn(home, words)).code,
    verify: async (file, network = 'net/network.json') =>
      onlyVerdict(file, await start(`verify ${file} --network ${network} --json`).ended),
    upNetwork: () => stay(`network up --nodes 4 --dir net ${times}`, (stdout) => /^ready$/m.test(stdout)),
    downNetwork: down,
    upNodes: async (...nodes) => {
      await Promise.all(
        nodes.map((node) =>
          stay(`directory run --config net/node-${node}/config.json`, (out) => out.includes('answers')),
        ),
      );
    },
    close: async () => {
      await down();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export async function waitFor(holds: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const ONE_LINE = /^\{[^\n]*\}\n$/;

function onlyObject(words: string, ran: Ran): Answer {
  expect({ words, ...ran }).toEqual({ words, code: 0, stdout: expect.stringMatching(ONE_LINE) as string, stderr: '' });
  return JSON.parse(ran.stdout) as Answer;
}

function onlyError(words: string, ran: Ran): { readonly code: string; readonly message: string } {
  expect({ words, ...ran }).toEqual({
    words,
    code: expect.any(Number) as number,
    stdout: '',
    stderr: expect.stringMatching(ONE_LINE) as string,
  });
  expect(ran.code).not.toBe(0);
  return readError(ran.stderr);
}

function readError(stderr: string): { readonly code: string; readonly message: string } {
  const told = JSON.parse(stderr) as { error: { code: string; message: string } };
  expect(told).toEqual({
    error: { code: expect.stringMatching(/^E_[A-Z_]+$/) as string, message: expect.any(String) as string },
  });
  return told.error;
}

function onlyVerdict(file: string, ran: Ran): Answer {
  expect({ file, stdout: ran.stdout }).toEqual({ file, stdout: expect.stringMatching(ONE_LINE) as string });
  const verdict = JSON.parse(ran.stdout) as Answer & { ok: boolean; error?: { code: string; message: string } };
  expect({ file, code: ran.code }).toEqual({ file, code: verdict.ok ? 0 : 1 });
  if (verdict.ok) expect(ran.stderr).toBe('');
  else expect(readError(ran.stderr)).toEqual({ code: verdict.error?.code, message: verdict.error?.message });
  return verdict;
}

/** Makes wallets with quick keys. */
export async function initWallets(world: World, ...names: readonly string[]): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      await world.ask(name, `init --name ${name} --network net/network.json --suite ml-dsa-44`);
      await world.ask(name, `card --out ${name}.card`);
    }),
  );
}

/** Makes each of the pairs contacts of each other, by card files. */
export async function introduce(world: World, ...pairs: readonly (readonly [string, string])[]): Promise<void> {
  for (const [a, b] of pairs) {
    await Promise.all([world.ask(a, `contact add ${b}.card`), world.ask(b, `contact add ${a}.card`)]);
  }
}

/** The balances of one token: `[available, setAside, reserved, provisional]`. */
export async function balanceOf(world: World, home: string, symbol = 'MEAL'): Promise<readonly string[]> {
  const { balances } = (await world.ask(home, 'balance')) as { balances: Record<string, string>[] };
  const row = balances.find((one) => one['symbol'] === symbol);
  return ['available', 'setAside', 'reserved', 'provisional'].map((part) => row?.[part] ?? 'none');
}

/** Bytes of a file at about `count` places all over it, each with one bit turned. */
export function turnBits(bytes: Uint8Array, count: number): readonly (readonly [at: number, turned: Uint8Array])[] {
  const places = Array.from({ length: count }, (_, i) => Math.floor((i * (bytes.length - 1)) / (count - 1)));
  return [...new Set(places)].map((at, i) => {
    const turned = Uint8Array.from(bytes);
    turned[at] = (turned[at] ?? 0) ^ (1 << (i % 8));
    return [at, turned] as const;
  });
}

/**
 * FIL-2: the file verifies, and does not once it is cut, followed by a byte, changed in one bit anywhere, or held
 * against the description of another network. The bits are turned in this process, the rest by `dsm verify`.
 */
export async function expectEveryByteChecked(world: World, file: string, expected: Answer): Promise<void> {
  expect({ file, ...(await world.verify(file)) }).toEqual({ file, ...expected });
  const bytes = world.bytes(file);
  const network = parseNetworkFile(suite, readFileSync(world.path('net/network.json'), 'utf8'));
  if (!network.ok) throw new Error(network.error.message);
  for (const [at, turned] of turnBits(bytes, 40)) {
    expect({ file, at, ok: verifyFile(suite, network.value.network, turned).ok }).toEqual({ file, at, ok: false });
  }
  writeFileSync(world.path(`${file}.cut`), bytes.slice(0, -1));
  writeFileSync(world.path(`${file}.long`), Buffer.concat([bytes, Buffer.of(0)]));
  const { network: another } = makeNetwork(4, { name: 'other' });
  const other = printNetworkFile({ network: another, endpoints: network.value.endpoints });
  writeFileSync(world.path('other.json'), other);
  const [cut, long, elsewhere] = await Promise.all([
    world.verify(`${file}.cut`),
    world.verify(`${file}.long`),
    world.verify(file, 'other.json'),
  ]);
  const refused = (code: unknown) => ({
    ok: false,
    kind: expect.any(String) as string,
    error: { code, message: expect.any(String) as string, rule: expect.stringMatching(/^[A-Z]{3}-\d+$/) as string },
  });
  expect({ file, cut, long, elsewhere }).toEqual({
    file,
    cut: refused('E_ENCODING'),
    long: refused('E_ENCODING'),
    elsewhere: {
      ...refused(expect.stringMatching(/^E_(NETWORK|LINK|SIGNATURE|CERTIFICATE)$/)),
      kind: expected['kind'],
    },
  });
}

/** The row of one payment in a history. */
export async function paymentOf(world: World, home: string, payment: unknown): Promise<Record<string, unknown>> {
  const { payments } = (await world.ask(home, 'history')) as { payments: Record<string, unknown>[] };
  const found = payments.filter((row) => row['payment'] === payment);
  expect(found).toHaveLength(1);
  return found[0] ?? {};
}

export const HEX: string = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
export const TIME: string = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
