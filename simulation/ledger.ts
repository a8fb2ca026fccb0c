/** The ledger: a line of JSON for every command that ran worlds or workloads. Not kept in the repository. */
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';

export const LEDGER: string = new URL('ledger.jsonl', import.meta.url).pathname;

export interface LedgerEntry {
  readonly command: 'simulate' | 'bugs' | 'crashes' | 'coverage';
  /** First and last seed, or the names of what was run. */
  readonly seeds: readonly (number | string)[];
  readonly events: number;
  /** How often each kind was injected. */
  readonly faults: Readonly<Record<string, number>>;
  /** How often checks have looked. */
  readonly checks: number;
  readonly violations: readonly object[];
}

function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'unknown';
  }
}

/** Adds when it was and on which commit; answers the line. */
export function appendLedger<T extends LedgerEntry>(entry: T, file: string = LEDGER): T {
  const whole = { at: new Date().toISOString(), commit: commitOf(), ...entry };
  appendFileSync(file, `${JSON.stringify(whole)}\n`);
  return whole;
}

export function addCounts(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count;
}

export const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
