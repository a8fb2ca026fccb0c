/**
 * The TypeScript of a document is type-checked and run as it stands. A fence that begins with a comment that is the
 * name of a file is that file; the others follow one another in one program, whose output is what the fences of text
 * say.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ROOT } from './support/sources.ts';
import { readText } from './support/spec.ts';

const DOCUMENTS = ['docs/machines.md'] as const;

interface Program {
  readonly files: ReadonlyMap<string, string>;
  readonly output: string;
}

const MAIN = 'main.ts';

function readProgram(text: string): Program {
  const files = new Map<string, string>();
  let output = '';
  for (const [, language, body = ''] of text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)) {
    if (language === 'text') output += body;
    if (language !== 'ts') continue;
    const name = body.match(/^\/\/ ([\w-]+\.ts)\n/)?.[1] ?? MAIN;
    files.set(name, `${files.get(name) ?? ''}${body}`);
  }
  return { files, output };
}

const CONFIG = {
  extends: join(ROOT, 'tsconfig.base.json'),
  compilerOptions: {
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
    noEmit: true,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: false,
  },
  include: ['*.ts'],
};

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function writeProgram({ files }: Program): string {
  const folder = mkdtempSync(join(tmpdir(), 'dsm-docs-'));
  folders.push(folder);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG));
  for (const [name, body] of files) writeFileSync(join(folder, name), body);
  return folder;
}

const run = (folder: string, command: string, ...args: readonly string[]) =>
  spawnSync(command, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } });

describe.each(DOCUMENTS)('%s', (document) => {
  const program = readProgram(readText(document).text);
  const folder = writeProgram(program);

  test('shows a program and what it prints', () => {
    expect(program.files.get(MAIN)).toBeDefined();
    expect(program.output).not.toBe('');
  });

  test('has the types that it says', () => {
    const { stdout, status } = run(folder, join(ROOT, 'node_modules/.bin/tsc'), '-p', '.', '--pretty', 'false');
    expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
  });

  test('prints what it says', () => {
    const { stdout, stderr, status } = run(folder, process.execPath, MAIN);
    expect({ stdout, status, stderr: status === 0 ? '' : stderr }).toEqual({
      stdout: program.output,
      status: 0,
      stderr: '',
    });
  });
});

test('fences are read by their language and their first line', () => {
  const text =
    'a\n```ts\n// x.ts\n1;\n```\n```ts\n2;\n```\n```sh\n3\n```\n```text\n4\n```\n```ts\n5;\n```\n```text\n6\n```\n';
  expect(readProgram(text)).toEqual({
    files: new Map([
      ['x.ts', '// x.ts\n1;\n'],
      ['main.ts', '2;\n5;\n'],
    ]),
    output: '4\n6\n',
  });
});
