/** The story of `npm start`, and its printed commands once more by hand, one by one. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../support/sources.ts';

interface Line {
  readonly command: string;
  /** Grades named in what the command answered, in order. */
  readonly grades: readonly string[];
  readonly failed: boolean;
}

const PATH = `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`;
const ENV = { ...process.env, PATH, NO_COLOR: '1', DSM_PASSPHRASE: 'correct horse battery staple' };

const gradesIn = (text: string): readonly string[] => text.match(/\b(certified|reserved|provisional)\b/g) ?? [];

/** Commands and what was printed below each. */
function parseStory(output: string): readonly Line[] {
  const blocks = output.split(/^\$ /m).slice(1);
  return blocks.map((block) => {
    const [command = '', ...rest] = block.split('\n');
    const answer = rest.filter((line) => line.startsWith('  ')).join('\n');
    return { command, grades: gradesIn(answer), failed: /^  dsm: E_[A-Z]+ /m.test(answer) };
  });
}

let output = '';
let exitCode: number | null = null;

beforeAll(() => {
  const story = spawnSync(process.execPath, [join(ROOT, 'packages/cli/dist/story/main.js')], {
    env: ENV,
    encoding: 'utf8',
    timeout: 180_000,
  });
  output = story.stdout;
  exitCode = story.status;
}, 200_000);

describe('npm start', () => {
  test('ends well without a terminal', () => {
    expect(exitCode, output).toBe(0);
  });

  test('shows every grade, the fork and its evidence', () => {
    for (const grade of ['certified', 'reserved', 'provisional']) expect(output).toContain(grade);
    expect(parseStory(output).length).toBeGreaterThan(40);
  });
});

describe('the printed commands, one by one', () => {
  const dir = mkdtempSync(join(tmpdir(), 'dsm-story-again-'));
  let network: ChildProcess | undefined;

  afterAll(async () => {
    await stopNetwork();
    rmSync(dir, { recursive: true, force: true });
  });

  async function startNetwork(command: string): Promise<void> {
    const child = spawn('sh', ['-c', `exec ${command.replace(/ &$/, '')}`], { cwd: dir, env: ENV });
    network = child;
    await new Promise<void>((resolve, reject) => {
      let text = '';
      child.stdout.on('data', (part: Buffer) => {
        text += part.toString();
        if (/^ready$/m.test(text)) resolve();
      });
      child.on('exit', (code) => reject(new Error(`network up ended with ${code}: ${text}`)));
    });
  }

  function stopNetwork(): Promise<void> {
    const child = network;
    network = undefined;
    if (!child || child.exitCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      child.on('exit', () => resolve());
      child.kill('SIGTERM');
    });
  }

  test('give the same grades', { timeout: 200_000 }, async () => {
    const lines = parseStory(output);
    expect(lines.length).toBeGreaterThan(0);
    for (const { command, grades, failed } of lines) {
      if (command.endsWith(' &')) {
        await startNetwork(command);
        continue;
      }
      if (command.startsWith('kill ')) {
        await stopNetwork();
        continue;
      }
      const run = spawnSync('sh', ['-c', command], { cwd: dir, env: ENV, encoding: 'utf8', timeout: 60_000 });
      expect({ command, failed: run.status !== 0, grades: gradesIn(`${run.stdout}${run.stderr}`) }, run.stderr).toEqual(
        {
          command,
          failed,
          grades,
        },
      );
    }
  });
});
