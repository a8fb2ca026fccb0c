/**
 * A failing run made short: decisions of its plan are left out, half of them, a quarter, one by one, as long as the same
 * check still complains (delta debugging, Zeller and Hildebrandt 2002).
 */
import { runWorld, type RunOptions, type RunReport } from './run.ts';

export interface Shrunk {
  readonly report: RunReport;
  /** Decisions that are left. */
  readonly decisions: readonly number[];
  readonly tries: number;
}

export interface ShrinkOptions {
  /** Real milliseconds. */
  readonly budgetMs: number;
}

/** `failed` must be the report of `options`, with a violation. */
export async function shrinkRun(options: RunOptions, failed: RunReport, { budgetMs }: ShrinkOptions): Promise<Shrunk> {
  const check = failed.violation?.check;
  const deadline = performance.now() + budgetMs;
  let decisions = Array.from({ length: failed.decisions }, (_, i) => i).filter((id) => options.keep?.(id) ?? true);
  let report = failed;
  let tries = 0;

  /** The run with these decisions alone, if the same check complains. The plan ends where it ended before. */
  const attempt = async (kept: readonly number[]): Promise<boolean> => {
    tries += 1;
    const set = new Set(kept);
    const result = await runWorld({
      ...options,
      keep: (id) => set.has(id),
      untilMs: failed.endedMs,
      events: Number.POSITIVE_INFINITY,
    });
    if (result.violation?.check !== check) return false;
    decisions = [...kept];
    report = result;
    return true;
  };

  if (!(await attempt(decisions))) return { report: failed, decisions, tries };
  for (let parts = 2; decisions.length > 1 && performance.now() < deadline;) {
    const size = Math.ceil(decisions.length / parts);
    let isSmaller = false;
    for (let at = 0; at < decisions.length && performance.now() < deadline; at += size) {
      const rest = [...decisions.slice(0, at), ...decisions.slice(at + size)];
      if (rest.length > 0 && (await attempt(rest))) {
        isSmaller = true;
        at -= size;
      }
    }
    if (isSmaller) parts = Math.max(2, parts - 1);
    else if (size === 1) break;
    else parts = Math.min(decisions.length, parts * 2);
  }
  return { report, decisions, tries };
}
