import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const LAUNCHER = fileURLToPath(new URL('../bin/dsm', import.meta.url));
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A tree like an installed workspace: `root/packages/cli/{bin,dist}` and `root/node_modules/.bin`. */
let scratch: string;
let root: string;
let launcher: string;
let links: string;

const NODE_STUB = '#!/bin/sh\necho "pinned $1"\n';
const PRINTS = `console.log(JSON.stringify({ node: process.execPath, args: process.argv.slice(2) }));`;

function pinNode(): void {
  symlinkSync(process.execPath, join(links, 'node'));
}

function writeMain(code: string): void {
  writeFileSync(join(root, 'packages/cli/dist/main.js'), code);
}

const run = (command: string, args: readonly string[] = [], path = '/usr/bin:/bin'): SpawnSyncReturns<string> =>
  spawnSync(command, [...args], { encoding: 'utf8', cwd: scratch, env: { PATH: path } });

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'dsm launcher '));
  root = join(scratch, 'a root');
  links = join(root, 'node_modules/.bin');
  launcher = join(root, 'packages/cli/bin/dsm');
  for (const folder of [links, join(root, 'packages/cli/bin'), join(root, 'packages/cli/dist')]) {
    mkdirSync(folder, { recursive: true });
  }
  copyFileSync(LAUNCHER, launcher);
  writeMain(PRINTS);
});

afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe('the dsm launcher', () => {
  test('runs dist/main.js on the nearest node_modules/.bin/node and passes its arguments unchanged', () => {
    pinNode();
    const args = ['pay', 'a b', '$HOME', '', '--json', "it's"];
    const answer = run(launcher, args);
    expect(JSON.parse(answer.stdout)).toEqual({ node: process.execPath, args });
  });

  test('prefers the pinned node over the one on the PATH', () => {
    writeFileSync(join(links, 'node'), NODE_STUB);
    chmodSync(join(links, 'node'), 0o755);
    const answer = run(launcher, [], `${join(process.execPath, '..')}:/usr/bin:/bin`);
    expect(answer.stdout).toMatch(/^pinned .*dist\/main\.js\n$/);
  });

  test('works through relative, absolute and chained links', () => {
    pinNode();
    symlinkSync('../../packages/cli/bin/dsm', join(links, 'dsm'));
    symlinkSync(join(links, 'dsm'), join(scratch, 'first'));
    symlinkSync('first', join(scratch, 'second'));
    for (const command of [join(links, 'dsm'), join(scratch, 'first'), './second', './a root/node_modules/.bin/dsm']) {
      const answer = run(command, ['id']);
      expect(JSON.parse(answer.stdout), command).toEqual({ node: process.execPath, args: ['id'] });
    }
  });

  test('works when found on the PATH', () => {
    pinNode();
    symlinkSync('../../packages/cli/bin/dsm', join(links, 'dsm'));
    const answer = run('/bin/sh', ['-c', 'dsm id'], `${links}:/usr/bin:/bin`);
    expect(JSON.parse(answer.stdout)).toMatchObject({ args: ['id'] });
  });

  test('falls back to the node of the PATH', () => {
    const folder = join(scratch, 'path');
    mkdirSync(folder);
    symlinkSync(process.execPath, join(folder, 'node'));
    const answer = run(launcher, ['id'], `${folder}:/usr/bin:/bin`);
    expect(JSON.parse(answer.stdout)).toMatchObject({ args: ['id'] });
  });

  test('says so when there is no node at all', () => {
    const folder = join(scratch, 'path');
    mkdirSync(folder);
    for (const tool of ['dirname', 'readlink']) symlinkSync(join('/usr/bin', tool), join(folder, tool));
    const answer = run(launcher, ['id'], folder);
    expect(answer.status).toBe(127);
    expect(answer.stderr).toMatch(/Node 24 or newer is needed/);
  });

  test('passes the exit code through', () => {
    pinNode();
    writeMain('process.exitCode = 7;');
    expect(run(launcher).status).toBe(7);
  });

  test('is the very process that runs, so that signals arrive', async () => {
    pinNode();
    writeMain(`process.on('SIGTERM', () => process.exit(9)); setInterval(() => {}, 1000); console.log(process.pid);`);
    const child = spawn(launcher, { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: '/usr/bin:/bin' } });
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const pid = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))));
    expect(Number(pid)).toBe(child.pid);
    child.kill('SIGTERM');
    expect(await exit).toBe(9);
  });
});

describe('main', () => {
  const pretend = (version: string): string =>
    `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`;

  test('refuses a Node before 24 in words', () => {
    const answer = spawnSync(process.execPath, ['--import', pretend('20.20.2'), MAIN, 'id'], { encoding: 'utf8' });
    expect(answer.status).toBe(1);
    expect(answer.stdout).toBe('');
    expect(answer.stderr).toBe('dsm: Node 24 or newer is needed, this is 20.20.2\n');
  });

  test('refuses a Node before 24 as one JSON line with --json', () => {
    const answer = spawnSync(process.execPath, ['--import', pretend('22.1.0'), MAIN, 'id', '--json'], {
      encoding: 'utf8',
    });
    expect(answer.status).toBe(1);
    expect(answer.stdout).toBe('');
    expect(JSON.parse(answer.stderr)).toEqual({
      error: { code: 'E_USAGE', message: 'Node 24 or newer is needed, this is 22.1.0' },
    });
  });
});
