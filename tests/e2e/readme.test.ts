/** What the README shows is what happens. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { STORY } from '../../packages/cli/src/story/steps.ts';
import { ROOT } from '../support/sources.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const ENV = {
  ...process.env,
  PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
  NO_COLOR: '1',
  DSM_PASSPHRASE: 'something long',
};

const fences = (language: string): readonly string[] =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, body]) => body ?? '');

describe('the README', () => {
  test('shows lines of the story only', () => {
    const shown = fences('text').flatMap((block) => block.match(/^\$ .*$/gm) ?? []);
    const lines = new Set(STORY.flatMap(({ steps }) => steps.map(({ line }) => `$ ${line}`)));
    expect(shown.length).toBeGreaterThan(3);
    for (const line of shown) expect(lines).toContain(line);
  });

  test('names folders and pages that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path ?? '');
    expect(links.length).toBeGreaterThan(3);
    for (const path of links) expect({ path, exists: existsSync(join(ROOT, path)) }).toEqual({ path, exists: true });
  });

  test('its example ends in a claimed payment', { timeout: 120_000 }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'dsm-readme-'));
    const example = fences('sh').find((block) => block.includes('network up')) ?? '';
    const up = spawn('sh', ['-c', 'exec dsm network up --nodes 4 --dir net'], { cwd: dir, env: ENV });
    try {
      await new Promise<void>((resolve, reject) => {
        up.stdout.on('data', (part: Buffer) => part.toString().includes('ready') && resolve());
        up.on('exit', (code) => reject(new Error(`network up ended with ${code}`)));
      });
      const rest = example.split('\n').filter((line) => !line.includes('network up'));
      const run = spawnSync('sh', ['-e', '-c', rest.join('\n')], { cwd: dir, env: ENV, encoding: 'utf8' });
      expect(run.status, run.stderr).toBe(0);
      expect(run.stdout).toContain('claimed 7.50 MEAL');
    } finally {
      await new Promise((resolve) => {
        up.removeAllListeners('exit').on('exit', resolve);
        up.kill('SIGTERM');
      });
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
