/** The examples of the library and its tutorial run as they are shown, against real nodes. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../support/sources.ts';
import { openWorld, type World } from './support.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const fences = (text: string, language: string): readonly string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, body]) => body ?? '');

const EXAMPLES = ['pay', 'request', 'watch'] as const;
const MOST_LINES = 20;

let world: World;
beforeAll(async () => {
  world = openWorld();
  await world.upNetwork();
  symlinkSync(join(ROOT, 'node_modules'), join(world.dir, 'node_modules'));
});
afterAll(() => world.close());

/** What a program prints; its own process, in the directory of the world. */
const run = (file: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file], { cwd: world.dir, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (part: Buffer) => (out += part.toString()));
    child.stderr.on('data', (part: Buffer) => (err += part.toString()));
    child.once('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`${file} ended with ${code}: ${err}`)),
    );
  });

describe('the examples', () => {
  test('are what the README shows, in twenty lines each', () => {
    const shown = fences(read('README.md'), 'ts');
    for (const name of EXAMPLES) {
      const text = read(`examples/sdk/${name}.ts`);
      expect(shown, name).toContain(text);
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('//'));
      expect({ name, fits: lines.length <= MOST_LINES }).toEqual({ name, fits: true });
    }
  });

  test('pay, request and watch end in certified money', async () => {
    const printed: string[] = [];
    for (const name of EXAMPLES) printed.push(await run(join(ROOT, `examples/sdk/${name}.ts`)));
    expect(printed).toEqual([
      '7.50 MEAL from alice: reserved\n',
      '2.50 MEAL for coffee: reserved\n',
      'claimed 10.00 MEAL\n410.00 MEAL to spend\n',
    ]);
  });
});

const CONFIG = {
  extends: join(ROOT, 'tsconfig.base.json'),
  compilerOptions: { types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')], noEmit: true },
  files: ['tutorial.ts'],
};

test('the tutorial of the library does what it says', async () => {
  const program = join(world.dir, 'tutorial.ts');
  writeFileSync(program, fences(read('docs/sdk/README.md'), 'ts').join('\n'));
  writeFileSync(join(world.dir, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(world.dir, 'tsconfig.json'), JSON.stringify(CONFIG));
  const checked = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', world.dir], { encoding: 'utf8' });
  expect({ status: checked.status, told: checked.stdout }).toEqual({ status: 0, told: '' });
  expect(await run(program)).toBe(
    [
      '24 words to write down',
      '50.00 LUNCH to bob: certified',
      '7.50 LUNCH for table 4: reserved',
      '7.50 LUNCH, reserved until true',
      '957.50 LUNCH to spend',
      '1 visit, agreed in 1 step',
      'E_PASSPHRASE',
      '',
    ].join('\n'),
  );
});
