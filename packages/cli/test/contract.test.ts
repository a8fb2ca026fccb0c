/** What scripts rely on, whatever the command. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { StoreError } from '@dsm/core';
import { SECTIONS } from '../src/commands/index.ts';
import { describeThrown } from '../src/run.ts';
import { parseCommandLine } from '../src/program.ts';
import { onlyError, onlyObject, run } from './support/call.ts';
import { runToEnd, start } from './support/processes.ts';

const specs = SECTIONS.flatMap((section) => section.specs);
const nameOf = (usage: string): string[] => usage.split(' ').filter((word) => !/^[<[]/.test(word));

let dir: string;
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'dsm-contract-'))));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('CLI-1: the commands', () => {
  test('are those of the contract, and keep', () => {
    expect(specs.map(({ usage }) => usage).toSorted()).toEqual(
      [
        'accept <file>',
        'ack <file>',
        'anchor <hash>',
        'backup',
        'balance',
        'cancel <payment>',
        'card',
        'chain get <n>',
        'chain show',
        'claim',
        'close <name>',
        'commit <file>',
        'contact add <who>',
        'contact list',
        'directory run',
        'evidence export <id>',
        'evidence import <file>',
        'evidence list',
        'evidence verify <file>',
        'export',
        'history',
        'id',
        'init',
        'keep',
        'listen',
        'network up',
        'offer <name> <amount> <symbol>',
        'pay <name> <amount> <symbol>',
        'policy set',
        'policy show',
        'receive <file>',
        'refund <payment> [amount]',
        'release <name>',
        'request <name> <amount> <symbol>',
        'reserve <name> <amount> <symbol>',
        'restore <file>',
        'submit <file>',
        'sync',
        'token approve <file>',
        'token burn <symbol> <amount>',
        'token create <symbol>',
        'token mint <symbol> <amount>',
        'token propose <symbol> <amount>',
        'unlock [chain]',
        'verify <file>',
      ].toSorted(),
    );
  });

  test.each(specs.map(({ usage }) => usage))('%s: help has one sentence and an example that parses', async (usage) => {
    const spec = specs.find((one) => one.usage === usage);
    const { help } = onlyObject(await run([...nameOf(usage), '--help', '--json']));
    expect(help).toContain('--home <dir>');
    expect(spec?.summary).toMatch(/^[A-Z].*\.$/);
    expect(String(help).replaceAll(/\s+/g, ' ')).toContain(spec?.summary);
    const [dsm, ...words] = (spec?.example ?? '').split(' ');
    expect(dsm).toBe('dsm');
    expect(parseCommandLine(words, SECTIONS)).toMatchObject({ kind: 'command', selection: { spec: { usage } } });
  });

  test.each(specs.map(({ usage }) => usage))('%s: an unknown option is E_USAGE with exit 2', async (usage) => {
    const words = usage.split(' ').map((word) => word.replaceAll(/[<>[\]]/g, ''));
    const ran = await run([...words, '--bogus', '--json']);
    expect(ran.code).toBe(2);
    expect(onlyError(ran).code).toBe('E_USAGE');
  });
});

describe('E_USAGE', () => {
  test.each([
    [[], 'a command is missing'],
    [['network'], 'a command is missing'],
    [['bogus'], "unknown command 'bogus'"],
    [['blance'], "unknown command 'blance' (Did you mean balance?)"],
    [['pay', 'till'], "missing required argument 'amount'"],
    [['pay', 'till', '1', 'MEAL', 'more'], 'too many arguments'],
    [['card'], "required option '--out <file>' not specified"],
    [['card', '--out'], "option '--out <file>' argument missing"],
    [['verify', 'f'], "required option '--network <file>' not specified"],
  ])('%j: %s', async (words, message) => {
    const ran = await run([...words, '--json']);
    expect(ran.code).toBe(2);
    expect(onlyError(ran)).toMatchObject({ code: 'E_USAGE', message: expect.stringContaining(message) as string });
    const told = await run(words);
    expect(told).toMatchObject({ code: 2, stdout: '' });
    expect(told.stderr).toContain('E_USAGE');
  });
});

describe('help and version', () => {
  test('are one object with --json, text without', async () => {
    expect(onlyObject(await run(['--version', '--json']))).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
    });
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(onlyObject(await run(['--help', '--json']))['help']).toContain('DSM_PASSPHRASE');
    expect(onlyObject(await run(['help', 'pay', '--json']))['help']).toContain('dsm pay till 10 MEAL');
    expect(await run(['--help'])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('verify', () => {
  const answerOf = async (...args: string[]) => {
    const ran = await run(['verify', ...args, '--json']);
    expect(ran.code).toBe(1);
    const answer = JSON.parse(ran.stdout) as {
      ok: boolean;
      kind: string;
      error: { code: string; message: string; rule: string };
    };
    const { code, message } = answer.error;
    expect(JSON.parse(ran.stderr)).toEqual({ error: { code, message } });
    return answer;
  };

  test('always answers on stdout, even when it can read nothing', async () => {
    const junk = join(dir, 'junk');
    writeFileSync(junk, 'junk');
    const none = join(dir, 'none');
    expect(await answerOf(none, '--network', none)).toMatchObject({
      ok: false,
      kind: 'unknown',
      error: { code: 'E_NOT_FOUND' },
    });
    expect(await answerOf(junk, '--network', junk)).toMatchObject({
      ok: false,
      kind: 'unknown',
      error: { code: 'E_FORMAT' },
    });
    expect(await answerOf(dir, '--network', dir)).toMatchObject({
      ok: false,
      error: { code: 'E_NOT_FOUND', rule: 'CLI-4' },
    });
  });
});

describe('a process of its own', () => {
  test('prints one object, and exits as it says', async () => {
    const ended = await runToEnd(['--version', '--json']);
    expect(ended).toMatchObject({ exit: 0, stderr: '' });
    expect(JSON.parse(ended.stdout)).toHaveProperty('version');
    expect((await runToEnd(['bogus', '--json'])).exit).toBe(2);
  });

  test('a reader that goes away is no failure', async () => {
    const { child, exit, printed } = start(['--help']);
    child.stdout?.destroy();
    expect(await exit).toBe(0);
    expect(printed.stderr).toBe('');
  });
});

describe('a defect', () => {
  const thrown = new Error('broken\non purpose');

  test('is E_INTERNAL in the same form, in one line', () => {
    const told: string[] = [];
    const failure = describeThrown(thrown, { stderr: (text) => told.push(text) });
    expect(failure).toEqual({ code: 'E_INTERNAL', message: 'a defect in this software: broken on purpose' });
    expect(told).toEqual([]);
  });

  test('shows its stack when DSM_DEBUG asks for it', () => {
    const told: string[] = [];
    vi.stubEnv('DSM_DEBUG', '1');
    describeThrown(thrown, { stderr: (text) => told.push(text) });
    vi.unstubAllEnvs();
    expect(told.join('')).toContain('contract.test.ts');
  });

  test('of the store keeps its own code', () => {
    const failure = { code: 'E_DAMAGED', rule: 'STO-5', message: 'torn' } as const;
    expect(describeThrown(new StoreError(failure), { stderr: () => undefined })).toEqual(failure);
  });
});
