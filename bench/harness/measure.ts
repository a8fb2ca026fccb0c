/**
 * Timing: warm up, size a batch by what the warm-up took, then several rounds of which the median counts. The rounds
 * of benches that are compared take turns, so that an hour or a neighbour that slows the machine slows both.
 */
import type { SampledWork, SingleWork, TimedWork } from './bench.ts';

export interface Pace {
  readonly warmUpMs: number;
  /** Aim for one round. */
  readonly roundMs: number;
  readonly rounds: number;
  /** Rounds of slow operations are fewer, so that all of them together take about this long. */
  readonly totalMs: number;
  /** Share of the samples of single operations that are taken. */
  readonly sampleShare: number;
}

export const FEWEST_ROUNDS = 3;

export const USUAL_PACE: Pace = { warmUpMs: 200, roundMs: 80, rounds: 9, totalMs: 2_500, sampleShare: 1 };
/** When the run has taken long already. */
export const HURRIED_PACE: Pace = { warmUpMs: 20, roundMs: 10, rounds: FEWEST_ROUNDS, totalMs: 100, sampleShare: 0.2 };

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The smallest value that at least this share of the values does not exceed; for the median of an even count, between. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * sorted.length;
  const at = (index: number): number => sorted[Math.min(Math.max(index, 0), sorted.length - 1)] as number;
  if (share === 0.5 && sorted.length % 2 === 0) return (at(place - 1) + at(place)) / 2;
  return at(Math.ceil(place) - 1);
}

/** Keeps results in sight, so that no compiler finds that nobody needs them. */
let sink: unknown;
export const lastResult = (): unknown => sink;

/** Milliseconds that `count` calls take. */
async function time(once: () => unknown, count: number): Promise<number> {
  const start = performance.now();
  const first = once();
  sink = first instanceof Promise ? await first : first;
  if (first instanceof Promise) for (let i = 1; i < count; i++) sink = await once();
  else for (let i = 1; i < count; i++) sink = once();
  return performance.now() - start;
}

interface Prepared {
  readonly work: TimedWork;
  readonly batch: number;
  readonly rounds: number;
  /** Milliseconds of one call, one entry a round. */
  readonly callMs: number[];
}

async function warmUp(work: TimedWork, pace: Pace): Promise<Prepared> {
  // The first call makes what is made lazily: it says nothing about the next ones.
  await time(work.once, 1);
  let totalMs = 0;
  let lastMs = 0;
  let count = 1;
  // The size doubles, so that the last and longest stretch runs code that is compiled already.
  for (;;) {
    const tookMs = await time(work.once, count);
    totalMs += tookMs;
    lastMs = Math.max(tookMs, 1e-4) / count;
    if (totalMs >= pace.warmUpMs) break;
    count *= 2;
  }
  const batch = Math.max(1, Math.round(pace.roundMs / lastMs));
  const affordable = Math.floor(pace.totalMs / (batch * lastMs));
  return { work, batch, rounds: Math.min(Math.max(affordable, FEWEST_ROUNDS), pace.rounds), callMs: [] };
}

/** Operations a second of each work, in the same order. */
export async function timeTogether(works: readonly TimedWork[], pace: Pace): Promise<readonly number[]> {
  const prepared: Prepared[] = [];
  for (const work of works) prepared.push(await warmUp(work, pace));
  const rounds = Math.max(...prepared.map((one) => one.rounds));
  for (let round = 0; round < rounds; round++) {
    for (const { work, batch, rounds: own, callMs } of prepared) {
      if (round < own) callMs.push((await time(work.once, batch)) / batch);
    }
  }
  return prepared.map(({ work, callMs }) => (1_000 * (work.units ?? 1)) / median(callMs));
}

/** Units a second. */
export const timeOnce = async ({ once, units }: SingleWork): Promise<number> => (1_000 * units) / (await time(once, 1));

/** A percentile of fewer samples would be the worst of them under another name. */
const P99_SAMPLES = 100;

export interface Sampled {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number | undefined;
}

/** One operation after another, each timed by itself; the first few do not count. */
export async function sample({ once, samples: wanted }: SampledWork, { sampleShare }: Pace): Promise<Sampled> {
  const samples = Math.ceil(wanted * sampleShare);
  for (let i = 0; i < Math.ceil(samples / 20); i++) sink = await once();
  const tookMs: number[] = [];
  for (let i = 0; i < samples; i++) tookMs.push(await time(once, 1));
  const p50 = median(tookMs);
  const p99 = samples >= P99_SAMPLES ? quantile(tookMs, 0.99) : undefined;
  return { perSecond: 1_000 / p50, p50, p99 };
}
