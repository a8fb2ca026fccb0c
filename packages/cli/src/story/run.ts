/** Runs the lines of the story one after the other, each `dsm` as its own process, and tells what came of it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import type { Chapter, Step } from './steps.ts';

export interface Stage {
  /** Directory in which the story plays. */
  readonly dir: string;
  /** The launcher behind the word `dsm`. */
  readonly dsm: string;
  readonly print: (line: string) => void;
}

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Background processes that the story started, newest last. */
export type Jobs = ChildProcess[];

const READY_MS = 30_000;

const environment = () => ({ ...process.env, DSM_PASSPHRASE: 'correct horse battery staple' });

export async function playStory(stage: Stage, chapters: readonly Chapter[], jobs: Jobs): Promise<boolean> {
  for (const [i, chapter] of chapters.entries()) {
    stage.print('');
    stage.print(styleText('bold', `${i + 1}. ${chapter.title}`));
    for (const step of chapter.steps) {
      if (!(await playStep(stage, step, jobs))) return false;
    }
  }
  return true;
}

async function playStep(stage: Stage, step: Step, jobs: Jobs): Promise<boolean> {
  if (step.note) stage.print(styleText('dim', `# ${step.note}`));
  stage.print(`$ ${step.line}`);
  const startMs = performance.now();
  const outcome = await runLine(stage, step.line, jobs);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(2);
  for (const line of `${outcome.stdout}${outcome.stderr}`.split('\n').filter((text) => text.trim() !== '')) {
    stage.print(`  ${line}`);
  }
  stage.print(styleText('dim', `  (${[`${seconds} s`, ...bytesWritten(stage, step)].join(', ')})`));
  return isExpected(stage, step, outcome);
}

function isExpected(stage: Stage, step: Step, { exitCode, stdout, stderr }: Outcome): boolean {
  if (step.refused !== undefined) {
    if (exitCode !== 0 && stderr.includes(step.refused)) return true;
    stage.print(styleText('red', `  expected a refusal with ${step.refused}`));
    return false;
  }
  if (exitCode !== 0) {
    stage.print(styleText('red', `  exit code ${exitCode}`));
    return false;
  }
  if (step.grade !== undefined && !stdout.includes(step.grade)) {
    stage.print(styleText('red', `  expected the grade ${step.grade}`));
    return false;
  }
  return true;
}

function bytesWritten(stage: Stage, step: Step): readonly string[] {
  const words = step.line.split(' ');
  const out = words[words.indexOf('--out') + 1];
  if (!words.includes('--out') || out === undefined || step.refused !== undefined) return [];
  const size = statSync(join(stage.dir, out), { throwIfNoEntry: false })?.size;
  return size === undefined ? [] : [`${size} bytes`];
}

async function runLine(stage: Stage, line: string, jobs: Jobs): Promise<Outcome> {
  const words = line.split(' ');
  if (words[0] === 'cp') {
    cpSync(join(stage.dir, words[2] as string), join(stage.dir, words[3] as string), { recursive: true });
    return { exitCode: 0, stdout: '', stderr: '' };
  }
  if (words[0] === 'kill') return endJob(jobs);
  return line.endsWith(' &') ? startJob(stage, words.slice(1, -1), jobs) : runToEnd(stage, words.slice(1));
}

function runToEnd(stage: Stage, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(stage.dsm, args, { cwd: stage.dir, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ exitCode: code ?? 1, stdout, stderr }));
  });
}

/** Starts a process in the background and waits for its word `ready`. */
function startJob(stage: Stage, args: readonly string[], jobs: Jobs): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(stage.dsm, args, { cwd: stage.dir, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    jobs.push(child);
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => reject(new Error(`not ready after ${READY_MS} ms: ${stderr}`)), READY_MS);
    const settle = (exitCode: number): void => {
      clearTimeout(timer);
      resolve({ exitCode, stdout, stderr });
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (/^ready$/m.test(stdout)) settle(0);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => settle(code ?? 1));
  });
}

/** Ends the newest background process and waits until it is gone. */
export function endJob(jobs: Jobs): Promise<Outcome> {
  const child = jobs.pop();
  const done: Outcome = { exitCode: 0, stdout: '', stderr: '' };
  if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve(done);
  return new Promise((resolve) => {
    child.on('close', () => resolve(done));
    child.kill('SIGTERM');
  });
}
