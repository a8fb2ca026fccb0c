/** One exploration or one mutant, timed and told. */
import type { Mutant } from './mutants.ts';
import type { Property } from './properties.ts';
import { PROTOCOL } from './rules.ts';
import { search, type Search } from './search.ts';
import type { Slot } from './slots.ts';
import { tell, type Story } from './story.ts';

export interface RunOptions {
  /** Rounds 0 and 1 only, for the configurations; mutants are few states anyway. */
  readonly quick: boolean;
  readonly plain?: boolean;
  readonly limit: number;
  readonly progress?: (line: string) => void;
}

export interface Explored {
  readonly slot: Slot;
  readonly states: number;
  readonly steps: number;
  readonly depth: number;
  readonly complete: boolean;
  readonly ms: number;
  readonly broken: Property | null;
  readonly story: Story | null;
}

export interface Tried {
  readonly mutant: Mutant;
  readonly states: number;
  readonly ms: number;
  readonly story: Story | null;
}

const bounded = (slot: Slot, quick: boolean): Slot =>
  quick && slot.lastRound === 2 ? { ...slot, lastRound: 1 } : slot;

function timed(name: string, run: (progress: (states: number, depth: number) => void) => Search, options: RunOptions) {
  const started = performance.now();
  let told = started;
  const found = run((states, depth) => {
    const now = performance.now();
    if (now - told < 5_000) return;
    told = now;
    options.progress?.(`${name}: ${states} states, ${depth} steps deep, ${Math.round((now - started) / 1000)} s`);
  });
  const ms = performance.now() - started;
  const { states, broken } = found;
  options.progress?.(`${name}: ${broken ?? 'holds'}, ${states} states, ${(ms / 1000).toFixed(1)} s`);
  return { found, ms };
}

export function explore(slot: Slot, options: RunOptions): Explored {
  const { found, ms } = timed(
    slot.name,
    (progress) =>
      search({ ...PROTOCOL, ...slot.rules }, bounded(slot, options.quick), {
        limit: options.limit,
        plain: options.plain ?? false,
        progress,
      }),
    options,
  );
  const { states, steps, depth, complete, broken } = found;
  return { slot, states, steps, depth, complete, ms, broken, story: broken ? tell(found) : null };
}

export function tryMutant(mutant: Mutant, options: RunOptions): Tried {
  const { found, ms } = timed(
    mutant.name,
    (progress) =>
      search(mutant.rules, bounded(mutant.slot, options.quick), { limit: options.limit, only: mutant.only, progress }),
    options,
  );
  return { mutant, states: found.states, ms, story: found.broken ? tell(found) : null };
}
