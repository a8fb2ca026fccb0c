/**
 * What a run remembers in its directory, so that it can go on after an interruption: `state.json` (seed and counts),
 * `diary.jsonl`, one line for each acknowledged fact, place of a state and tree head, written when it is learnt, and
 * `violations.jsonl`, one line for each violation, written when it is found: a resumed run has them too.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fact } from './facts.ts';

export interface Progress {
  readonly version: 1;
  readonly seed: number;
  readonly homes: readonly string[];
  /** Kills of nodes, of workers, of `dsm` processes. */
  kills: { node: number; worker: number; dsm: number };
  /** Kills that came while a command was running. */
  interrupted: number;
  /** Homes that a kill left with a state whose intent was written and whose signature was not. */
  unsigned: number;
  /** Homes that a kill left with a state that was signed and not final. */
  unsettled: number;
  /** Commands answered. */
  answers: number;
  /** Facts looked at, after each kill and in the end. */
  checks: number;
  /** Copied wallets that have paid twice, and the payments. */
  readonly cheats: Cheat[];
  /** Number of the next payment. */
  orders: number;
}

export interface Cheat {
  readonly name: string;
  readonly account: string;
  /** Ids of the payments, of which at most one becomes final. */
  readonly payments: string[];
}

export type Entry =
  | { readonly is: 'fact'; readonly fact: Fact }
  | { readonly is: 'place'; readonly key: string; readonly hash: string }
  | { readonly is: 'head'; readonly node: number; readonly size: number; readonly root: string }
  | { readonly is: 'begun'; readonly exchange: Begun }
  | { readonly is: 'over'; readonly order: string };

/** An exchange by files. Every turn may be repeated, so one that was cut off goes on by being called again. */
export interface Begun {
  readonly order: string;
  readonly payer: string;
  readonly payee: string;
  readonly kind: 'reserved' | 'provisional' | 'request';
  readonly amount: string;
}

export const newProgress = (seed: number, homes: readonly string[]): Progress => ({
  version: 1,
  seed,
  homes,
  kills: { node: 0, worker: 0, dsm: 0 },
  interrupted: 0,
  unsigned: 0,
  unsettled: 0,
  answers: 0,
  checks: 0,
  cheats: [],
  orders: 0,
});

export const countKills = ({ kills }: Progress): number => kills.node + kills.worker + kills.dsm;

const statePath = (dir: string): string => join(dir, 'state.json');
const diaryPath = (dir: string): string => join(dir, 'diary.jsonl');

export const hasProgress = (dir: string): boolean => existsSync(statePath(dir));

export const readProgress = (dir: string): Progress => JSON.parse(readFileSync(statePath(dir), 'utf8')) as Progress;

export function writeProgress(dir: string, progress: Progress): void {
  writeFileSync(`${statePath(dir)}.draft`, `${JSON.stringify(progress, null, 2)}\n`);
  renameSync(`${statePath(dir)}.draft`, statePath(dir));
}

export const addEntry = (dir: string, entry: Entry): void =>
  appendFileSync(diaryPath(dir), `${JSON.stringify(entry)}\n`);

/** Every entry, oldest first. The last line may have been cut off. */
export function readEntries(dir: string): readonly Entry[] {
  if (!existsSync(diaryPath(dir))) return [];
  const lines = readFileSync(diaryPath(dir), 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}

const violationsPath = (dir: string): string => join(dir, 'violations.jsonl');

/** Written before anything else happens, so that a report outlives whatever becomes of this process. */
export const addViolation = (dir: string, what: string): void =>
  appendFileSync(violationsPath(dir), `${JSON.stringify({ at: new Date().toISOString(), what })}\n`);

/** Those of earlier parts of the run, oldest first. */
export function readViolations(dir: string): readonly string[] {
  if (!existsSync(violationsPath(dir))) return [];
  const lines = readFileSync(violationsPath(dir), 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { readonly what: string }).what);
}

/** Exchanges that a run which was itself killed has left in the middle. */
export function listBegun(dir: string): readonly Begun[] {
  const begun = new Map<string, Begun>();
  for (const entry of readEntries(dir)) {
    if (entry.is === 'begun') begun.set(entry.exchange.order, entry.exchange);
    else if (entry.is === 'over') begun.delete(entry.order);
  }
  return [...begun.values()];
}
