/**
 * `npm run kills [-- --count N --seed S --dir D --resume]`: kills real nodes and wallets under load and proves that
 * nothing acknowledged is missing. See docs/simulation/kills.md.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readOptions, readWhole, refuseOptions } from '../options.ts';
import { addViolation, hasProgress } from './diary.ts';
import { runKills, type Report } from './run.ts';

const DEFAULT_COUNT = 25;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const HELP = `npm run kills -- [options]
  --count N    kills in all, those before a --resume included (${DEFAULT_COUNT})
  --seed S     whom to kill, when, and what is paid; a fresh one by default
  --dir D      where everything lies; without it a temporary directory
  --resume     goes on with the run in --dir
  --forgetful  with a store that says "durable" too early: the run must fail
  --json       the summary as one object`;

const values = readOptions(
  {
    count: { type: 'string' },
    seed: { type: 'string' },
    dir: { type: 'string' },
    resume: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    forgetful: { type: 'boolean', default: false },
  },
  HELP,
);

const count = values.count === undefined ? DEFAULT_COUNT : readWhole('count', values.count);
const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : readWhole('seed', values.seed);
const isTemporary = values.dir === undefined;
if (values.resume && isTemporary) refuseOptions('--resume needs --dir');
const dir = isTemporary ? mkdtempSync(join(tmpdir(), 'dsm-kills-')) : resolve(values.dir ?? '');
if (!existsSync(dir)) mkdirSync(dir, { recursive: true });
if (values.resume && !hasProgress(dir)) refuseOptions(`there is no run in ${dir}`);
if (!values.resume && hasProgress(dir)) refuseOptions(`${dir} holds a run; go on with --resume`);

let interrupted = false;
process.on('SIGINT', () => {
  say('stopping in order; what is under way is finished first');
  interrupted = true;
});
process.on('SIGTERM', () => {
  interrupted = true;
});

const beganMs = Date.now();
try {
  const report = await runKills({
    dir,
    seed,
    count,
    isInterrupted: () => interrupted,
    tell: (line) => say(`${((Date.now() - beganMs) / 1000).toFixed(1).padStart(6)} s  ${line}`),
    forgetful: values.forgetful,
  });
  finish(report);
} catch (thrown) {
  const what = `the run broke: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
  addViolation(dir, what);
  process.stdout.write(`violation: ${what}\neverything is kept in ${dir}\nseed ${seed}: the run broke\n`);
  process.exitCode = 1;
}

function finish({ violations, finished, kills, ...rest }: Report): void {
  const killed = kills.node + kills.worker + kills.dsm;
  const seconds = Math.round((Date.now() - beganMs) / 1000);
  const out = values.json ? say : (line: string): void => void process.stdout.write(`${line}\n`);
  for (const violation of violations) out(`violation: ${violation}`);
  if (violations.length > 0) out(`everything is kept in ${dir}`);
  else if (!finished) say(`interrupted; go on with: npm run kills -- --dir ${dir} --resume --count ${count}`);
  else if (isTemporary) rmSync(dir, { recursive: true, force: true });
  if (values.json) process.stdout.write(`${JSON.stringify({ kills, seconds, ...rest, violations, finished })}\n`);
  else {
    process.stdout.write(
      `${kills.node} kills of nodes, ${kills.worker} of workers, ${kills.dsm} of dsm processes in ${seconds} s; ` +
        `${rest.interrupted} interrupted a command, ${rest.unsigned} an intent before its signature, ` +
        `${rest.unsettled} a state before it was final\n` +
        `${rest.answers} answers; ${rest.places} places of states and ${rest.heads} tree heads seen; ` +
        `${rest.cheats} double spends, ${rest.rounds} slots decided by rounds\n` +
        `seed ${rest.seed}: ${killed} kills, ${rest.facts} acknowledged facts checked (${rest.checks} checks), ` +
        `${violations.length} violations\n`,
    );
  }
  process.exitCode = violations.length > 0 ? 1 : finished ? 0 : 130;
}
